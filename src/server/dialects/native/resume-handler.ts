/**
 * Clients that come back, each on a socket whose first message names the session that it had. Here it is resumed; from
 * another node it is fetched; and one that died with its server is made again from what its client proves and says.
 */
import type { TimerWheel } from '../../../machines/index.ts';
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import {
  type ClientMessageOf,
  closeCodes,
  MAX_UNACKED_BYTES,
  MAX_UNACKED_FRAMES,
} from '../../../protocol/index.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { MigrationAnswer } from '../../cluster/migration/inbound-migrations.ts';
import { restoreSnapshot, restoreSnapshotPairing } from '../../cluster/migration/session-snapshot.ts';
import type { RemotePairings } from '../../cluster/pairing/remote-pairings.ts';
import type { WebSocket } from '../../http/uws.ts';
import type { ServerOptions } from '../../options.ts';
import type { PairingKeys } from '../../signaling/pairing-keys.ts';
import type { ServerSession, SocketData } from '../../signaling/sessions.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { createSession, openSession, sendId, type WelcomeDeps } from './create-session.ts';
import { decode } from './decode-client-message.ts';
import { restorePairing } from './restore-pairing.ts';
import { mayResume } from './resume-secrets.ts';

export interface ReturningDeps extends WelcomeDeps {
  readonly options: ServerOptions;
  readonly metrics: Metrics;
  readonly timers: TimerWheel;
  readonly keys: PairingKeys<ServerSession>;
  readonly remotePairings: RemotePairings;
  /** Undefined for a server that is alone. */
  readonly cluster: () => Cluster | undefined;
  /** Whether clients of an earlier process may still come. */
  readonly mayRestore: () => boolean;
  /** The time in milliseconds; the timers are told of it, too. */
  readonly now: () => number;
  /** Sends a client that comes back away again, while the server drains. */
  readonly turnAway: (socket: WebSocket<SocketData>) => boolean;
  /** Something of ours threw: the session ends. */
  readonly fail: (session: ServerSession, error: unknown, where: string) => void;
}

const FIRST_MESSAGE = 'the first message';

export class ResumeHandler {
  readonly #deps: ReturningDeps;

  constructor(deps: ReturningDeps) {
    this.#deps = deps;
  }

  opened(socket: WebSocket<SocketData>): void {
    const { options, metrics, timers, turnAway } = this.#deps;
    if (turnAway(socket)) return;
    const timeoutMs = options.firstMessageTimeoutMs || Number.POSITIVE_INFINITY;
    timers.arm(socket.getUserData(), FIRST_MESSAGE, timeoutMs, () => {
      metrics.refused.add('first_message');
      socket.end(closeCodes.timedOut, 'You did not say which session is yours');
    });
  }

  /** It has no session yet. While other nodes are asked for it, nothing else that it says counts. */
  received(socket: WebSocket<SocketData>, bytes: ArrayBuffer): void {
    if (!socket.getUserData().isReturning) this.#comeBack(socket, bytes, this.#deps.now());
  }

  /** What it said made something of ours throw. It may have a session by now, or none. */
  failed(socket: WebSocket<SocketData>, error: unknown): void {
    const { session } = socket.getUserData();
    if (session) {
      this.#deps.fail(session, error, 'comeBack');
      return;
    }
    this.#deps.log.error({ err: error }, 'A client that came back failed');
    socket.end(closeCodes.internalError, 'Internal error');
  }

  #comeBack(socket: WebSocket<SocketData>, bytes: ArrayBuffer, now: number): void {
    const { sessions, timers, cluster, mayRestore } = this.#deps;
    const data = socket.getUserData();
    timers.disarmAll(data);
    if (this.#deps.turnAway(socket)) return;
    const { maxMessageBytes } = this.#deps.options;
    const isTooLarge = maxMessageBytes > 0 && bytes.byteLength > maxMessageBytes;
    const decoded = isTooLarge ? undefined : decode(new Uint8Array(bytes));
    const message = decoded && 'frame' in decoded ? decoded.frame.message : undefined;
    if (message?.type !== 'resume') {
      this.#refuse(socket, now);
      return;
    }
    const session = sessions.get(message.id);
    if (session && this.#isOutdated(session, message)) cluster()?.outboundMigrations.forget(session);
    else if (session && mayResume(session, message)) {
      this.#resume(session, socket, message, now);
      return;
    }
    if (sessions.has(message.id) || !cluster()) this.#restoreOrRefuse(socket, message, now, mayRestore());
    else {
      data.isReturning = true;
      cluster()?.inboundMigrations.ask(message, (answer) => this.#answered(socket, message, answer));
    }
  }

  /** Whether its client has come back to another node since: these had lost each other, and ours is a stale copy. */
  #isOutdated(session: ServerSession, { id, token }: ClientMessageOf<'resume'>): boolean {
    const generation = this.#deps.secrets.foreignGeneration(id, token) ?? -1;
    return generation >= session.generation && !session.resumeToken?.accepts(token);
  }

  /** Other nodes said what they have of a session. Meanwhile the socket may be gone or served, or the session here. */
  #answered(
    socket: WebSocket<SocketData>,
    message: ClientMessageOf<'resume'>,
    answer: MigrationAnswer,
  ): void {
    const { sessions, now } = this.#deps;
    const data = socket.getUserData();
    data.isReturning = false;
    const session = sessions.get(message.id);
    const isWaiting = !data.isClosed && !data.session && !this.#deps.turnAway(socket);
    if (typeof answer === 'object' && !session)
      this.#adopt(isWaiting ? socket : undefined, message, answer.session, answer.from);
    else if (!isWaiting) return;
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
    const generation = this.#deps.secrets.foreignGeneration(id, token);
    const mayRestore = isLikely && first !== undefined && !this.#deps.sessions.has(id);
    if (mayRestore && generation !== undefined) this.#restore(socket, message, generation + 1, now);
    else this.#refuse(socket, now);
  }

