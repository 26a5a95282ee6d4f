/** Examples of a relay link's inputs, and of every kind of event that its machine tells apart. */
import type { RelayMessage } from '../../protocol/relay-chat/index.ts';
import type { MachineExamples } from '../machine-examples.ts';
import type { Destination } from './relay-link-events.ts';
import { relayLinkMachine } from './relay-link-machine.ts';
import type { Standing } from './relay-table.ts';

/** The id of the host at the other end, once it has registered. */
const HOST_ID = 5;
const standings: readonly Standing[] = ['free', 'nobody', 'own', 'behind', 'elsewhere'];
const destinations: readonly Destination[] = ['here', 'known', 'unknown'];
/** First hand, passed on by the host itself, about the host itself, and about another host. */
const hops = [
  { sourceId: HOST_ID, lastHopId: 0 },
  { sourceId: HOST_ID, lastHopId: HOST_ID },
  { sourceId: 9, lastHopId: HOST_ID },
  { sourceId: 9, lastHopId: 8 },
];
const details = { name: 'name', info: 'info' };
const content = 'text';
const message = <Type extends RelayMessage['type']>(of: Extract<RelayMessage, { type: Type }>) => of;
const froms = [
  { sourceId: HOST_ID, isFromBehind: true },
  { sourceId: 9, isFromBehind: true },
  { sourceId: 9, isFromBehind: false },
];

export const relayLinkExamples: MachineExamples<typeof relayLinkMachine> = {
  machine: relayLinkMachine,
  inputs: [{ isParent: false }, { isParent: true }],
  events: {
    PARENT_REACHED: [{ type: 'PARENT_REACHED' }],
    SERVER_REGISTERED: standings.flatMap((standing) =>
      hops.map((hop) => ({
        type: 'SERVER_REGISTERED' as const,
        standing,
        message: message({ type: 'server_registration', ...hop, ...details }),
      })),
    ),
    CLIENT_REGISTERED: standings.flatMap((standing) =>
      hops.map((hop) => ({
        type: 'CLIENT_REGISTERED' as const,
        standing,
        message: message({ type: 'client_registration', ...hop, ...details }),
      })),
    ),
    STATUS_RECEIVED: destinations.flatMap((destination) =>
      (destination === 'here' ? [0, 1] : [9]).map((destinationId) => ({
        type: 'STATUS_RECEIVED' as const,
        destination,
        message: message({ type: 'status', sourceId: HOST_ID, destinationId, code: 2, content }),
      })),
    ),
    CHAT_RECEIVED: destinations.flatMap((destination) =>
      froms.map(({ sourceId, isFromBehind }) => ({
        type: 'CHAT_RECEIVED' as const,
        destination,
        isFromBehind,
        message: message({ type: 'client_chat', sourceId, destinationId: 7, content }),
      })),
    ),
    CLIENT_QUIT: froms.map(({ sourceId, isFromBehind }) => ({
      type: 'CLIENT_QUIT',
      isFromBehind,
      message: message({ type: 'client_quit', sourceId, content }),
    })),
    SERVER_QUIT: froms.map(({ sourceId, isFromBehind }) => ({
      type: 'SERVER_QUIT',
      isFromBehind,
      message: message({ type: 'server_quit', sourceId, replacementId: 1, content }),
    })),
    SOCKET_CLOSED: [{ type: 'SOCKET_CLOSED' }],
    BYTES_REFUSED: [{ type: 'BYTES_REFUSED', reason: 'noise' }],
    UNSENT_EXCEEDED: [{ type: 'UNSENT_EXCEEDED' }],
    DISPLACED: [{ type: 'DISPLACED' }],
    SERVER_STOPPED: [{ type: 'SERVER_STOPPED' }],
    LINK_FAILED: [{ type: 'LINK_FAILED' }],
  },
};
