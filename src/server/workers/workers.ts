/**
 * `pairlane serve --workers`: processes that share the port, each a node, with a bus between them. This process serves
 * no clients itself: it starts the workers, replaces each that ends, and answers for all of them where necessary.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { listenAddresses, tcpHosts, textOf } from '../../common/listen-address.ts';
import { OptionError } from '../../common/options.ts';
import { Origins } from '../admission/origins.ts';
import { serverOptionProblems } from '../check-server-options.ts';
import { LocalBusHub } from '../cluster/bus/local-bus.ts';
import { healthAnswers } from '../health-answers.ts';
import type { Answer } from '../http/answer.ts';
import { freePort, refuseTaken } from '../http/bind.ts';
import { type HealthListener, listenForHealth } from '../http/health-listener.ts';
import { MAX_NODE_ID, randomNodeId } from '../node-id.ts';
import type { ServerOptions } from '../options.ts';
import { failedRequests } from '../telemetry/failed-requests.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { METRICS_TYPE } from '../telemetry/metrics.ts';
import { LimitRelay } from './limit-relay.ts';
import { countersOf, mergeMetrics } from './merge-metrics.ts';
import { PageRelay } from './page-relay.ts';
import type { WorkerMetrics } from './worker-messages.ts';
import { workerProblems } from './worker-problems.ts';
import { WorkerProcess } from './worker-process.ts';

/** A worker that ended sooner is not restarted at once, or restarting would keep a core busy. */
const SHORT_LIFE_MS = 5_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** How long workers may take to end, in addition to the drain time. */
const END_MS = 5_000;

const NONE_READY: Answer = { status: '503 Service Unavailable', body: 'not ready: no worker serves\n' };

export class Workers {
  readonly log: Logger;
  /** Resolves when all workers have ended on request. */
  readonly ended: Promise<void>;
  readonly #count: number;
  #options: ServerOptions;
  readonly #hub = new LocalBusHub();
  readonly #limits = new LimitRelay();
  readonly #pages = new PageRelay();
  readonly #running = new Map<number, WorkerProcess>();
  readonly #pauses = new Map<number, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** The counters of workers that have ended, since a counter never decreases. */
  #past: readonly WorkerMetrics[] = [];
  #metrics: Promise<string> | undefined;
  #health: HealthListener | undefined;
  #isStarted = false;
  #isEnding = false;
  #hasEnded: () => void = () => {};

  constructor(count: number, options: ServerOptions) {
    this.#count = count;
    // All workers use the same secret; otherwise a client could not resume after its worker died.
    this.#options = { ...options, secret: options.secret ?? randomBytes(32).toString('base64url') };
    this.log = createLogger(options.logLevel, options.logFormat);
    this.ended = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
  }

  /** The TCP port, once the server has started. */
  get port(): number {
    return this.#options.port;
  }

