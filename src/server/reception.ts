/** How sockets become sessions: a new one each, or for a client that comes back, the one that it had. */
import type { SessionSettings, TimerWheel } from '../machines/index.ts';
import type { TravellingSession } from '../protocol/cluster/index.ts';
import { type ClientMessageOf, closeCodes, Delivery } from '../protocol/index.ts';
import type { ArrivalAnswer } from './cluster/arrivals.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { Halves } from './cluster/halves.ts';
import { unpack } from './cluster/travel.ts';
import { decode } from './decode.ts';
import type { Inbox } from './inbox.ts';
import type { PairingKeys } from './keys.ts';
import type { SocketHandlers } from './listen.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { ServerOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import { isOf, restorePairing } from './restoration.ts';
import { mayResume, type ResumeSecrets, ResumeToken } from './resumption.ts';
import type { SessionHost } from './router.ts';
import { ServerSession, type SocketData } from './sessions.ts';
import type { WebSocket } from './uws.ts';

export interface ReceptionShell {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sessions: Map<string, ServerSession>;
  readonly sessionHost: SessionHost;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly secrets: ResumeSecrets;
  readonly timers: TimerWheel;
  readonly keys: PairingKeys<ServerSession>;
  readonly halves: Halves;
  /** Undefined for a server that is alone. */
  readonly cluster: () => Cluster | undefined;
  /** A new session's id. */
  readonly newId: () => string;
  /** The time in milliseconds; the timers are told of it, too. */
  readonly now: () => number;
  /** Sends a client that comes back away again, while the server drains. */
  readonly turnAway: (socket: WebSocket<SocketData>) => boolean;
  /** Something of ours threw: the session ends. */
  readonly fail: (session: ServerSession, error: unknown, where: string) => void;
}

const FIRST_MESSAGE = 'the first message';

export class Reception implements SocketHandlers {
  readonly #shell: ReceptionShell;
  /** One object for all sessions. */
  readonly #settings: SessionSettings;
  readonly #startedAt: number;

  constructor(shell: ReceptionShell) {
    this.#shell = shell;
    const { pingIntervalMs, pingTimeoutMs, resumeGraceMs } = shell.options;
    this.#settings = { pingIntervalMs, pingTimeoutMs, resumeGraceMs };
    this.#startedAt = shell.now();
  }

