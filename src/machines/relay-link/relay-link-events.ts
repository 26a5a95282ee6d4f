/**
 * What happens to a relay link, as events of its machine: each message together with what the routing table says of
 * it, so that the machine decides by its own guards and looks nothing up.
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

/** Where a message is to go: to this server, to a host that another link leads to, or to nobody we could reach. */
export type Destination = 'here' | 'known' | 'unknown';

export type RelayLinkEventFromHost =
  | { type: 'SERVER_REGISTERED'; message: ServerRegistration; standing: Standing }
  | { type: 'CLIENT_REGISTERED'; message: ClientRegistration; standing: Standing }
  | { type: 'STATUS_RECEIVED'; message: Status; destination: Destination }
  | { type: 'CHAT_RECEIVED'; message: ClientChat; isFromBehind: boolean; destination: Destination }
  | { type: 'CLIENT_QUIT'; message: ClientQuit; isFromBehind: boolean }
  | { type: 'SERVER_QUIT'; message: ServerQuit; isFromBehind: boolean };

export type RelayLinkEventFromTransport =
  /** This server opened the link, to the server that it was told to connect to. */
  | { type: 'PARENT_REACHED' }
  | { type: 'SOCKET_CLOSED' }
  /** What came is not the protocol. */
  | { type: 'BYTES_REFUSED'; reason: string }
  /** The host does not read what it is sent. */
  | { type: 'UNSENT_EXCEEDED' };

export type RelayLinkEventFromServer =
  /** The parent's side of the network has the id of this link's host, and its word counts. */
  | { type: 'DISPLACED' }
  | { type: 'SERVER_STOPPED' }
  /** Something failed in here that concerns this link only. */
  | { type: 'LINK_FAILED' };

export type RelayLinkEvent = RelayLinkEventFromHost | RelayLinkEventFromTransport | RelayLinkEventFromServer;

/**
 * The event that a message is.
 * @param link the id of the adjacent host that sent it; undefined when it has not registered
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
 * A server never sends back over the link that something came from: two that each take the other for the way there
 * would pass it back and forth forever. A client may write to itself.
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
