/**
 * A signaling server's life cycle: it starts, may drain, and stops. Everything that a client sends goes one way: bytes,
 * size and rate, decoding, router, machine, effects.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, driveTimers } from '../common/clock.ts';
import { bracketed, listenAddresses, textOf } from '../common/listen-address.ts';
import { nodeClock } from '../common/node-clock.ts';
import { flagName } from '../common/option-names.ts';
import type { Option } from '../common/option-table.ts';
import { OptionError } from '../common/options.ts';
import { closeCodes } from '../protocol/index.ts';
import { type LimitChange, SharedLimits } from './admission/shared-limits.ts';
import type { Authenticator } from './admission/tokens/authenticator.ts';
import { serverOptionProblems, withoutUndefined } from './check-server-options.ts';
import type { Bus } from './cluster/bus/bus.ts';
import { type Composition, compose } from './compose.ts';
import { type Listening, listen } from './dialects/native/listen.ts';
import { addDrainRoute } from './drain/drain-route.ts';
import { endSession, pairSessions, sessionInfo } from './embed/control.ts';
import type { GivenHooks, PairingInfo, SessionInfo } from './embed/hooks.ts';
import { tellHooks } from './embed/tell-hooks.ts';
import { FeatureSet } from './features.ts';
import { descriptorLimit, fitConnectionLimits } from './http/descriptors.ts';
import type { App } from './http/shell/shell.ts';
import { usesTls } from './http/tls.ts';
import type { OtherWorkers } from './inspector/fleet-look.ts';
import { servePage } from './inspector/serve-page.ts';
import { defaultServerOptions, type ServerOptions, serverOptions } from './options.ts';
import { addSiteFacts } from './site-facts.ts';
import { boundedLog } from './telemetry/bounded-log.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';

/** Parts that a test, or a program that embeds the server, may provide. */
export interface ServerParts {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Connects it with other nodes; left out: it runs alone. */
  readonly bus?: Bus;
  /**
   * Decides what clients may do; {@link startServer} creates the one that the options ask for.
   * @internal
   */
  readonly authenticator?: Authenticator | undefined;
  /**
   * Opens the sockets; a simulation provides its own.
   * @internal
   */
  readonly listen?: typeof listen;
  readonly hooks?: GivenHooks;
  /**
   * In a worker: the process that speaks for all workers.
   * @internal
   */
  readonly fleet?: Fleet;
}

/** @internal */
export interface Fleet {
  /** The metrics of all workers, for Prometheus. */
  metricsText(): Promise<string>;
  /** Asks all workers to drain. */
  drain(): void;
  /** Reports what addresses used of their limits in this worker. */
  limitsChanged(changes: readonly LimitChange[]): void;
  /** How many workers there are. */
  readonly workers: number;
  /** What pages show of the other workers. */
  readonly pages: OtherWorkers;
}

/**
 * What tests and the inspector's own tools look into.
 * @internal
 */
export interface SignalingServerParts extends Composition {
  readonly log: Logger;
  readonly clock: Clock;
  readonly features: FeatureSet;
  /** In a worker: the limits that it shares with the other workers. */
  readonly sharedLimits: SharedLimits | undefined;
}

export class SignalingServer {
  readonly options: ServerOptions;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** @internal */
  readonly parts: SignalingServerParts;
  readonly #listen: typeof listen;
  readonly #fleet: Fleet | undefined;
  #listening: Listening | undefined;
  #stopTimers: (() => void) | undefined;
  #stopping: Promise<void> | undefined;
  readonly #hastened = new AbortController();
  #hasEnded: () => void = () => {};

  /** @param given must contain a node's number, which {@link startServer} chooses */
  constructor(given: Partial<ServerOptions> = {}, parts: ServerParts = {}) {
    this.options = { ...defaultServerOptions, ...given };
    const { options } = this;
    const clock = parts.clock ?? nodeClock;
    const log = boundedLog(parts.log ?? createLogger(options.logLevel, options.logFormat), () => clock.now());
    this.#listen = parts.listen ?? listen;
    this.ended = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
    const { bus, authenticator, fleet } = parts;
    this.#fleet = fleet;
    this.parts = {
      ...compose({ options, log, clock, bus, authenticator }),
      log,
      clock,
      features: new FeatureSet(),
      sharedLimits:
        fleet &&
        new SharedLimits(
          (changes) => fleet.limitsChanged(changes),
          () => clock.now(),
        ),
    };
    this.#shareLimits();
    if (fleet) {
      this.parts.metrics.textOfAll = () => fleet.metricsText();
      this.parts.inspector.fleet = { workers: fleet.workers, others: fleet.pages };
    }
    if (parts.hooks) tellHooks(parts.hooks, this.parts.signaling, log);
  }

