/**
 * The signaling server: the machines, what executes their effects, and the sockets, put together. Everything that a
 * client sends takes one way: bytes, size and rate, decode, router, machine, effects.
 */
import { type Clock, driveTimers, systemClock } from '../common/clock.ts';
import {
  MachineHost,
  type PairingEffects,
  pairingMachine,
  type SessionEffects,
  type SessionEvent,
  StepQueue,
  sessionMachine,
  TimerWheel,
} from '../machines/index.ts';
import { closeCodes } from '../protocol/index.ts';
import { Admission } from './admission.ts';
import type { Bus, NodeId } from './cluster/bus.ts';
import { Cluster } from './cluster/cluster.ts';
import { createBus } from './cluster/create-bus.ts';
import { Halves } from './cluster/halves.ts';
import { Drain } from './drain.ts';
import { addDrainRoute } from './drain-route.ts';
import { iceServersFor } from './ice-servers.ts';
import { Inbox } from './inbox.ts';
import { Inspector } from './inspector/inspector.ts';
import { signalingSources } from './inspector/signaling-sources.ts';
import { PairingKeys } from './keys.ts';
import { AddressRate } from './limits.ts';
import { type Listening, listen } from './listen.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import { defaultServerOptions, type ServerOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { pairingExecutors } from './pairing-executors.ts';
import { Readiness } from './readiness.ts';
import { Reception } from './reception.ts';
import { ResumeSecrets } from './resumption.ts';
import type { Rooms } from './rooms/rooms.ts';
import { type PairingHost, Router, type SessionHost } from './router.ts';
import { sessionExecutors } from './session-executors.ts';
import type { ServerPairing, ServerPairingEvent, ServerSession } from './sessions.ts';
import { usesTls } from './tls.ts';

/** What a test, or a program that embeds the server, may put in. */
export interface ServerParts {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** What connects it with other nodes; without one it is alone. */
  readonly bus?: Bus;
  /** What brings the sockets: a simulation hands in its own. */
  readonly listen?: typeof listen;
}

/** Milliseconds times this stay exact in a double until the year 2248. */
const EPOCH_STEP = 1_024;

export class SignalingServer {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly clock: Clock;
  readonly sessions = new Map<string, ServerSession>();
  readonly pairings = new Set<ServerPairing>();
  readonly sessionHost: SessionHost;
  readonly pairingHost: PairingHost;
  readonly inspector: Inspector;
  /** Its number among the nodes, and the first 32 bits of its sessions' ids. */
  readonly node: NodeId;
  readonly halves: Halves;
  /** Undefined for a server that is alone. */
  cluster: Cluster | undefined;
  /** The game rooms, once it has started, if they are on. */
  rooms: Rooms | undefined;
  /** Why `/readyz` says that no more clients should come. */
  readonly readiness = new Readiness();
  /** Fulfilled when it has ended, whoever asked for it. */
  readonly ended: Promise<void>;
  readonly #listen: typeof listen;
  readonly #queue = new StepQueue();
  readonly #timers: TimerWheel;
  readonly metrics: Metrics;
  readonly #admission: Admission;
  readonly #reception: Reception;
  readonly #outbox: Outbox;
  readonly #drain: Drain;
  #epoch: number;
  #listening: Listening | undefined;
  #stopTimers: (() => void) | undefined;
  #stopping: Promise<void> | undefined;
  #hasEnded: () => void = () => {};

