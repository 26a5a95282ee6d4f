/** The links of a relay server, for the inspector. Messages are shown by kind, ids and length, never as text. */
import type { RelayLinkEvent } from '../../machines/index.ts';
import type { MessageFacts } from '../../protocol/index.ts';
import type { RelayMessage } from '../../protocol/relay-chat/index.ts';
import { type Source, source } from '../inspector/source.ts';
import type { RelayLink } from './relay-link.ts';
import type { RelayNode } from './relay-node.ts';

export function relaySources(node: RelayNode): Source[] {
  const nameOf = ({ context: { hostId } }: RelayLink) =>
    hostId === undefined ? undefined : node.table.get(hostId)?.name;
  return [
    source<RelayLink>({
      machine: 'relay-link',
      host: node.host,
      instances: () => node.links,
      startOf: ({ openedAt }) => openedAt,
      rowOf(link) {
        const name = nameOf(link);
        return {
          id: hostText(link),
          epoch: link.number,
          ...(name !== undefined && { name: name.slice(0, 128) }),
        };
      },
      isFound: (link, query) =>
        [hostText(link), nameOf(link) ?? ''].some((text) => text.toLowerCase().includes(query)),
      record: {
        kind: 'link',
        lane: 'link',
        headOf: (link) => ({
          epoch: link.number,
          initiator_id: hostText(link),
          responder_id: String(node.identity.id),
        }),
        inputOf: ({ context: { isParent } }) => ({ isParent }),
        messageIn(event) {
          const known = event as RelayLinkEvent;
          return 'message' in known ? redactRelayMessage(known.message) : undefined;
        },
      },
    }),
  ];
}

function hostText({ context: { hostId, isParent } }: RelayLink): string {
  const id = hostId === undefined ? '' : String(hostId);
  return isParent ? `${id} (parent)`.trim() : id;
}

export function redactRelayMessage(message: RelayMessage): MessageFacts {
  return {
    type: message.type,
    from: message.sourceId,
    ...('destinationId' in message && { to: message.destinationId }),
    ...('code' in message && { code: message.code }),
    ...('content' in message && { bytes: Buffer.byteLength(message.content) }),
  };
}
