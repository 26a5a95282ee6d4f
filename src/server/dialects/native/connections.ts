/** What becomes of sockets: each gets a new session or, for a client that comes back, its old one. */
import { closeCodes } from '../../../protocol/index.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { EarlyFrames } from '../early-frames.ts';
import type { SessionOpener } from './create-session.ts';
import type { Inbox } from './inbox.ts';
import type { ClientSocket, NativeClient } from './native-client.ts';
import type { ResumeHandler } from './resume-handler.ts';
import type { SocketHandlers } from './routes.ts';
import type { Admitted, TokenGate } from './token-gate.ts';

export interface ConnectionsDeps {
  readonly signaling: Signaling;
  readonly opener: SessionOpener;
  readonly inbox: Inbox;
  readonly returning: ResumeHandler;
  readonly early: EarlyFrames;
  /** Undefined for a server that does not authenticate clients. */
  readonly gate: TokenGate | undefined;
}

export class Connections implements SocketHandlers {
  readonly #signaling: Signaling;
  readonly #opener: SessionOpener;
  readonly #inbox: Inbox;
  readonly #returning: ResumeHandler;
  readonly #early: EarlyFrames;
  readonly #gate: TokenGate | undefined;
  readonly #admitted: Admitted = {
    opened: (socket) => this.#opened(socket),
    received: (socket, bytes, isBinary) => this.received(socket, bytes, isBinary),
  };

  constructor({ signaling, opener, inbox, returning, early, gate }: ConnectionsDeps) {
    this.#signaling = signaling;
    this.#opener = opener;
    this.#inbox = inbox;
    this.#returning = returning;
    this.#early = early;
    this.#gate = gate;
  }

  get keepsRequests(): boolean {
    return this.#gate?.keepsRequests ?? false;
  }

  opened(socket: ClientSocket): void {
    if (this.#gate) this.#gate.opened(socket, this.#admitted);
    else this.#opened(socket);
  }

  #opened(socket: ClientSocket): void {
    if (socket.getUserData().kind === 'back') this.#returning.opened(socket);
    // A drain may have begun while its token was verified.
    else if (!this.#returning.turnAway(socket)) this.#opener.open(socket);
  }

  received(socket: ClientSocket, bytes: ArrayBuffer, isBinary: boolean): void {
    const { client, unauthenticated } = socket.getUserData();
    const session = client?.session;
    // An exception that escapes a handler would end the process and everybody's session.
    try {
      if (unauthenticated) this.#gate?.received(socket, bytes, isBinary, this.#admitted);
      else if (client && session) {
        client.resume?.token.confirm();
        this.#inbox.receive(session, client, bytes, isBinary);
      } else this.#returning.received(socket, bytes);
    } catch (error) {
      this.#returning.failed(socket, error);
    }
  }

  controlled(socket: ClientSocket, bytes: number): void {
    const { client } = socket.getUserData();
    if (!client) this.#early.count(socket, bytes);
    else if (client.session) this.#inbox.receiveControl(client, bytes);
  }

  closed(socket: ClientSocket, code: number): void {
    const data = socket.getUserData();
    const { client } = data;
    data.phase = 'closed';
    delete data.unauthenticated;
    this.#signaling.queue.timers.disarmAll(data);
    this.#returning.closed(socket);
    if (!client) return;
    // A socket that we ended, or that was replaced, is no longer the client's.
    if (client.socket === socket) {
      client.socket = undefined;
      this.#returning.lost(socket, () => this.#lost(client, code === closeCodes.normal));
    }
    // Also when we ended it, because the client was silent; and until it is its turn to be lost.
    if (client.session?.isDone === false && !client.isOnline) client.waits();
  }

  /** Meanwhile it may have come back, here or to another node. */
  #lost(client: NativeClient, isGoodbye: boolean): void {
    const { session } = client;
    if (session && !session.isDone && !client.isOnline)
      this.#signaling.sessions.disconnected(session, isGoodbye);
  }
}