  /** @param given with a node's number; {@link startServer} chooses one */
  constructor(given: Partial<ServerOptions> = {}, parts: ServerParts = {}) {
    this.options = { ...defaultServerOptions, ...given };
    this.log = parts.log ?? createLogger(this.options.logLevel, this.options.logFormat);
    this.clock = parts.clock ?? systemClock;
    this.#listen = parts.listen ?? listen;
    this.ended = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
    this.#timers = new TimerWheel(this.clock.now());
    // Above every epoch of an earlier run: a server makes fewer than a thousand pairings a second in the long run.
    // And another one than those of other nodes: a client may be paired by one and then by another.
    this.#epoch = Math.floor(this.clock.wallTime()) * EPOCH_STEP + (this.options.node % EPOCH_STEP);
    this.#admission = new Admission(this.options, this.log, () => this.clock.now(), this.readiness);
    this.metrics = new Metrics({
      sessions: () => this.sessions.values(),
      pairings: () => this.pairings,
      unready: () => this.readiness.counts(),
      rooms: () => this.rooms,
      hosts: () => [this.sessionHost, this.pairingHost, this.halves.remoteHost],
    });
    this.#outbox = new Outbox(this.log, this.metrics, this.options.maxUnsentBytes, (session, code, reason) =>
      this.sessionHost.send(session, { type: 'CLOSED_BY_SERVER', code, reason }),
    );
    const { maxKeyGuessesPerMinute } = this.options;
    this.node = this.options.node;
    const directory = {
      sessions: this.sessions,
      keys: new PairingKeys<ServerSession>(),
      guesses: new AddressRate(maxKeyGuessesPerMinute / 60, maxKeyGuessesPerMinute),
      elsewhere: (id?: string) => this.cluster?.elsewhere(id) ?? 'unknown',
    };
    const startPairing = (pairing: ServerPairing) => this.#startPairing(pairing);
    const nextEpoch = () => this.#nextEpoch();
    const startedAt = this.#now();
    // No longer than a session waits.
    const mayRestore = () => this.#now() - startedAt <= this.options.resumeGraceMs;
    this.halves = new Halves({
      ...{ queue: this.#queue, timers: this.#timers, sessions: this.sessions, outbox: this.#outbox },
      cluster: () => this.cluster,
      router: () => router,
      sessionHost: () => this.sessionHost,
      pairingHost: () => this.pairingHost,
      resumeGraceMs: this.options.resumeGraceMs,
      startPairing,
      mayRestore,
      onError: (remote, error, effect) => {
        if (remote.peer) this.#fail(remote.peer, error, effect);
      },
    });
    const { halves } = this;
    const shared = { queue: this.#queue, timers: this.#timers };
    const { log, clock } = this;
    this.sessionHost = new MachineHost<ServerSession, SessionEvent, SessionEffects>(sessionMachine, {
      ...shared,
      executors: sessionExecutors({
        directory,
        outbox: this.#outbox,
        log,
        clock,
        pairingHost: () => this.pairingHost,
        startPairing,
        nextEpoch,
        halves,
        asks: () => this.cluster?.asks,
        left: (session) => this.cluster?.left(session),
      }),
      timerFacts: (session) => ({ idleMs: this.#timers.now - session.heardAt }),
      onError: (session, error, effect) => this.#fail(session, error, effect),
    });
    this.pairingHost = new MachineHost<ServerPairing, ServerPairingEvent, PairingEffects>(pairingMachine, {
      ...shared,
      executors: pairingExecutors({
        outbox: this.#outbox,
        log,
        sessionHost: this.sessionHost,
        halves,
        pairings: this.pairings,
        iceServersFor: (session) => iceServersFor(this.options, session.id, clock.wallTime()),
      }),
      onError: (pairing, error, effect) => {
        for (const session of pairing.clients) this.#fail(session, error, effect);
      },
    });
    const { options, sessions, sessionHost, pairingHost, metrics, readiness } = this;
    this.#drain = new Drain({
      ...{ options, log, sessions, sessionHost, pairingHost, metrics, readiness },
      outbox: this.#outbox,
      timers: this.#timers,
      now: () => this.#now(),
      hasOtherNodes: () => (this.cluster?.links.open.length ?? 0) > 0,
      end: () => void this.stop(),
    });
    const router = new Router(sessionHost, this.pairingHost, directory, halves, (session, step) =>
      this.inspector.peerStepped(session, step),
    );
    const secrets = new ResumeSecrets(options.secret, this.node);
    const { pingIntervalMs, pingTimeoutMs, resumeGraceMs } = options;
    this.#reception = new Reception({
      node: this.node,
      settings: { pingIntervalMs, pingTimeoutMs, resumeGraceMs },
      mayRestore,
      options,
      log,
      metrics,
      sessions,
      sessionHost,
      inbox: new Inbox({ options, metrics, outbox: this.#outbox, router, sessionHost }),
      outbox: this.#outbox,
      secrets,
      timers: this.#timers,
      keys: directory.keys,
      halves,
      cluster: () => this.cluster,
      now: () => this.#now(),
      turnAway: (socket) => this.#drain.turnAway(socket),
      fail: (session, error, where) => this.#fail(session, error, where),
    });
    if (parts.bus) {
      this.cluster = new Cluster({
        ...{ node: this.node, bus: parts.bus, log, queue: this.#queue, timers: this.#timers },
        ...{ halves, directory, secrets, startPairing, nextEpoch },
        resumeGraceMs: options.resumeGraceMs,
        sessionHost: () => this.sessionHost,
        pairingHost: () => this.pairingHost,
        mayRestore,
        busChanged: (isUp) => (isUp ? this.readiness.remove('bus_away') : this.readiness.add('bus_away')),
        now: () => this.#now(),
        wallTime: () => clock.wallTime(),
      });
    }
    this.inspector = new Inspector({
      ...{ options, log, clock },
      ...(this.cluster && { node: this.node }),
      sources: () => signalingSources(this),
    });
  }

  /** The port that it listens on; with port 0, the one that was free. */
  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** Where clients connect. */
  get url(): string {
    return `${usesTls(this.options) ? 'wss' : 'ws'}://${this.options.host.includes(':') ? `[${this.options.host}]` : this.options.host}:${this.port}/`;
  }

  /** @throws when the port is taken, the address is none of this machine, or the certificate is none */
  async start(): Promise<this> {
    this.rooms = await this.#createRooms();
    this.inspector.start();
    await this.cluster?.start();
    this.#listening = await this.#listen({
      options: this.options,
      admission: this.#admission,
      metrics: this.metrics,
      handlers: this.#reception,
      addRoutes: (app) => {
        this.readiness.addRoutes(app);
        addDrainRoute(app, { drainMs: this.options.drainMs, drain: () => void this.drain() });
        this.inspector.addRoutes(app);
        this.rooms?.addRoutes(app, this.#admission);
      },
    });
    this.#stopTimers = driveTimers(this.#timers, this.clock);
    this.log.info(`Server starting on ${this.options.host}:${this.port}`);
    return this;
  }

  /**
   * Sends clients away one after another over the drain time, and ends; see {@link Drain}. Without a drain time, that
   * is to stop.
   */
  drain(): Promise<void> {
    if (this.options.drainMs === 0) return this.stop();
    if (this.#listening && !this.readiness.isDraining) this.#drain.start();
    return this.ended;
  }

  /** Tells every client why (1001), and ends. */
  async stop(): Promise<void> {
    if (!this.#listening) return this.#stopping;
    this.#stopping = this.#stop(this.#listening);
    return this.#stopping;
  }

  async #stop(listening: Listening): Promise<void> {
    this.log.info('Server stopping');
    this.#listening = undefined;
    this.#timers.disarmAll(this.#drain);
    const isHere = ({ socket }: ServerSession) => socket !== undefined;
    const hasClients = [...this.sessions.values()].some(isHere) || this.readiness.isDraining;
    // After a drain sessions just go: they wait for nobody here, and their clients bring them back.
    const isLeft = (session: ServerSession) => isHere(session) || !this.readiness.isDraining;
    // All at once: nobody is told that a peer left when the whole server leaves.
    this.#queue.batch(() => {
      for (const session of this.sessions.values()) {
        if (!isLeft(session)) continue;
        this.sessionHost.send(session, {
          type: 'CLOSED_BY_SERVER',
          code: closeCodes.goingAway,
          reason: 'Server is stopping',
        });
      }
    });
    await this.inspector.stop();
    await this.rooms?.stop();
    await this.cluster?.stop();
    await listening.close(hasClients);
    this.#stopTimers?.();
    this.metrics.stop();
    this.#hasEnded();
  }

