/**
 * The server's metrics for Prometheus. Counting only adds to a number; everything else happens when metrics are
 * requested. Ids, addresses and keys are never labels: they would reveal who talks to whom, and grow without end.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import {
  type Aggregator,
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { AnyStateMachine, StateValue } from 'xstate';
import { systemClock } from '../../common/clock.ts';
import {
  describeTrigger,
  stateNodesOf,
  transitionsFrom,
  triggerOf,
} from '../../machines/chart/transition-names.ts';
import type { Hosted, MachineHost } from '../../machines/index.ts';

/** The media type of the Prometheus text format. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** What a part of the server counts, for the metrics to show. */
export interface Measured {
  readonly hosts?: readonly Host[];
  readonly sessions?: ReadonlyMap<unknown, InState>;
  readonly pairings?: Iterable<InState>;
  readonly players?: () => Iterable<InState>;
  /** For each reason why the server wants no clients: whether it applies. */
  readonly readiness?: { counts(): Iterable<readonly [string, number]> };
  readonly waiting?: { readonly total: number };
}

type InState = { readonly value: StateValue };
type Host = Pick<MachineHost<AnyStateMachine, Hosted<unknown>>, 'machine' | 'taken'>;

/** Rendering walks every session, so more frequent requests get the same text again. */
const RENDER_INTERVAL_MS = 1_000;

export class Counts extends Map<string, number> {
  add(name: string, amount = 1): void {
    this.set(name, (this.get(name) ?? 0) + amount);
  }
}

export class Metrics {
  /** Messages from clients, by type. */
  readonly received = new Counts();
  /** By kind: an error code, a reason to refuse a connection, or a reason to close a session. */
  readonly refused = new Counts();
  /** Events for `--event-webhook`: `delivered` and `lost`. */
  readonly webhookEvents = new Counts();
  /** Spans for `--otlp-url`: `sent` and `lost`. */
  readonly traceSpans = new Counts();
  /** TCP connections other than clients' WebSockets. */
  httpConnections: () => number = () => 0;
  /** In a worker: returns the text for all workers together; undefined if there is only this process. */
  textOfAll: (() => Promise<string>) | undefined;
  bytesReceived = 0;
  bytesSent = 0;
  readonly #registry = new Registry();
  readonly #eventLoop: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  readonly #now: () => number;
  readonly #measured: Measured[] = [];
  #rendered: Promise<string> | undefined;
  #renderedAt = 0;

