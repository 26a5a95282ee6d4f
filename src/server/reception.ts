/** How sockets become sessions: a new one each, or for a client that comes back, the one that it had. */
import { randomUUID } from 'node:crypto';
import type { SessionSettings, TimerWheel } from '../machines/index.ts';
import { type ClientMessageOf, closeCodes, Delivery, RESUME_MESSAGE_TIMEOUT_MS } from '../protocol/index.ts';
import { decode } from './decode.ts';
import type { Inbox } from './inbox.ts';
import type { SocketHandlers } from './listen.ts';
import type { Logger } from './logger.ts';
import { BYTE_BURST_S, type ServerOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import { Restoration } from './restoration.ts';
import { mayResume, ResumeSecrets, ResumeToken } from './resumption.ts';
import type { PairingHost, SessionHost } from './router.ts';
import { type ServerPairing, ServerSession, type SocketData } from './sessions.ts';
import type { WebSocket } from './uws.ts';

export interface ReceptionShell {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly sessions: Map<string, ServerSession>;
  readonly sessionHost: SessionHost;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly timers: TimerWheel;
  readonly pairingHost: () => PairingHost;
  readonly startPairing: (pairing: ServerPairing) => void;
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
  readonly #secrets: ResumeSecrets;
  readonly #startedAt: number;
  readonly #restoration: Restoration;

  constructor(shell: ReceptionShell) {
    this.#shell = shell;
    const { pingIntervalMs, pingTimeoutMs, resumeGraceMs } = shell.options;
    this.#settings = { pingIntervalMs, pingTimeoutMs, resumeGraceMs };
    this.#startedAt = shell.now();
    this.#secrets = new ResumeSecrets(shell.options.secret);
    this.#restoration = new Restoration({ ...shell, createAway: (id) => this.#createAway(id) });
  }

  opened(socket: WebSocket<SocketData>): void {
    const now = this.#shell.now();
    const data = socket.getUserData();
    if (data.kind !== 'back') {
      this.#welcome(socket, now);
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

  #createSession(
    socket: WebSocket<SocketData> | undefined,
    now: number,
    id: string = randomUUID(),
  ): ServerSession {
    const { options, sessions, sessionHost } = this.#shell;
    const data = socket?.getUserData();
    const burst = { messages: options.maxMessageBurst, bytes: BYTE_BURST_S * options.maxBytesPerSecond };
    const session = new ServerSession(id, socket, data?.address ?? '', burst, now);
    const isResumable = data?.kind !== 'plain' && options.resumeGraceMs > 0;
    if (isResumable) {
      session.delivery = new Delivery();
      session.resumeToken = new ResumeToken(this.#secrets.issue(id));
    }
    if (data) data.session = session;
    sessions.set(id, session);
    sessionHost.start(session, { id, isResumable, settings: this.#settings });
    return session;
  }

  #welcome(socket: WebSocket<SocketData>, now: number): ServerSession {
    const session = this.#createSession(socket, now);
    this.#shell.log.info({ id: session.id }, `Client ${session.id} connected`);
    this.#tellId(session, {});
    return session;
  }

  #tellId(session: ServerSession, more: { received?: number; restarted?: true }): void {
    const { id, resumeToken } = session;
    this.#shell.outbox.sendPlain(session, {
      type: 'your_id',
      id,
      ping_interval_ms: this.#shell.options.pingIntervalMs,
      ...(resumeToken && { resume: resumeToken.value }),
      ...more,
    });
  }

  #comeBack(socket: WebSocket<SocketData>, bytes: ArrayBuffer, now: number): void {
    const { sessions, outbox, timers } = this.#shell;
    timers.disarmAll(socket.getUserData());
    const decoded = decode(Buffer.from(bytes));
    const message = 'frame' in decoded ? decoded.frame.message : undefined;
    if (message?.type === 'resume') {
      const session = sessions.get(message.id);
      if (session && mayResume(session, message)) {
        this.#resume(session, socket, message, now);
        return;
      }
      if (this.#mayRestore(session, message, now)) {
        this.#restore(session, socket, message, now);
        return;
      }
    }
    outbox.refuse(this.#welcome(socket, now), { code: 'resume_failed', for: 'resume' });
  }

  #resume(
    session: ServerSession,
    socket: WebSocket<SocketData>,
    { token, received }: ClientMessageOf<'resume'>,
    now: number,
  ): void {
    session.delivery?.confirm(received);
    session.resumeToken?.rotate(token, this.#secrets.issue(session.id));
    this.#attach(session, socket, now);
    this.#tellId(session, { received: session.delivery?.received ?? 0 });
    this.#shell.outbox.sendWaiting(session);
    this.#shell.sessionHost.send(session, { type: 'RESUMED' });
  }

  /** Whether a session that we do not have, or only expect, was the client's before a restart, no longer ago than a
   * session waits. */
  #mayRestore(
    session: ServerSession | undefined,
    { id, token, first }: ClientMessageOf<'resume'>,
    now: number,
  ): boolean {
    if (first === undefined || now - this.#startedAt > this.#settings.resumeGraceMs) return false;
    return (session === undefined || session.isExpected) && this.#secrets.isOfPredecessor(id, token);
  }

  #restore(
    expected: ServerSession | undefined,
    socket: WebSocket<SocketData>,
    { id, first, pairing }: ClientMessageOf<'resume'>,
    now: number,
  ): void {
    const session = expected ?? this.#createSession(undefined, now, id);
    session.isExpected = false;
    session.delivery?.expect(first ?? 1);
    this.#attach(session, socket, now);
    this.#shell.log.info({ id }, `Client ${id} is back from before the restart`);
    this.#tellId(session, { received: session.delivery?.received ?? 0, restarted: true });
    this.#restoration.claimed(session, pairing);
    this.#shell.outbox.sendWaiting(session);
    this.#shell.sessionHost.send(session, { type: 'RESUMED' });
  }

  /** A session whose client has not come back yet: its peer has. */
  #createAway(id: string): ServerSession {
    const session = this.#createSession(undefined, this.#shell.now(), id);
    session.isExpected = true;
    this.#shell.sessionHost.send(session, { type: 'SOCKET_CLOSED', isGoodbye: false });
    return session;
  }

  #attach(session: ServerSession, socket: WebSocket<SocketData>, now: number): void {
    const old = session.socket;
    if (old) {
      old.getUserData().session = undefined;
      old.end(closeCodes.takenOver, 'You came back on another socket');
    }
    session.socket = socket;
    session.heardAt = now;
    session.isPinged = false;
    socket.getUserData().session = session;
  }
}