  /** Socket.IO is loaded only by a server that serves it. */
  async #createRooms(): Promise<Rooms | undefined> {
    if (!this.options.rooms) return undefined;
    const { Rooms } = await import('./rooms/rooms.ts');
    return new Rooms({
      options: this.options,
      log: this.log,
      metrics: this.metrics,
      queue: this.#queue,
      timers: this.#timers,
      now: () => this.#now(),
      nextEpoch: () => this.#nextEpoch(),
      iceServersFor: (playerId) => iceServersFor(this.options, playerId, this.clock.wallTime()),
    });
  }

  #nextEpoch(): number {
    this.#epoch += EPOCH_STEP;
    return this.#epoch;
  }

  #startPairing(pairing: ServerPairing): void {
    pairing.seat('a', pairing.a);
    pairing.seat('b', pairing.b);
    pairing.startedAt = this.#timers.now;
    this.pairings.add(pairing);
    this.pairingHost.start(pairing, { aId: pairing.a.id, bId: pairing.b.id, epoch: pairing.epoch });
    this.pairingHost.send(pairing, { type: pairing.isRestored ? 'RESTORED' : 'FORMED', from: 'a' });
  }

  /** Something of ours threw: that session ends, and nobody else notices. */
  #fail(session: ServerSession, error: unknown, effect: string): void {
    this.log.error({ id: session.id, effect, err: error }, `Session ${session.id} failed in ${effect}`);
    this.sessionHost.send(session, {
      type: 'CLOSED_BY_SERVER',
      code: closeCodes.internalError,
      reason: 'Internal error',
    });
  }

  /** Every event comes with the time: the wheel's is set before the machines are stepped. */
  #now(): number {
    const now = this.clock.now();
    this.#timers.now = now;
    return now;
  }
}

/**
 * Starts a signaling server.
 * @param options those of `pairlane serve`; what is left out has its default
 * @throws when the port is taken, the address is none of this machine, or the bus between nodes was told wrongly
 */
export async function startServer(
  options: Partial<ServerOptions> = {},
  parts: ServerParts = {},
): Promise<SignalingServer> {
  const all = { ...defaultServerOptions, ...options };
  const log = parts.log ?? createLogger(all.logLevel, all.logFormat);
  const { node, bus } = parts.bus ? { node: all.node, bus: parts.bus } : await createBus(all, log);
  return new SignalingServer({ ...all, node }, { ...parts, log, ...(bus && { bus }) }).start();
}
