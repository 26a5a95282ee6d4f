/** The way to other nodes, as those see it who have something to say to them. */
import type { NodeMessage } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';

export interface Links {
  /** Nodes that can be reached now. */
  readonly open: readonly NodeId[];
  isOpen(node: NodeId): boolean;
  /** Numbered and kept until it is acked; opens the link, when there is none. */
  send(node: NodeId, message: NodeMessage): void;
}

/** Those of a server that is alone. */
export const noLinks: Links = { open: [], isOpen: () => false, send() {} };
