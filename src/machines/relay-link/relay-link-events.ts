/**
 * The events of a relay link's machine: each message comes with what the routing table says about it, so that the
 * machine decides by its guards alone.
 */
import type {
  ClientChat,
  ClientQuit,
  ClientRegistration,
  RelayMessage,
  ServerQuit,
  ServerRegistration,
  Status,
} from '../../protocol/relay-chat/index.ts';
import type { RelayTable, Standing } from './relay-table.ts';

/**
 * Where a message is to go: to this server, to a host reached over another link, or to a host that cannot be reached.
 */
export type Destination = 'here' | 'known' | 'unknown';

export type RelayLinkEventFromHost =
  | { type: 'SERVER_REGISTERED'; message: ServerRegistration; standing: Standing }
  | { type: 'CLIENT_REGISTERED'; message: ClientRegistration; standing: Standing }
  | { type: 'STATUS_RECEIVED'; message: Status; destination: Destination }
  | { type: 'CHAT_RECEIVED'; message: ClientChat; isFromBehind: boolean; destination: Destination }
  | { type: 'CLIENT_QUIT'; message: ClientQuit; isFromBehind: boolean }
  | { type: 'SERVER_QUIT'; message: ServerQuit; isFromBehind: boolean };

export type RelayLinkEventFromTransport =
  /** This server opened the link, to the parent that it was configured with. */
  | { type: 'PARENT_REACHED' }
  | { type: 'SOCKET_CLOSED' }
  /** The bytes received do not follow the protocol. */
  | { type: 'BYTES_REFUSED'; reason: string }
  /** The host does not read what it is sent. */
  | { type: 'UNSENT_EXCEEDED' };

export type RelayLinkEventFromServer =
  /** The parent's side of the network has the id of this link's host, and takes precedence. */
  | { type: 'DISPLACED' }
  | { type: 'SERVER_STOPPED' }
  /** An effect failed that concerns this link only. */
  | { type: 'LINK_FAILED' };

export type RelayLinkEvent = RelayLinkEventFromHost | RelayLinkEventFromTransport | RelayLinkEventFromServer;

/**
 * Turns a message into an event.
 * @param link the id of the adjacent host that sent it; undefined if it has not registered
 */
export function relayLinkEvent(
  table: RelayTable,
  link: number | undefined,
  message: RelayMessage,
): RelayLinkEventFromHost {
  const isFromBehind = table.isBehind(message.sourceId, link);
  const kind = table.get(message.sourceId)?.kind;
  switch (message.type) {
    case 'server_registration':
      return { type: 'SERVER_REGISTERED', message, standing: table.standingOf(message.sourceId, link) };
    case 'client_registration':
      return { type: 'CLIENT_REGISTERED', message, standing: table.standingOf(message.sourceId, link) };
    case 'status':
      return { type: 'STATUS_RECEIVED', message, destination: destinationOf(table, link, message) };
    case 'client_chat':
      return {
        type: 'CHAT_RECEIVED',
        message,
        isFromBehind,
        destination: destinationOf(table, link, message),
      };
    case 'client_quit':
      return { type: 'CLIENT_QUIT', message, isFromBehind: isFromBehind && kind === 'client' };
    case 'server_quit':
      return { type: 'SERVER_QUIT', message, isFromBehind: isFromBehind && kind === 'server' };
  }
}

/**
 * A server never sends a message back over the link that it came from: two servers that each consider the other the way
 * there would pass it back and forth forever. A client may write to itself.
 */
function destinationOf(
  table: RelayTable,
  link: number | undefined,
  message: Status | ClientChat,
): Destination {
  const { destinationId } = message;
  if (destinationId === table.ownId || (destinationId === 0 && message.type === 'status')) return 'here';
  const firstHop = table.firstHopTo(destinationId);
  const isBack = firstHop === link && destinationId !== message.sourceId;
  return firstHop === undefined || isBack ? 'unknown' : 'known';
}
