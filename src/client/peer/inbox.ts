/** Dispatches the server's messages: each goes to the part that it concerns, and the rest to the user. */
import type { ServerMessage } from '../../protocol/index.ts';
import type { Rooms } from '../room/rooms.ts';
import { type Circumstances, eventFrom } from '../signaling/signaling-event.ts';
import type { Connections } from './connections.ts';
import { isExpected, PairlaneError } from './errors.ts';
import type { PeerEvents } from './peer-events.ts';
import type { PendingRequests } from './pending-requests.ts';
import type { ServerLink } from './server-link.ts';

type Told = 'key_expired' | 'token_expiring' | 'peer_away' | 'peer_back';

export interface InboxUser {
  readonly tell: <Name extends Told>(name: Name, ...args: Parameters<PeerEvents[Name]>) => void;
  readonly fail: (error: PairlaneError) => void;
}

export interface InboxDeps {
  readonly link: ServerLink;
  readonly connections: Connections;
  readonly requests: PendingRequests;
  readonly rooms: Rooms;
  readonly user: InboxUser;
}

export class Inbox {
  readonly #deps: InboxDeps;

  constructor(deps: InboxDeps) {
    this.#deps = deps;
  }

  received(message: ServerMessage, known: Circumstances): void {
    const { link, connections, rooms } = this.#deps;
    const event = eventFrom(message, known);
    if (!event) {
      if (!rooms.heard(message)) this.#told(message);
      return;
    }
    if (message.type === 'your_id') connections.allowed(message.max_peers);
    if (event.type === 'WELCOMED') link.welcomed(event);
    connections.heard(event);
    if (message.type === 'your_id') rooms.welcomed(known.isResumed === true && !message.restarted);
  }

  /** Messages that no machine needs. */
  #told(message: ServerMessage): void {
    const { link, connections, requests, user } = this.#deps;
    switch (message.type) {
      case 'key': {
        const { key, expires_at } = message;
        const expiresAt = expires_at === undefined ? undefined : new Date(expires_at);
        requests.answer('create_key', { key, expiresAt });
        return;
      }
      case 'key_expired':
        user.tell('key_expired', { key: message.key });
        return;
      case 'token_expiring':
        user.tell('token_expiring', { expiresAt: new Date(message.expires_at) });
        void link.tokenExpiring();
        return;
      case 'peer_away':
      case 'peer_back':
        connections.byPeer.get(message.peer_id)?.told(message.type === 'peer_away' ? 'away' : 'back');
        user.tell(message.type, { peerId: message.peer_id });
        return;
      case 'evidence':
        connections.of(message.epoch)?.tellFlow(message.seconds);
        return;
      case 'error':
        this.#failed(PairlaneError.fromServer(message), message.epoch);
    }
  }

  #failed(error: PairlaneError, epoch: number | undefined): void {
    const { link, connections, requests, user } = this.#deps;
    if (isExpected(error) || requests.failFor(error) || link.mayFailStart(error)) return;
    const connection = epoch === undefined ? undefined : connections.of(epoch);
    if (connection) connection.refused(error);
    else user.fail(error);
  }
}
