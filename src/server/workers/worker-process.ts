/** One worker as seen by the primary process. */
import cluster, { type Worker } from 'node:cluster';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OptionError } from '../../common/options.ts';
import type { LocalBusHub } from '../cluster/bus/local-bus.ts';
import { WorkerSeat } from '../cluster/bus/workers/worker-bus.ts';
import type { Answer } from '../http/answer.ts';
import type { LimitRelay, LimitSeat } from './limit-relay.ts';
import { forwardLines } from './line-forwarder.ts';
import type { PageRelay } from './page-relay.ts';
import type { ToPrimary, ToWorker, WorkerMetrics } from './worker-messages.ts';

export interface WorkerState {
  readonly metrics: WorkerMetrics;
  readonly readiness: Answer;
}

export interface WorkerProcessDeps {
  readonly hub: LocalBusHub;
  readonly start: Extract<ToWorker, { type: 'start' }>;
  readonly ended: (how: string) => void;
  readonly limits: LimitRelay;
  readonly pages: PageRelay;
  readonly metricsWanted: () => Promise<string>;
  readonly drainWanted: () => void;
}

const ENTRY = new URL(`./worker-main${extname(import.meta.url)}`, import.meta.url);
/** How long a worker may take to report its state; a slower one is left out. */
const STATE_TIMEOUT_MS = 2_000;

export class WorkerProcess {
  readonly number: number;
  /** The metrics that it reported last. */
  metrics: WorkerMetrics = [];
  /** Resolves when the worker serves; rejects if it cannot, or ends before. */
  readonly started: Promise<void>;
  readonly #worker: Worker;
  readonly #seat: WorkerSeat;
  #limits: LimitSeat | undefined;
  #hasStarted: (error?: Error) => void = () => {};
  #stateKnown: ((state: WorkerState | undefined) => void)[] = [];
  #isOver = false;

  constructor({ hub, start, ended, limits, pages, metricsWanted, drainWanted }: WorkerProcessDeps) {
    this.number = start.worker;
    // Structured clone keeps strings and binary data unchanged.
    cluster.setupPrimary({ exec: fileURLToPath(ENTRY), args: [], silent: true, serialization: 'advanced' });
    const worker = cluster.fork();
    this.#worker = worker;
    this.#seat = new WorkerSeat(hub, (notice) => this.send({ type: 'bus', notice }));
    this.started = new Promise((resolve, reject) => {
      this.#hasStarted = (error) => (error ? reject(error) : resolve());
    });
    // The caller handles the rejection; here it must not end the process as unhandled.
    this.started.catch(() => {});
    const { stdout, stderr } = worker.process;
    if (stdout) forwardLines(stdout, process.stdout);
    if (stderr) forwardLines(stderr, process.stderr);
    worker.on('message', (message: ToPrimary) => {
      switch (message.type) {
        case 'loaded':
          this.send(start);
          return;
        case 'started':
          this.#limits = limits.join((changes) => this.send({ type: 'limits', changes }));
          pages.join(this.number, start.options.node, (notice) => this.send({ type: 'page', notice }));
          this.#hasStarted();
          return;
        case 'failed':
          this.#hasStarted(message.problems ? new OptionError(message.problems) : new Error(message.message));
          return;
        case 'bus':
          this.#seat.asked(message.request);
          return;
        case 'state':
          this.metrics = message.metrics;
          this.#tellState(message);
          return;
        case 'limits':
          this.#limits?.told(message.changes);
          return;
        case 'page':
          pages.asked(this.number, message.request);
          return;
        case 'metrics_wanted':
          void metricsWanted().then((text) => this.send({ type: 'metrics', text }));
          return;
        case 'drain_wanted':
          drainWanted();
          return;
      }
    });
    // If the channel breaks, the worker's exit follows.
    worker.on('error', () => {});
    worker.once('exit', (code, signal) => {
      this.#isOver = true;
      const how = signal ?? `status ${code}`;
      this.#seat.leave();
      this.#limits?.leave();
      pages.leave(this.number);
      this.#tellState(undefined);
      this.#hasStarted(new Error(`A worker ended before it served, by ${how}`));
      ended(how);
    });
  }

  send(message: ToWorker): void {
    if (!this.#isOver && this.#worker.isConnected()) this.#worker.send(message, () => {});
  }

  /** Its metrics, and its readiness for a load balancer; undefined if it does not report them in time. */
  state(): Promise<WorkerState | undefined> {
    return new Promise((resolve) => {
      if (this.#isOver) return resolve(undefined);
      const timer = setTimeout(() => resolve(undefined), STATE_TIMEOUT_MS);
      this.#stateKnown.push((state) => {
        clearTimeout(timer);
        resolve(state);
      });
      this.send({ type: 'state_wanted' });
    });
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  #tellState(state: WorkerState | undefined): void {
    for (const known of this.#stateKnown.splice(0)) known(state);
  }
}