  /** The port that it listens on; with port 0, the one that was chosen. */
  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** The port of `--stately-inspect`; 0 without one. */
  get statelyPort(): number {
    return this.parts.features.started.stately?.port ?? 0;
  }

  /** The port of `--health-port`; 0 without one. */
  get healthPort(): number {
    return this.parts.features.started.health?.port ?? 0;
  }

  /** The URL that clients connect to, at the first of its addresses. Node clients (`ws`) understand `ws+unix:`. */
  get url(): string {
    if (this.#listening?.url !== undefined) return this.#listening.url;
    const { options, port } = this;
    const [address] = listenAddresses(options.host);
    if (address?.kind !== 'tcp') return `ws+unix:${address?.path}:${options.basePath}/`;
    return `${usesTls(options) ? 'wss' : 'ws'}://${bracketed(address.host)}:${port}${options.basePath}/`;
  }

  /** @throws when the port is taken, the address does not belong to this machine, or the certificate is invalid */
  async start(): Promise<this> {
    try {
      await this.#start();
      return this;
    } catch (error) {
      // A server that cannot start leaves nothing running.
      await this.#endParts();
      this.#endRest();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { options, parts } = this;
    const { admission, telemetry, readiness, inspector, cluster, connections, clock, queue, features } =
      parts;
    await features.start({ ...parts, options });
    inspector.start();
    await cluster?.start();
    const addRoutes = (app: App) => {
      readiness.addRoutes(app);
      addDrainRoute(app, {
        drainMs: () => options.drainMs,
        drain: () => (this.#fleet ? this.#fleet.drain() : void this.drain()),
      });
      servePage(app, inspector);
      addSiteFacts(app, options, () => this.port);
      features.addRoutes(app);
    };
    const portChanged = (isOpen: boolean) => this.#portChanged(isOpen);
    this.#listening = await this.#listen(
      { options, admission, telemetry, portChanged, addRoutes },
      connections,
    );
    this.#stopTimers = driveTimers(queue.timers, clock);
    const addresses = listenAddresses(options.host).map((address) => textOf(address, this.port));
    const places = this.#listening.places ?? addresses.join(', ');
    parts.log.info({ event: 'server_starting' }, `Server starting on ${places}`);
  }

  /** The clients that are at this server, or that it waits for; of game rooms, those that are in a game. */
  sessions(): SessionInfo[] {
    return [...this.parts.sessions.values()].map(sessionInfo);
  }

  /**
   * Pairs two clients of this server, as if the first had asked for the second.
   * @param initiatorId as in {@link sessions}
   * @param details what the responder is told: any JSON value of at most 2 KiB
   * @throws {ControlError} when they cannot be paired; its `code` says why
   */
  pair(initiatorId: string, responderId: string, details: { metadata?: unknown } = {}): PairingInfo {
    return pairSessions(this.parts.signaling, [initiatorId, responderId], details.metadata);
  }

  /**
   * Ends a session: its client is closed with 1008, and does not come back by itself.
   * @param id as in {@link sessions}
   * @param reason told to the client: at most 123 bytes
   * @returns whether there was such a session
   * @throws {ControlError} when the reason is too long
   */
  end(id: string, reason = 'Ended by the server'): boolean {
    return endSession(this.parts.signaling, id, reason);
  }

  /**
   * Changes options while the server runs: those that `pairlane serve` changes on SIGHUP, and the certificate's files.
   * For an option that needs a restart, only a warning is logged.
   * @throws {OptionError} for options that are unknown or invalid, or if the certificate is invalid; nothing has
   * changed then
   */
  async reload(given: Partial<ServerOptions>): Promise<void> {
    const problems = serverOptionProblems(given);
    if (problems.length > 0) throw new OptionError(problems);
    const { log, origins } = this.parts;
    const asked = { ...defaultServerOptions, ...withoutUndefined(given), node: this.options.node };
    const next = withinDescriptors(asked, log);
    const hasNewCertificate = await this.#listening?.renewCertificate(next);
    const { reloadable, fixed } = changedOptions(this.options, next);
    Object.assign(this.options, Object.fromEntries(reloadable.map((name) => [name, next[name]])));
    origins.update(this.options);
    const changed = [
      ...(hasNewCertificate ? ['the certificate'] : []),
      ...reloadable.map((name) => `--${flagName(name)}`),
    ];
    log.info({ event: 'options_reloaded' }, `Options read again: ${changed.join(', ') || 'nothing'} changed`);
    for (const name of fixed)
      log.warn({ event: 'restart_needed' }, `--${flagName(name)} has changed: that needs a restart`);
    log.level = this.options.logLevel;
  }

  /**
   * Sends clients away one after another over the drain time, and then ends; see `Drain`. Without a drain time, it
   * stops at once.
   * @param signal when aborted, the server stops at once
   * @param isOfAll whether all nodes drain, so that clients find no other node to come back to
   */
  drain({ signal, isOfAll = false }: { signal?: AbortSignal; isOfAll?: boolean } = {}): Promise<void> {
    if (this.options.drainMs === 0 || signal?.aborted) return this.stop();
    signal?.addEventListener('abort', () => void this.stop(), { once: true });
    this.parts.drain.isOfAll = isOfAll;
    if (this.#listening && !this.parts.readiness.isDraining) this.parts.drain.start(() => void this.stop());
    return this.ended;
  }

  /**
   * Tells every client why (1001), sends what is left for webhooks and collectors, and ends.
   * @param signal when aborted, what is not sent yet is lost: the server waits for nobody outside
   */
  async stop({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (signal) this.#hastenBy(signal);
    if (!this.#listening) return this.#stopping;
    this.#stopping = this.#stop(this.#listening);
    return this.#stopping;
  }

  #hastenBy(signal: AbortSignal): void {
    const hasten = () => this.#hastened.abort();
    if (signal.aborted) hasten();
    else signal.addEventListener('abort', hasten);
    void this.ended.then(() => signal.removeEventListener('abort', hasten));
  }

  async #stop(listening: Listening): Promise<void> {
    const { log, drain, sessions, readiness, signaling, queue } = this.parts;
    log.info({ event: 'server_stopping' }, 'Server stopping');
    this.#listening = undefined;
    drain.stop();
    const { isDraining } = readiness;
    const all = [...sessions.values()];
    const hasClients = all.some(({ client }) => client.isOnline) || isDraining;
    // After a drain, sessions of absent clients end without notice: their clients will restore them.
    const left = isDraining ? all.filter(({ client }) => client.isOnline) : all;
    // In one batch, because nobody is told that a peer left when the whole server stops.
    queue.batch(() => {
      for (const session of left)
        signaling.sessions.close(session, closeCodes.goingAway, 'Server is stopping');
    });
    await this.#endParts();
    await listening.close(hasClients);
    this.#endRest();
    this.#hasEnded();
  }

  async #endParts(): Promise<void> {
    const { inspector, features, cluster } = this.parts;
    await inspector.stop();
    await cluster?.stop();
    await features.stop(this.#hastened.signal);
  }

  #endRest(): void {
    this.parts.features.close();
    this.#stopTimers?.();
    this.parts.metrics.stop();
  }

  #shareLimits(): void {
    const { sharedLimits, admission, signaling } = this.parts;
    if (!sharedLimits) return;
    admission.shareLimits(sharedLimits);
    sharedLimits.share('guesses', signaling.directory.guesses);
    sharedLimits.share('told_to_rooms', signaling.rooms.delivered);
  }

  #portChanged(isOpen: boolean): void {
    const { readiness, log } = this.parts;
    readiness[isOpen ? 'remove' : 'add']('out_of_descriptors');
    if (isOpen) log.info({ event: 'port_opened' }, 'File descriptors are available again: the port is open');
    else log.error({ event: 'port_closed' }, OUT_OF_DESCRIPTORS);
  }
}

/** Which options differ; first those that a running server can change. */
function changedOptions(before: ServerOptions, next: ServerOptions) {
  const names = Object.keys(serverOptions) as (keyof ServerOptions)[];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], next[name]));
  const isReloadable = (name: keyof ServerOptions) => (serverOptions[name] as Option).isReloadable === true;
  return {
    reloadable: changed.filter(isReloadable),
    fixed: changed.filter((name) => !isReloadable(name)),
  };
}

const OUT_OF_DESCRIPTORS =
  'Out of file descriptors: the port is closed until there are some again; raise the limit (ulimit -n, LimitNOFILE)';

/** Lowers the connection limits to what the process has file descriptors for, and logs it if they change. */
export function withinDescriptors(asked: ServerOptions, log: Logger): ServerOptions {
  const descriptors = descriptorLimit();
  const fitting = fitConnectionLimits(asked, descriptors);
  if (fitting !== asked)
    log.info(
      { event: 'limits_lowered' },
      `This process can have ${descriptors} file descriptors: it accepts ${fitting.maxConnections} clients ` +
        `(--max-connections) and ${fitting.maxHttpConnections} other connections (--max-http-connections)`,
    );
  return fitting;
}