  opened(socket: WebSocket<SocketData>): void {
    const now = this.#shell.now();
    const data = socket.getUserData();
    if (data.kind !== 'back') {
      this.#welcome(socket, now);
      return;
    }
    if (this.#shell.turnAway(socket)) return;
    const { firstMessageTimeoutMs } = this.#shell.options;
    this.#shell.timers.arm(data, FIRST_MESSAGE, firstMessageTimeoutMs || Number.POSITIVE_INFINITY, () => {
      this.#shell.metrics.refused.add('first_message');
      socket.end(closeCodes.timedOut, 'You did not say which session is yours');
    });
  }

  received(socket: WebSocket<SocketData>, bytes: ArrayBuffer, isBinary: boolean): void {
    const { inbox, fail, now } = this.#shell;
    const data = socket.getUserData();
    const { session } = data;
    // Whatever throws inside a handler would end the process, and everybody's session with it.
    try {
      if (session) {
        session.resumeToken?.confirm();
        inbox.receive(session, bytes, isBinary, now());
      } else if (!data.isReturning) this.#comeBack(socket, bytes, now());
    } catch (error) {
      if (session) fail(session, error, 'receive');
      else this.#failToComeBack(socket, error);
    }
  }

  closed(socket: WebSocket<SocketData>, code: number): void {
    const data = socket.getUserData();
    data.isClosed = true;
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
    id: string = this.#shell.newId(),
    generation = 0,
  ): ServerSession {
    const { options, sessions, sessionHost } = this.#shell;
    const data = socket?.getUserData();
    const session = new ServerSession(id, socket, data?.address ?? '', now, generation);
    const isResumable = data?.kind !== 'plain' && options.resumeGraceMs > 0;
    if (isResumable) {
      session.delivery = new Delivery();
      session.resumeToken = new ResumeToken(this.#shell.secrets.issue(id, generation));
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
    const { sessions, timers, cluster } = this.#shell;
    const data = socket.getUserData();
    timers.disarmAll(data);
    if (this.#shell.turnAway(socket)) return;
    const { maxMessageBytes } = this.#shell.options;
    const isTooLarge = maxMessageBytes > 0 && bytes.byteLength > maxMessageBytes;
    const decoded = isTooLarge ? undefined : decode(new Uint8Array(bytes));
    const message = decoded && 'frame' in decoded ? decoded.frame.message : undefined;
    if (message?.type !== 'resume') {
      this.#refuse(socket, now);
      return;
    }
    const session = sessions.get(message.id);
    if (session && this.#isOutdated(session, message)) cluster()?.departures.forget(session);
    else if (session && mayResume(session, message)) {
      this.#resume(session, socket, message, now);
      return;
    }
    if (sessions.has(message.id) || !cluster()) this.#restoreOrRefuse(socket, message, now, this.mayRestore);
    else {
      data.isReturning = true;
      cluster()?.arrivals.ask(message, (answer) => this.#answered(socket, message, answer));
    }
  }

  /** Whether its client has come back to another node since: these had lost each other, and ours is a stale copy. */
  #isOutdated(session: ServerSession, { id, token }: ClientMessageOf<'resume'>): boolean {
    const generation = this.#shell.secrets.foreignGeneration(id, token) ?? -1;
    return generation >= session.generation && !session.resumeToken?.accepts(token);
  }

  /** Other nodes said what they have of a session. Meanwhile the socket may be gone, or the session here. */
  #answered(socket: WebSocket<SocketData>, message: ClientMessageOf<'resume'>, answer: ArrivalAnswer): void {
    const { sessions, now } = this.#shell;
    const data = socket.getUserData();
    data.isReturning = false;
    const session = sessions.get(message.id);
    const isHere = !data.isClosed && !this.#shell.turnAway(socket);
    if (typeof answer === 'object' && !session)
      this.#adopt(isHere ? socket : undefined, message, answer.session, answer.from);
    else if (!isHere) return;
    else if (session && mayResume(session, message)) this.#resume(session, socket, message, now());
    else if (answer === 'late') socket.end(closeCodes.tryAgainLater, 'Your session cannot be reached now');
    else this.#restoreOrRefuse(socket, message, now(), answer === 'lost');
  }

  /** @param isLikely whether the session can have been of a server that is no more */
  #restoreOrRefuse(
    socket: WebSocket<SocketData>,
    message: ClientMessageOf<'resume'>,
    now: number,
    isLikely: boolean,
  ): void {
    const { id, token, first } = message;
    const generation = this.#shell.secrets.foreignGeneration(id, token);
    const mayRestore = isLikely && first !== undefined && !this.#shell.sessions.has(id);
    if (mayRestore && generation !== undefined) this.#restore(socket, message, generation + 1, now);
    else this.#refuse(socket, now);
  }

  #refuse(socket: WebSocket<SocketData>, now: number): void {
    this.#shell.outbox.refuse(this.#welcome(socket, now), { code: 'resume_failed', for: 'resume' });
  }

  /** It may have a session by now, or none. */
  #failToComeBack(socket: WebSocket<SocketData>, error: unknown): void {
    const { session } = socket.getUserData();
    if (session) {
      this.#shell.fail(session, error, 'comeBack');
      return;
    }
    this.#shell.log.error({ err: error }, 'A client that came back failed');
    socket.end(closeCodes.internalError, 'Internal error');
  }

  #resume(
    session: ServerSession,
    socket: WebSocket<SocketData>,
    { token, received }: ClientMessageOf<'resume'>,
    now: number,
  ): void {
    session.delivery?.confirm(received);
    this.#nextGeneration(session, token);
    this.#attach(session, socket, now);
    this.#tellId(session, { received: session.delivery?.received ?? 0 });
    this.#shell.outbox.sendWaiting(session);
    this.#shell.sessionHost.send(session, { type: 'RESUMED' });
  }

  /** Whether clients of an earlier process may still come: no longer than a session waits. */
  get mayRestore(): boolean {
    return this.#shell.now() - this.#startedAt <= this.#settings.resumeGraceMs;
  }

  #nextGeneration(session: ServerSession, usedToken: string): void {
    session.generation += 1;
    session.resumeToken?.rotate(usedToken, this.#shell.secrets.issue(session.id, session.generation));
  }

  #restore(
    socket: WebSocket<SocketData>,
    message: ClientMessageOf<'resume'>,
    generation: number,
    now: number,
  ): void {
    const { id, first, pairing } = message;
    const session = this.#createSession(undefined, now, id, generation);
    session.delivery?.expect(first ?? 1);
    this.#attach(session, socket, now);
    this.#shell.log.info({ id }, `Client ${id} is back from before the restart`);
    this.#tellId(session, { received: session.delivery?.received ?? 0, restarted: true });
    this.#shell.cluster()?.arrived(session);
    restorePairing(session, pairing, this.#shell);
    this.#shell.sessionHost.send(session, { type: 'RESUMED' });
  }

  /** A session comes from another node, and is kept even when its client is gone again. */
  #adopt(
    socket: WebSocket<SocketData> | undefined,
    { id, token }: ClientMessageOf<'resume'>,
    packed: TravellingSession,
    from: number,
  ): void {
    const { log, keys, halves, cluster, outbox, sessionHost, now } = this.#shell;
    // It came too late: its client did not wait, and is elsewhere by now.
    const here = cluster()?.node;
    const isElsewhere = halves
      .of(id)
      .some(({ generation, node }) => node !== here && generation > packed.generation);
    if (!socket && isElsewhere) return;
    const session = this.#createSession(undefined, now(), id, packed.generation);
    unpack(session, packed, keys, halves, now());
    this.#nextGeneration(session, token);
    log.info({ id, node: from }, `Client ${id} came from node ${from}`);
    cluster()?.arrived(session);
    if (socket) {
      this.#attach(session, socket, now());
      this.#tellId(session, { received: session.delivery?.received ?? 0 });
      outbox.sendWaiting(session);
      sessionHost.send(session, { type: 'RESUMED' });
    } else sessionHost.send(session, { type: 'SOCKET_CLOSED', isGoodbye: false });
    if (packed.pairing) this.#adoptPairing(session, packed.pairing);
  }

  #adoptPairing(session: ServerSession, packed: NonNullable<TravellingSession['pairing']>): void {
    const { halves } = this.#shell;
    const own = halves.of(session.id).find((remote) => isOf(remote, packed));
    if (own) {
      halves.seat(session, own, packed.unsettled);
      return;
    }
    const here = this.#shell.cluster()?.node;
    if (packed.node === here && this.#shell.sessions.has(packed.peer_id)) {
      // Its half was here, and ended meanwhile.
      this.#shell.outbox.send(session, {
        type: 'peer_disconnected',
        peer_id: packed.peer_id,
        reason: 'disconnected',
      });
      return;
    }
    const node = packed.node === here ? this.#shell.cluster()?.noteOf(packed.peer_id)?.node : packed.node;
    const remote = halves.create(packed.peer_id, node, packed.is_resumable);
    remote.lastOrigin = packed.last_origin;
    remote.generation = packed.peer_generation;
    remote.isToldAway = packed.is_away;
    remote.keep(...packed.unsettled);
    halves.restore(session, packed, remote, 'MOVING', packed.connected);
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
