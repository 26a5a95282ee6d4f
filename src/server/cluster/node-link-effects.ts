/** What the node-link machine's effects do. */
import type { Executors, nodeLinkMachine } from '../../machines/index.ts';
import type { NodeId } from '../node-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { NodeLink } from './node-link.ts';

/** Told what becomes of links. */
export interface NodeWatcher {
  opened(node: NodeId): void;
  /** @param wasThere false for a node that never answered */
  lost(node: NodeId, wasThere: boolean): void;
  /** No answer will come from that node soon. */
  failed(node: NodeId, code: 'target_not_found' | 'unavailable'): void;
}

export interface NodeLinkEffectsDeps {
  readonly links: Map<NodeId, NodeLink>;
  readonly watcher: NodeWatcher;
  readonly log: Logger;
}

export function nodeLinkEffects({
  links,
  watcher,
  log,
}: NodeLinkEffectsDeps): Executors<typeof nodeLinkMachine, NodeLink> {
  return {
    greet: (link) => link.sendSign(),
    announceOpen(link) {
      link.wasOpen = true;
      log.info({ event: 'node_linked', node: link.node }, `Node ${link.node} is there`);
      watcher.opened(link.node);
    },
    sendAgain: (link) => link.sendAgain(),
    beat: (link) => link.beat(),
    failRequests: (link, _event, { code }) => watcher.failed(link.node, code),
    announceLoss(link, event) {
      if (links.get(link.node) === link) links.delete(link.node);
      if (link.wasOpen) log.warn({ event: 'node_lost', node: link.node }, `Node ${link.node} is lost`);
      watcher.lost(link.node, link.peerNumber !== 0);
      if (event.type === 'OVERFULL') link.sendSign({ is_goodbye: true });
    },
  };
}