  #refuse(socket: WebSocket<SocketData>, now: number): void {
    this.#deps.outbox.refuse(openSession(this.#deps, socket, now), { code: 'resume_failed', for: 'resume' });
  }

  #resume(
    session: ServerSession,
    socket: WebSocket<SocketData>,
    { token, received }: ClientMessageOf<'resume'>,
    now: number,
  ): void {
    session.delivery?.ack(received);
    this.#nextGeneration(session, token);
    attach(session, socket, now);
    sendId(this.#deps, session, { received: session.delivery?.received ?? 0 });
    this.#deps.outbox.sendWaiting(session);
    this.#deps.sessionHost.dispatch(session, { type: 'RESUMED' });
  }

  #nextGeneration(session: ServerSession, usedToken: string): void {
    session.generation += 1;
    session.resumeToken?.rotate(usedToken, this.#deps.secrets.issue(session.id, session.generation));
  }

  #restore(
    socket: WebSocket<SocketData>,
    message: ClientMessageOf<'resume'>,
    generation: number,
    now: number,
  ): void {
    const { id, first, pairing } = message;
    const session = createSession(this.#deps, undefined, now, id, generation);
    session.delivery?.expect(first ?? 1);
    attach(session, socket, now);
    this.#deps.log.info({ id }, `Client ${id} is back from before the restart`);
    sendId(this.#deps, session, { received: session.delivery?.received ?? 0, restarted: true });
    this.#deps.cluster()?.arrived(session);
    restorePairing(session, pairing, this.#deps);
    this.#deps.sessionHost.dispatch(session, { type: 'RESUMED' });
  }

  /** A session comes from another node, and is kept even when its client is gone again. */
  #adopt(
    socket: WebSocket<SocketData> | undefined,
    { id, token }: ClientMessageOf<'resume'>,
    packed: SessionSnapshot,
    from: number,
  ): void {
    const { log, keys, remotePairings, cluster, outbox, sessionHost, now } = this.#deps;
    // It came too late: its client did not wait, and is elsewhere by now.
    const here = cluster()?.node;
    const isElsewhere = remotePairings
      .of(id)
      .some(({ generation, node }) => node !== here && generation > packed.generation);
    if (!socket && isElsewhere) return;
    const session = createSession(this.#deps, undefined, now(), id, packed.generation);
    restoreSnapshot(session, packed, keys, remotePairings, now());
    this.#nextGeneration(session, token);
    log.info({ id, node: from }, `Client ${id} came from node ${from}`);
    cluster()?.arrived(session);
    if (socket) {
      attach(session, socket, now());
      sendId(this.#deps, session, { received: session.delivery?.received ?? 0 });
      outbox.sendWaiting(session);
      sessionHost.dispatch(session, { type: 'RESUMED' });
    } else sessionHost.dispatch(session, { type: 'SOCKET_CLOSED', isGoodbye: false });
    if (packed.pairing) restoreSnapshotPairing(session, packed.pairing, this.#deps);
  }
}

/** The newest socket is the session's, and the one before is not any more. */
function attach(session: ServerSession, socket: WebSocket<SocketData>, now: number): void {
  const old = session.socket;
  if (old) {
    old.getUserData().session = undefined;
    old.end(closeCodes.takenOver, 'You came back on another socket');
  }
  session.socket = socket;
  session.heardAt = now;
  session.isPinged = false;
  session.rate.credit(MAX_UNACKED_FRAMES, MAX_UNACKED_BYTES);
  socket.getUserData().session = session;
}
