/**
 * The events that a relay link may be sent, with every payload that its guards tell apart. Typed by event, so that a
 * new one without a case does not compile. The host at the other end has the id 5 when it registers.
 */
import type { Destination, RelayLinkEvent, Standing } from '../../../src/machines/index.ts';
import type { RelayMessage } from '../../../src/protocol/relay-chat/index.ts';

export const LINK_HOST = 5;

type OfType<Type extends RelayLinkEvent['type']> = Extract<RelayLinkEvent, { type: Type }>;
type Cases = { readonly [Type in RelayLinkEvent['type']]: readonly OfType<Type>[] };

const standings: readonly Standing[] = ['free', 'nobody', 'own', 'behind', 'elsewhere'];
const destinations: readonly Destination[] = ['here', 'known', 'unknown'];
/** First hand, passed on by the host itself, of the host itself, and of somebody else. */
const hops = [
  { sourceId: LINK_HOST, lastHopId: 0 },
  { sourceId: LINK_HOST, lastHopId: LINK_HOST },
  { sourceId: 9, lastHopId: LINK_HOST },
  { sourceId: 9, lastHopId: 8 },
];
const details = { name: 'name', info: 'info' };
const content = 'text';
const message = <Type extends RelayMessage['type']>(of: Extract<RelayMessage, { type: Type }>) => of;
const froms = [
  { sourceId: LINK_HOST, isFromBehind: true },
  { sourceId: 9, isFromBehind: true },
  { sourceId: 9, isFromBehind: false },
];

export const relayLinkCases: Cases = {
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
      message: message({ type: 'status', sourceId: LINK_HOST, destinationId, code: 2, content }),
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
};

/** One link that others opened; the parent's side begins when it is reached. */
export const relayLinkEvents: readonly RelayLinkEvent[] = Object.values(relayLinkCases).flat();
