/**
 * A signaling server's life: it starts, perhaps drains, and stops. Everything that a client sends takes one way: bytes,
 * size and rate, decode, router, machine, effects.
 */
import { type Clock, driveTimers, systemClock } from '../common/clock.ts';
import { closeCodes } from '../protocol/index.ts';
import type { Bus, NodeId } from './cluster/bus/bus.ts';
import { createBus } from './cluster/bus/create-bus.ts';
import { type Composition, compose } from './compose.ts';
import { type Listening, listen } from './dialects/native/listen.ts';
import type { Rooms } from './dialects/socket-io/rooms.ts';
import { addDrainRoute } from './drain/drain-route.ts';
import { usesTls } from './http/tls.ts';
import { defaultServerOptions, type ServerOptions } from './options.ts';
import { iceServersFor } from './signaling/ice-servers.ts';
import type { ServerSession } from './signaling/sessions.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';

/** What a test, or a program that embeds the server, may put in. */
export interface ServerParts {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** What connects it with other nodes; without one it is alone. */
  readonly bus?: Bus;
  /** What brings the sockets: a simulation hands in its own. */
  readonly listen?: typeof listen;
}

export class SignalingServer {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly clock: Clock;
  readonly sessions: Composition['sessions'];
  readonly pairings: Composition['pairings'];
  readonly sessionHost: Composition['sessionHost'];
  readonly pairingHost: Composition['pairingHost'];
  readonly remotePairings: Composition['remotePairings'];
  readonly inspector: Composition['inspector'];
  /** Undefined for a server that is alone. */
  readonly cluster: Composition['cluster'];
  /** Why `/readyz` says that no more clients should come. */
  readonly readiness: Composition['readiness'];
  readonly metrics: Composition['metrics'];
  /** Its number among the nodes, and the first 32 bits of its sessions' ids. */
  readonly node: NodeId;
  /** The game rooms, once it has started, if they are on. */
  rooms: Rooms | undefined;
  /** Fulfilled when it has ended, whoever asked for it. */
  readonly ended: Promise<void>;
  readonly #parts: Composition;
  readonly #listen: typeof listen;
  #listening: Listening | undefined;
  #stopTimers: (() => void) | undefined;
  #stopping: Promise<void> | undefined;
  #hasEnded: () => void = () => {};

  /** @param given with a node's number; {@link startServer} chooses one */
  constructor(given: Partial<ServerOptions> = {}, parts: ServerParts = {}) {
    this.options = { ...defaultServerOptions, ...given };
    this.node = this.options.node;
    this.log = parts.log ?? createLogger(this.options.logLevel, this.options.logFormat);
    this.clock = parts.clock ?? systemClock;
    this.#listen = parts.listen ?? listen;
    this.ended = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
    this.#parts = compose({
      ...{ options: this.options, log: this.log, clock: this.clock, bus: parts.bus },
      rooms: () => this.rooms,
      stop: () => void this.stop(),
    });
    this.sessions = this.#parts.sessions;
    this.pairings = this.#parts.pairings;
    this.sessionHost = this.#parts.sessionHost;
    this.pairingHost = this.#parts.pairingHost;
    this.remotePairings = this.#parts.remotePairings;
    this.inspector = this.#parts.inspector;
    this.cluster = this.#parts.cluster;
    this.readiness = this.#parts.readiness;
    this.metrics = this.#parts.metrics;
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
      admission: this.#parts.admission,
      metrics: this.metrics,
      handlers: this.#parts.reception,
      addRoutes: (app) => {
        this.readiness.addRoutes(app);
        addDrainRoute(app, { drainMs: this.options.drainMs, drain: () => void this.drain() });
        this.inspector.addRoutes(app);
        this.rooms?.addRoutes(app, this.#parts.admission);
      },
    });
    this.#stopTimers = driveTimers(this.#parts.timers, this.clock);
    this.log.info(`Server starting on ${this.options.host}:${this.port}`);
    return this;
  }

  /**
   * Sends clients away one after another over the drain time, and ends; see `Drain`. Without a drain time, that
   * is to stop.
   */
  drain(): Promise<void> {
    if (this.options.drainMs === 0) return this.stop();
    if (this.#listening && !this.readiness.isDraining) this.#parts.drain.start();
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
    this.#parts.timers.disarmAll(this.#parts.drain);
    const isHere = ({ socket }: ServerSession) => socket !== undefined;
    const hasClients = [...this.sessions.values()].some(isHere) || this.readiness.isDraining;
    // After a drain sessions just go: they wait for nobody here, and their clients bring them back.
    const isLeft = (session: ServerSession) => isHere(session) || !this.readiness.isDraining;
    // All at once: nobody is told that a peer left when the whole server leaves.
    this.#parts.queue.batch(() => {
      for (const session of this.sessions.values()) {
        if (!isLeft(session)) continue;
        this.sessionHost.dispatch(session, {
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
    const { Rooms } = await import('./dialects/socket-io/rooms.ts');
    const { options, log, clock, metrics } = this;
    const { queue, timers, now, nextEpoch } = this.#parts;
    return new Rooms({
      ...{ options, log, metrics, queue, timers, now, nextEpoch },
      iceServersFor: (playerId) => iceServersFor(options, playerId, clock.wallTime()),
    });
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
