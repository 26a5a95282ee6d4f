/**
 * A restart that loses nothing and makes no storm. Clients are sent away one after another over the drain time, each
 * told when to come back: after the end of the drain, spread over a time of their own. Sessions that can be resumed
 * wait here, as if their clients were away, until the process ends; after that their clients bring them back (see
 * Restoration). Where other nodes are there, clients are wanted back before the end: their sessions move to the node
 * that they come back to. Nobody is told that a peer left, but of a plain client whose peer goes on elsewhere.
 */
import { NO_TIMER, type TimerOwner, type TimerWheel } from '../../machines/index.ts';
import { closeCodes } from '../../protocol/index.ts';
import { RemoteSession } from '../cluster/pairing/remote-session.ts';
import type { Outbox } from '../dialects/native/outbox.ts';
import type { Readiness } from '../http/readiness.ts';
import type { WebSocket } from '../http/uws.ts';
import type { ServerOptions } from '../options.ts';
import type { PairingHost, SessionHost } from '../signaling/router.ts';
import type { ServerSession, SocketData } from '../signaling/sessions.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface DrainDeps {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly sessionHost: SessionHost;
  readonly pairingHost: PairingHost;
  readonly outbox: Outbox;
  readonly metrics: Metrics;
  readonly timers: TimerWheel;
  readonly readiness: Readiness;
  /** The time in milliseconds; the timers are told of it, too. */
  readonly now: () => number;
  /** Whether other nodes are there, to which sessions may move. */
  readonly hasOtherNodes: () => boolean;
  /** Ends the server: everybody is gone, or the time is over. */
  readonly end: () => void;
}

/** What a process manager takes to start the next server. */
const START_UP_MS = 1_000;

/** What is kept of the drain time for the last close frames and the process's own end. */
const MIN_RESERVE_MS = 400;
const MAX_RESERVE_MS = 1_000;

const PROGRESS_MS = 1_000;

const REASON = 'Server is restarting';

/** Multiples of it, modulo 1, fill the unit interval as evenly as can be, however many there are (Weyl, 1916). */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

const SEND_AWAY = 'send away';
const PROGRESS = 'progress';
const END = 'end';

export class Drain implements TimerOwner {
  timer = NO_TIMER;
  readonly #deps: DrainDeps;
  #endsAt = 0;
  #clients = 0;
  /** From 0 to 1: the next client's turn to come back. It starts anywhere, so that servers do not agree. */
  #turn = Math.random();

  constructor(deps: DrainDeps) {
    this.#deps = deps;
  }

  /** Clients that still have to go. */
  get left(): number {
    let count = 0;
    for (const { socket } of this.#deps.sessions.values()) if (socket) count += 1;
    return count;
  }

  start(): void {
    const { options, log, sessions, timers, readiness, now, hasOtherNodes } = this.#deps;
    const { drainMs } = options;
    this.#endsAt = now() + drainMs;
    readiness.add('draining');
    const reserveMs = Math.min(Math.max(drainMs / 4, MIN_RESERVE_MS), MAX_RESERVE_MS);
    const isAlone = !hasOtherNodes();
    // The other half of the time is for those who come back to another node.
    const spreadMs = isAlone ? Math.max(drainMs - reserveMs, 0) : drainMs / 2;
    const all = [...sessions.values()];
    const online = all.filter(({ socket }) => socket);
    this.#clients = online.length;
    log.info({ clients: this.#clients }, `Draining: ${this.#clients} clients go within ${drainMs} ms`);
    // Those who are away cannot come back while we drain: their time must not run out meanwhile.
    for (const session of all) if (!session.socket) this.#close(session);
    for (const [index, session] of online.entries())
      timers.arm(session, SEND_AWAY, (index / online.length) * spreadMs, this.#sendAway);
    timers.arm(this, END, isAlone ? spreadMs + timers.tickMs : drainMs - MIN_RESERVE_MS, () => this.#end());
    this.#watch();
  }

  /**
   * A client came back while we drain: whatever sends it here sends others, too. So it is wanted back only after the
   * end, even beside other nodes; or it would knock again and again until then.
   * @returns false when we do not drain
   */
  turnAway(socket: WebSocket<SocketData>): boolean {
    const { readiness, metrics, now } = this.#deps;
    if (!readiness.isDraining) return false;
    now();
    metrics.refused.add('draining');
    socket.send(JSON.stringify(this.#farewell('here')), false);
    socket.end(closeCodes.serviceRestart, REASON);
    return true;
  }

  /** One function for all timers. */
  readonly #sendAway = (_name: string, owner: TimerOwner): void => {
    const session = owner as ServerSession;
    const { outbox, hasOtherNodes } = this.#deps;
    if (!session.delivery) this.#leavePairing(session);
    outbox.sendPlain(session, this.#farewell(hasOtherNodes() ? 'anywhere' : 'here'));
    this.#close(session);
  };

  /** A plain client does not come back. A peer that goes on elsewhere would wait for it. */
  #leavePairing(session: ServerSession): void {
    const { pairing, side } = session;
    const peer = pairing?.other(side);
    const goesOn = peer instanceof RemoteSession || (peer?.delivery && this.#deps.hasOtherNodes());
    if (pairing && goesOn)
      this.#deps.pairingHost.dispatch(pairing, { type: 'PEER_LOST', from: side, reason: 'disconnected' });
  }

  #close(session: ServerSession): void {
    this.#deps.sessionHost.dispatch(session, {
      type: 'CLOSED_BY_SERVER',
      code: closeCodes.serviceRestart,
      reason: REASON,
    });
  }

  /** A session comes back only to a server that started no longer ago than the grace: half of it is for the spread. */
  #farewell(where: 'here' | 'anywhere'): { type: 'restarting'; after_ms: number } {
    const { options, timers } = this.#deps;
    const { drainMs, resumeGraceMs } = options;
    const leftMs = Math.max(this.#endsAt - timers.now, 0);
    this.#turn = (this.#turn + GOLDEN_RATIO) % 1;
    if (where === 'anywhere') return { type: 'restarting', after_ms: Math.round((this.#turn * leftMs) / 2) };
    const spreadMs = resumeGraceMs > 0 ? Math.min(drainMs, resumeGraceMs / 2) : drainMs;
    return { type: 'restarting', after_ms: Math.round(leftMs + START_UP_MS + this.#turn * spreadMs) };
  }

  /** Tells how many are left, and ends as soon as nobody is. */
  #watch(): void {
    const { log, timers, options, sessions, hasOtherNodes } = this.#deps;
    const { left } = this;
    // Those who are gone may still fetch their sessions from another node.
    if (left === 0 && (sessions.size === 0 || !hasOtherNodes())) {
      this.#end();
      return;
    }
    if (left < this.#clients) log.info({ left }, `Draining: ${left} of ${this.#clients} clients left`);
    timers.arm(this, PROGRESS, Math.min(PROGRESS_MS, options.drainMs / 10), () => this.#watch());
  }

  #end(): void {
    const { timers, sessions, log, end } = this.#deps;
    timers.disarmAll(this);
    for (const session of sessions.values()) if (session.socket) this.#sendAway(SEND_AWAY, session);
    log.info('Drained: every client is told when to come back');
    end();
  }
}
