/** How sockets become sessions: a new one each, or for a client that comes back, the one that it had. */
import { randomUUID } from 'node:crypto';
import type { SessionSettings, TimerWheel } from '../machines/index.ts';
import { closeCodes, Delivery, RESUME_MESSAGE_TIMEOUT_MS } from '../protocol/index.ts';
import { decode } from './decode.ts';
import type { Inbox } from './inbox.ts';
import type { SocketHandlers } from './listen.ts';
import type { Logger } from './logger.ts';
import type { ServerOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import { mayResume, ResumeToken } from './resumption.ts';
import type { SessionHost } from './router.ts';
import { ServerSession, type SocketData } from './sessions.ts';
import type { WebSocket } from './uws.ts';

export interface ReceptionShell {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly sessions: Map<string, ServerSession>;
  readonly sessionHost: SessionHost;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly timers: TimerWheel;
  /** The time in milliseconds; the timers are told of it, too. */
  readonly now: () => number;
  /** Something of ours threw: the session ends. */
  readonly fail: (session: ServerSession, error: unknown, where: string) => void;
}

const FIRST_MESSAGE = 'the first message';

export class Reception implements SocketHandlers {
  readonly #shell: ReceptionShell;
  /** One object for all sessions. */
  readonly #settings: SessionSettings;

  constructor(shell: ReceptionShell) {
    this.#shell = shell;
    const { pingIntervalMs, pingTimeoutMs, resumeGraceMs } = shell.options;
    this.#settings = { pingIntervalMs, pingTimeoutMs, resumeGraceMs };
  }

  opened(socket: WebSocket<SocketData>): void {
    const now = this.#shell.now();
    const data = socket.getUserData();
    if (data.kind !== 'back') {
      this.#createSession(socket, now);
      return;
    }
    this.#shell.timers.arm(data, FIRST_MESSAGE, RESUME_MESSAGE_TIMEOUT_MS, () => {
      socket.end(closeCodes.timedOut, 'You did not say which session is yours');
    });
  }

  received(socket: WebSocket<SocketData>, bytes: ArrayBuffer, isBinary: boolean): void {
    const { inbox, fail, now } = this.#shell;
    const { session } = socket.getUserData();
    if (!session) {
      this.#comeBack(socket, bytes, now());
      return;
    }
    // Whatever throws inside a handler would end the process, and everybody's session with it.
    try {
      session.resumeToken?.confirm();
      inbox.receive(session, bytes, isBinary, now());
    } catch (error) {
      fail(session, error, 'receive');
    }
  }

  closed(socket: WebSocket<SocketData>, code: number): void {
    const data = socket.getUserData();
    this.#shell.timers.disarmAll(data);
    const { session } = data;
    // A socket that we ended, or that was taken over, is not the session's any more.
    if (session?.socket !== socket) return;
    session.socket = undefined;
    this.#shell.now();
    const isGoodbye = code === closeCodes.normal;
    this.#shell.sessionHost.send(session, { type: 'SOCKET_CLOSED', isGoodbye });
  }

  #createSession(socket: WebSocket<SocketData>, now: number): ServerSession {
    const { options, log, sessions, sessionHost, outbox } = this.#shell;
    const data = socket.getUserData();
    const session = new ServerSession(randomUUID(), socket, data.address, options.maxMessageBurst, now);
    const isResumable = data.kind !== 'plain' && options.resumeGraceMs > 0;
    if (isResumable) {
      session.delivery = new Delivery();
      session.resumeToken = new ResumeToken();
    }
    data.session = session;
    sessions.set(session.id, session);
    log.info({ id: session.id }, `Client ${session.id} connected`);
    outbox.sendPlain(session, this.#welcome(session));
    sessionHost.start(session, { id: session.id, isResumable, settings: this.#settings });
    return session;
  }

  #welcome({ id, resumeToken }: ServerSession) {
    return {
      type: 'your_id',
      id,
      ping_interval_ms: this.#shell.options.pingIntervalMs,
      ...(resumeToken && { resume: resumeToken.value }),
    } as const;
  }

  #comeBack(socket: WebSocket<SocketData>, bytes: ArrayBuffer, now: number): void {
    const { sessions, outbox, timers } = this.#shell;
    const data = socket.getUserData();
    timers.disarmAll(data);
    const decoded = decode(Buffer.from(bytes));
    const message = 'frame' in decoded ? decoded.frame.message : undefined;
    const session = message?.type === 'resume' ? sessions.get(message.id) : undefined;
    if (message?.type !== 'resume' || !mayResume(session, message)) {
      outbox.refuse(this.#createSession(socket, now), { code: 'resume_failed', for: 'resume' });
      return;
    }
    this.#takeOver(session, socket, message.token, message.received, now);
  }

  #takeOver(
    session: ServerSession,
    socket: WebSocket<SocketData>,
    token: string,
    received: number,
    now: number,
  ): void {
    const { outbox, sessionHost } = this.#shell;
    const old = session.socket;
    if (old) {
      old.getUserData().session = undefined;
      old.end(closeCodes.takenOver, 'You came back on another socket');
    }
    session.socket = socket;
    session.heardAt = now;
    session.isPinged = false;
    socket.getUserData().session = session;
    session.delivery?.confirm(received);
    session.resumeToken?.rotate(token);
    outbox.sendPlain(session, { ...this.#welcome(session), received: session.delivery?.received ?? 0 });
    outbox.sendWaiting(session);
    sessionHost.send(session, { type: 'RESUMED' });
  }
}
