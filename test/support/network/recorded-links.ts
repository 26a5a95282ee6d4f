/** Links to other nodes that only record what is sent to them. */
import type { NodeMessage } from '../../../src/protocol/cluster/index.ts';
import type { Links } from '../../../src/server/cluster/links.ts';
import type { NodeId } from '../../../src/server/node-id.ts';

export interface Sent {
  readonly node: NodeId;
  readonly message: NodeMessage;
}

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