  /** @throws {OptionError} for invalid options; another error if the port is taken, or a worker cannot serve */
  async start(): Promise<this> {
    const problems = [...serverOptionProblems(this.#options), ...workerProblems(this.#options)];
    if (problems.length > 0) throw new OptionError(problems);
    const addresses = listenAddresses(this.#options.host);
    for (const address of addresses) await refuseTaken(address, this.#options.port);
    this.#options = { ...this.#options, port: await this.#choosePort() };
    try {
      this.#health = await this.#listenForHealth();
      // The first worker starts alone: what is wrong with it is wrong for all, and should be reported once.
      await this.#launch(1);
      await Promise.all(Array.from({ length: this.#count - 1 }, (_, at) => this.#launch(at + 2)));
    } catch (error) {
      this.#isEnding = true;
      this.#health?.close();
      for (const worker of this.#running.values()) worker.kill();
      throw error;
    }
    this.#isStarted = true;
    const places = addresses.map((address) => textOf(address, this.#options.port)).join(', ');
    this.log.info({ event: 'workers_started' }, `${this.#count} workers serve on ${places}`);
    return this;
  }

  /**
   * Applies new options to running workers and to those started later.
   * @throws {OptionError}
   */
  async reload(given: ServerOptions): Promise<void> {
    const problems = [...serverOptionProblems(given), ...workerProblems(given)];
    if (problems.length > 0) throw new OptionError(problems);
    const { port, secret, node, healthPort } = this.#options;
    this.#options = { ...given, port, secret, node, healthPort };
    this.log.level = given.logLevel;
    for (const { number, send } of this.#each()) send({ type: 'reload', options: this.#optionsOf(number) });
  }

  /** All workers send their clients away over the drain time, then end. */
  async drain(): Promise<void> {
    if (this.#options.drainMs === 0) return this.stop();
    if (!this.#isEnding) {
      this.#end(this.#options.drainMs + END_MS);
      for (const { send } of this.#each()) send({ type: 'drain' });
    }
    return this.ended;
  }

  /** All workers tell their clients why, and end. */
  async stop(): Promise<void> {
    this.#end(END_MS);
    for (const { send } of this.#each()) send({ type: 'stop' });
    return this.ended;
  }

  #end(withinMs: number): void {
    this.#isEnding = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const deadline = setTimeout(() => {
      for (const worker of this.#running.values()) worker.kill();
    }, withinMs);
    deadline.unref();
    this.#finish();
  }

  #finish(): void {
    if (!this.#isEnding || this.#running.size > 0) return;
    this.#health?.close();
    this.#hasEnded();
  }

  *#each(): Iterable<{ number: number; send: WorkerProcess['send'] }> {
    for (const worker of [...this.#running.values()])
      yield { number: worker.number, send: (message) => worker.send(message) };
  }

  async #launch(number: number): Promise<void> {
    const since = performance.now();
    const options = this.#optionsOf(number);
    const worker = new WorkerProcess({
      hub: this.#hub,
      start: {
        type: 'start',
        worker: number,
        workers: this.#count,
        options,
        isOnBus: this.#options.nats === undefined,
      },
      ended: (how) => this.#ended(worker, how, performance.now() - since),
      limits: this.#limits,
      pages: this.#pages,
      metricsWanted: () => this.#metricsText(),
      drainWanted: () => void this.drain(),
    });
    this.#running.set(number, worker);
    const { pid } = worker;
    const { node } = options;
    this.log.info(
      { event: 'worker_started', worker: number, pid, node },
      `Worker ${number} is process ${pid} and node ${node}`,
    );
    await worker.started;
  }

  #ended(worker: WorkerProcess, how: string, livedMs: number): void {
    const { number } = worker;
    this.#running.delete(number);
    this.#past = [...this.#past, countersOf(worker.metrics)];
    this.#finish();
    if (this.#isEnding || !this.#isStarted) return;
    const pauseMs = livedMs >= SHORT_LIFE_MS ? 0 : (this.#pauses.get(number) ?? FIRST_PAUSE_MS);
    this.#pauses.set(number, Math.min(Math.max(2 * pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS));
    this.log.error(
      { event: 'worker_ended', worker: number },
      `Worker ${number} ended by ${how}; another one starts in ${pauseMs} ms`,
    );
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // If it cannot serve, it exits, and its exit is handled again.
      void this.#launch(number).catch((error: Error) =>
        this.log.error({ event: 'worker_failed', worker: number }, `Worker ${number}: ${error.message}`),
      );
    }, pauseMs);
    this.#timers.add(timer);
  }

  /**
   * Limits of the whole server are divided among the workers; limits per address are counted across all workers by
   * {@link LimitRelay}.
   */
  #optionsOf(number: number): ServerOptions {
    const options = this.#options;
    const share = (limit: number) => Math.ceil(limit / this.#count);
    const [isPretty, node] = [
      options.logFormat === 'auto' && process.stdout.isTTY === true,
      options.node === 0 ? randomNodeId() : ((options.node + number - 2) % MAX_NODE_ID) + 1,
    ];
    return {
      ...options,
      node,
      healthPort: undefined,
      logFormat: isPretty ? 'pretty' : options.logFormat,
      maxConnections: share(options.maxConnections),
      maxHttpConnections: share(options.maxHttpConnections),
      maxMessagesPerAddress: share(options.maxMessagesPerAddress),
      maxWaitingBytes: share(options.maxWaitingBytes),
      maxSubscriptions: share(options.maxSubscriptions),
      recordFiles: share(options.recordFiles),
      record: options.record && join(options.record, `worker-${number}`),
    };
  }

  async #choosePort(): Promise<number> {
    const { port, host } = this.#options;
    const isTcp = listenAddresses(host).some(({ kind }) => kind === 'tcp');
    return port === 0 && isTcp ? freePort(tcpHosts(host)[0]) : port;
  }

  async #listenForHealth(): Promise<HealthListener | undefined> {
    const { host, healthPort } = this.#options;
    if (healthPort === undefined) return undefined;
    const answers = healthAnswers({
      origins: new Origins(this.#options),
      readiness: () => this.#readiness(),
      metrics: async () => ({ type: METRICS_TYPE, text: await this.#metricsText() }),
    });
    const failed = failedRequests(this.log);
    const health = await listenForHealth({ hosts: tcpHosts(host), port: healthPort, answers, failed });
    this.log.info({ event: 'health_listening' }, `Health checks on port ${health.port}`);
    return health;
  }

  /** Concurrent requests share one result. */
  #metricsText(): Promise<string> {
    this.#metrics ??= this.#gather().finally(() => {
      this.#metrics = undefined;
    });
    return this.#metrics;
  }

  async #gather(): Promise<string> {
    const states = await Promise.all([...this.#running.values()].map((worker) => worker.state()));
    // The metrics of ended workers are merged into one set, however many there are.
    this.#past = [await mergeMetrics(this.#past).values];
    return mergeMetrics([...this.#past, ...states.map((state) => state?.metrics ?? [])]).text();
  }

  /** Ready if any worker is. */
  async #readiness(): Promise<Answer> {
    const states = await Promise.all([...this.#running.values()].map((worker) => worker.state()));
    const answers = states.flatMap((state) => (state ? [state.readiness] : []));
    return answers.find(({ status }) => status === undefined) ?? answers[0] ?? NONE_READY;
  }
}