  /** @param now returns milliseconds of the server's clock */
  constructor(now: () => number = systemClock.now) {
    this.#now = now;
    this.#eventLoop.enable();
    const { received, refused } = this;
    this.#gauge('pairlane_sessions', 'Sessions, by the state of their machine.', ['state'], () =>
      byState(this.#all(({ sessions }) => sessions?.values())),
    );
    this.#gauge(
      'pairlane_pairings',
      'Pairings, by the state of their machine; including those of game rooms. One across nodes is counted at its initiator’s.',
      ['state'],
      () => byState(this.#all(({ pairings }) => pairings)),
    );
    this.#gauge(
      'pairlane_players',
      'Clients of game rooms, by state: `joined` to a game, or `outside`.',
      ['state'],
      () => byState(this.#all(({ players }) => players?.())),
    );
    this.#gauge('pairlane_http_connections', 'TCP connections that are not WebSockets.', ['state'], () => [
      ['open', this.httpConnections()],
    ]);
    this.#gauge(
      'pairlane_waiting_bytes',
      'Bytes that clients have not acked, or that wait for them.',
      ['state'],
      () => [['unacked', this.#measured.reduce((sum, { waiting }) => sum + (waiting?.total ?? 0), 0)]],
    );
    this.#gauge(
      'pairlane_unready',
      'Whether /readyz is 503, by reason.',
      ['reason'],
      () => this.#all(({ readiness }) => readiness?.counts()),
      'max',
    );
    this.#counter(
      'pairlane_messages_received_total',
      'Valid messages from clients, by type.',
      ['type'],
      () => received,
    );
    this.#counter(
      'pairlane_refusals_total',
      'Refusals, by kind: an error code, a limit, or `origin`.',
      ['kind'],
      () => refused,
    );
    this.#counter(
      'pairlane_webhook_events_total',
      'Events for --event-webhook, by outcome: `delivered` or `lost`.',
      ['outcome'],
      () => this.webhookEvents,
    );
    this.#counter(
      'pairlane_trace_spans_total',
      'Spans for --otlp-url, by outcome: `sent` or `lost`.',
      ['outcome'],
      () => this.traceSpans,
    );
    this.#counter('pairlane_bytes_total', 'Bytes of messages, `received` and `sent`.', ['direction'], () => [
      ['received', this.bytesReceived],
      ['sent', this.bytesSent],
    ]);
    this.#counter(
      'pairlane_transitions_total',
      'How often each transition of a machine was taken. `from` is `any` for a transition of all states; `to` is `from` if the state stays.',
      ['machine', 'from', 'event', 'to'],
      () => taken(this.#all(({ hosts }) => hosts)),
    );
    this.#gauge(
      'pairlane_event_loop_delay_seconds',
      'Delay of the event loop since the last scrape: median, 99th percentile and longest.',
      // The label `quantile` is reserved for summaries: https://prometheus.io/docs/instrumenting/writing_exporters/
      ['percentile'],
      () => {
        const delays = [50, 99, 100].map((percentile): [string, number] => [
          `${percentile}`,
          this.#eventLoop.percentile(percentile) / 1e9,
        ]);
        this.#eventLoop.reset();
        return delays;
      },
      'max',
    );
    this.#gauge(
      'pairlane_memory_bytes',
      'Memory of the process, by kind: `rss`, `heapUsed`, ...',
      ['kind'],
      () => Object.entries(process.memoryUsage()),
    );
  }

  /** Adds a part of the server; its counts are read whenever metrics are requested. */
  measure(part: Measured): void {
    this.#measured.push(part);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in the Prometheus text format; rendered at most once per second, however many requests there are. */
  text(): Promise<string> {
    const now = this.#now();
    if (!this.#rendered || now - this.#renderedAt >= RENDER_INTERVAL_MS) {
      this.#rendered = this.textOfAll ? this.textOfAll() : this.#registry.metrics();
      this.#renderedAt = now;
    }
    return this.#rendered;
  }

  /** The same as values, for this process alone. */
  values(): Promise<MetricObjectWithValues<MetricValue<string>>[]> {
    return this.#registry.getMetricsAsJSON();
  }

  /** Name, type, description and labels of each metric, for docs/operations.md. */
  describe(): readonly { name: string; type: string; help: string; labels: readonly string[] }[] {
    return this.#registry.getMetricsAsArray().map((metric) => {
      const { name, help, labelNames } = metric as unknown as {
        name: string;
        help: string;
        labelNames: string[];
      };
      return { name, type: metric instanceof Gauge ? 'gauge' : 'counter', help, labels: labelNames };
    });
  }

  stop(): void {
    this.#eventLoop.disable();
  }

  #all<Item>(read: (part: Measured) => Iterable<Item> | undefined): Item[] {
    return this.#measured.flatMap((part) => [...(read(part) ?? [])]);
  }

  #gauge(
    name: string,
    help: string,
    labels: [string],
    read: () => Iterable<readonly [string, number]>,
    /** How the values of several workers are combined. */
    aggregator: Aggregator = 'sum',
  ): void {
    const registers = [this.#registry];
    new Gauge({
      aggregator,
      name,
      help,
      labelNames: labels,
      registers,
      collect() {
        this.reset();
        for (const [label, value] of read()) this.set({ [labels[0]]: label }, value);
      },
    });
  }

  #counter(
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Iterable<readonly [label: string | readonly string[], value: number]>,
  ): void {
    const registers = [this.#registry];
    new Counter({
      name,
      help,
      labelNames: [...labels],
      registers,
      collect() {
        this.reset();
        // In the order of the label names.
        for (const [values, value] of read()) this.labels(...[values].flat()).inc(value);
      },
    });
  }
}

function byState(instances: Iterable<InState>): Counts {
  // Sessions in the same state share the value, so this counts objects, and formats each only once.
  const values = new Map<StateValue, number>();
  for (const { value } of instances) values.set(value, (values.get(value) ?? 0) + 1);
  const counts = new Counts();
  for (const [value, count] of values) counts.add(spell(value), count);
  return counts;
}

/** `present.pairings.unpaired present.request.idle present.socket.online.heard` */
function spell(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .flatMap(([state, child]) =>
      spell(child ?? '')
        .split(' ')
        .map((rest) => `${state}.${rest}`),
    )
    .join(' ');
}

/** By machine, from, event, to; several transitions may share these, and several hosts the same machine. */
function taken(hosts: readonly Host[]): [string[], number][] {
  return hosts.flatMap(({ machine, taken: counts }) => {
    const { id } = machine;
    /** Relative to the machine: the root, whose transitions apply in every state, is `any`. */
    const within = (state: string) => (state === id ? 'any' : state.slice(id.length + 1));
    return stateNodesOf(machine.root).flatMap((node) =>
      transitionsFrom(node).map((transition): [string[], number] => {
        const from = within(node.id);
        const to = (transition.target ?? []).map((target) => within(target.id)).join(' ');
        const labels = [id, from, describeTrigger(triggerOf(transition)), to === '' ? from : to];
        return [labels, counts.get(transition) ?? 0];
      }),
    );
  });
}
