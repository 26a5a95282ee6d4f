/**
 * A restart that loses nothing and causes no reconnect storm. Clients are sent away one after another over the drain
 * time, each told when to come back: after the drain, spread over some time. Resumable sessions wait here until the
 * process ends, as if their clients were away; after that their clients restore them. If there are other nodes, clients
 * are told to come back before the drain ends, and their sessions move to the node that they come back to. No client is
 * told that its peer left, unless the peer is not resumable and the client goes on at another node.
 */
import { NO_TIMER, type TimerOwner } from '../../machines/index.ts';
import { closeCodes } from '../../protocol/index.ts';
import type { Links } from '../cluster/links.ts';
import type { Readiness } from '../http/readiness.ts';
import type { ServerOptions } from '../options.ts';
import type { ServerSession } from '../signaling/session.ts';
import type { Signaling } from '../signaling/signaling.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface DrainDeps {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly signaling: Signaling;
  /** The nodes that sessions may move to. */
  readonly links: Links;
  readonly readiness: Readiness;
}

/** How long a process manager takes to start the next server. */
const START_UP_MS = 1_000;

/** The part of the drain time that is reserved for the last close frames and the process's own end. */
const MIN_RESERVE_MS = 400;
const MAX_RESERVE_MS = 1_000;

const PROGRESS_MS = 1_000;

const REASON = 'Server is restarting';

/** Its multiples, modulo 1, fill the unit interval as evenly as possible, however many there are (Weyl, 1916). */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

const SEND_AWAY = 'send away';
const PROGRESS = 'progress';
const END = 'end';

export class Drain implements TimerOwner {
  timer = NO_TIMER;
  /** Whether all nodes drain: then no client can come back to another node. */
  isOfAll = false;
  readonly #deps: DrainDeps;
  #endsAt = 0;
  #ended = () => {};
  #clients = 0;
  /** From 0 to 1: when the next client should come back. The start is random, so that servers differ. */
  #turn = Math.random();

  constructor(deps: DrainDeps) {
    this.#deps = deps;
  }

  /** How many clients have not been sent away yet. */
  get left(): number {
    let count = 0;
    for (const { client } of this.#sessions) if (client.isOnline) count += 1;
    return count;
  }

  /** @param ended called once all clients are gone, or the drain time is over */
  start(ended: () => void): void {
    this.#ended = ended;
    const { options, log, signaling, readiness } = this.#deps;
    const { queue } = signaling;
    const { drainMs } = options;
    this.#endsAt = queue.now + drainMs;
    readiness.add('draining');
    const reserveMs = Math.min(Math.max(drainMs / 4, MIN_RESERVE_MS), MAX_RESERVE_MS);
    const isAlone = !this.#hasOtherNodes;
    // The other half of the time is for clients that come back to another node.
    const spreadMs = isAlone ? Math.max(drainMs - reserveMs, 0) : drainMs / 2;
    const all = [...this.#sessions];
    const online = all.filter(({ client }) => client.isOnline);
    this.#clients = online.length;
    log.info(
      { event: 'drain_started', clients: this.#clients },
      `Draining: ${this.#clients} clients go within ${drainMs} ms`,
    );
    // Clients that are away cannot come back during the drain, so their grace must not run out meanwhile.
    for (const session of all) if (!session.client.isOnline) this.#close(session);
    for (const [index, session] of online.entries())
      queue.arm(session, SEND_AWAY, (index / online.length) * spreadMs, this.#sendAway);
    const endMs = isAlone ? spreadMs + queue.timers.tickMs : drainMs - MIN_RESERVE_MS;
    queue.arm(this, END, endMs, () => this.#end());
    this.#watch();
  }

  /** The server stops for another reason. */
  stop(): void {
    this.#deps.signaling.queue.timers.disarmAll(this);
  }

  /**
   * A client came back during the drain, so whatever routes it here will route others here, too. It is told to come
   * back only after the drain, even if there are other nodes; otherwise it would try again and again until then.
   * @returns in how many milliseconds it should come back; undefined if the server is not draining
   */
  wantsBackAfterMs(): number | undefined {
    return this.#deps.readiness.isDraining ? this.#afterMs('here') : undefined;
  }

  get #sessions(): Iterable<ServerSession> {
    return this.#deps.signaling.directory.sessions.values();
  }

  get #hasOtherNodes(): boolean {
    return !this.isOfAll && this.#deps.links.open.length > 0;
  }

  /** One function shared by all timers. */
  readonly #sendAway = (_name: string, owner: TimerOwner): void => {
    const session = owner as ServerSession;
    if (!session.isResumable) this.#leavePairings(session);
    const afterMs = this.#afterMs(this.#hasOtherNodes ? 'anywhere' : 'here');
    session.client.notify({ type: 'restarting', afterMs });
    this.#close(session);
  };

  /** A client that is not resumable will not come back, so peers that go on at another node must not wait for it. */
  #leavePairings({ seats }: ServerSession): void {
    for (const { pairing, side, peer } of seats)
      if (pairing && peer?.outlivesNode(this.#hasOtherNodes))
        this.#deps.signaling.pairings.lose(pairing, side, 'disconnected');
  }

  #close(session: ServerSession): void {
    this.#deps.signaling.sessions.close(session, closeCodes.serviceRestart, REASON);
  }

  /**
   * A restarted server restores sessions only within the grace time after its start; half of that is used to spread the
   * returns.
   */
  #afterMs(where: 'here' | 'anywhere'): number {
    const { options, signaling } = this.#deps;
    const { drainMs, resumeGraceMs } = options;
    const leftMs = Math.max(this.#endsAt - signaling.queue.now, 0);
    this.#turn = (this.#turn + GOLDEN_RATIO) % 1;
    if (where === 'anywhere') return Math.round((this.#turn * leftMs) / 2);
    const spreadMs = resumeGraceMs > 0 ? Math.min(drainMs, resumeGraceMs / 2) : drainMs;
    return Math.round(leftMs + START_UP_MS + this.#turn * spreadMs);
  }

  /** Logs how many clients are left, and ends the drain as soon as none is. */
  #watch(): void {
    const { log, options, signaling } = this.#deps;
    const { left } = this;
    // Sessions of clients that have gone may still be fetched by other nodes.
    if (left === 0 && (signaling.directory.sessions.size === 0 || !this.#hasOtherNodes)) {
      this.#end();
      return;
    }
    if (left < this.#clients)
      log.info({ event: 'drain_progress', left }, `Draining: ${left} of ${this.#clients} clients left`);
    signaling.queue.arm(this, PROGRESS, Math.min(PROGRESS_MS, options.drainMs / 10), () => this.#watch());
  }

  #end(): void {
    this.stop();
    for (const session of this.#sessions) if (session.client.isOnline) this.#sendAway(SEND_AWAY, session);
    this.#deps.log.info({ event: 'drain_done' }, 'Drained: every client has been told when to come back');
    this.#ended();
  }
}
