/** What becomes of sockets: a new session each, or for a client that comes back, the one that it had. */
import { closeCodes } from '../../../protocol/index.ts';
import type { WebSocket } from '../../http/uws.ts';
import type { SocketData } from '../../signaling/sessions.ts';
import { openSession } from './create-session.ts';
import type { Inbox } from './inbox.ts';
import type { SocketHandlers } from './listen.ts';
import { ResumeHandler, type ReturningDeps } from './resume-handler.ts';

export interface ConnectionsDeps extends ReturningDeps {
  readonly inbox: Inbox;
}

export class Connections implements SocketHandlers {
  readonly #deps: ConnectionsDeps;
  readonly #returning: ResumeHandler;

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps;
    this.#returning = new ResumeHandler(deps);
  }

  opened(socket: WebSocket<SocketData>): void {
    const now = this.#deps.now();
    if (socket.getUserData().kind === 'back') this.#returning.opened(socket);
    else openSession(this.#deps, socket, now);
  }

  received(socket: WebSocket<SocketData>, bytes: ArrayBuffer, isBinary: boolean): void {
    const { inbox, fail, now } = this.#deps;
    const { session } = socket.getUserData();
    // Whatever throws inside a handler would end the process, and everybody's session with it.
    try {
      if (session) {
        session.resumeToken?.confirm();
        inbox.receive(session, bytes, isBinary, now());
      } else this.#returning.received(socket, bytes);
    } catch (error) {
      if (session) fail(session, error, 'receive');
      else this.#returning.failed(socket, error);
    }
  }

  closed(socket: WebSocket<SocketData>, code: number): void {
    const data = socket.getUserData();
    data.isClosed = true;
    this.#deps.timers.disarmAll(data);
    const { session } = data;
    // A socket that we ended, or that was taken over, is not the session's any more.
    if (session?.socket !== socket) return;
    session.socket = undefined;
    this.#deps.now();
    const isGoodbye = code === closeCodes.normal;
    this.#deps.sessionHost.dispatch(session, { type: 'SOCKET_CLOSED', isGoodbye });
  }
}
