/** What a node tells the other nodes, where none of it arrives. */
import type { NodeMessage } from '../../../src/protocol/cluster/index.ts';
import type { Cluster } from '../../../src/server/cluster/cluster.ts';
import type { Links } from '../../../src/server/cluster/links.ts';
import type { NodeId } from '../../../src/server/node-id.ts';

export interface Sent {
  readonly node: NodeId;
  readonly message: NodeMessage;
}

/** Links that only record what is sent to them. */
export function linksTo(...nodes: readonly NodeId[]): { readonly links: Links; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const links: Links = {
    open: nodes,
    inUse: nodes,
    isOpen: () => true,
    send: (node, message) => void sent.push({ node, message }),
  };
  return { links, sent };
}

/** What a whole node tells the others from now on. */
export function saidBy({ links }: Cluster): Sent[] {
  const sent: Sent[] = [];
  links.send = (node: NodeId, message: NodeMessage) => void sent.push({ node, message });
  return sent;
}
