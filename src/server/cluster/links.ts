/** The links to other nodes, as seen by the parts that send messages. */
import type { NodeMessage } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';

export interface Links {
  /** The nodes that can be reached now. */
  readonly open: readonly NodeId[];
  /** The nodes that get what is sent to them: now, or once the bus is back. What all nodes are to know goes to these. */
  readonly inUse: readonly NodeId[];
  isOpen(node: NodeId): boolean;
  /** Sends a message that is numbered and kept until it is acked; opens the link if there is none. */
  send(node: NodeId, message: NodeMessage): void;
}

/** For a server that runs alone. */
export const noLinks: Links = { open: [], inUse: [], isOpen: () => false, send() {} };
