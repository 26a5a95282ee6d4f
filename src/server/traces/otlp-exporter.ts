/**
 * Sends spans to a collector by OTLP over HTTP, as JSON, in batches. What the collector does not accept waits for the
 * next time; if too much waits, the oldest spans are lost, and counted.
 */
import type { Clock } from '../../common/clock.ts';
import { fetchBounded } from '../http/bounded-fetch.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Counts } from '../telemetry/metrics.ts';
import type { OtlpHeaders } from './otlp-headers.ts';
import { otlpRequest, type Span } from './spans.ts';

export interface OtlpExporterOptions {
  /** The collector's URL, such as http://localhost:4318; `v1/traces` is appended to its path. */
  readonly url: string;
  /** Sent with each request. */
  readonly headers: OtlpHeaders;
  /** Attributes of this server: service.name and the like. */
  readonly resource: Span['attributes'];
}

export interface OtlpExporterDeps {
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Logger;
  /** `sent` and `lost`. */
  readonly counts: Counts;
}

const PERIOD_MS = 2_000;
const REQUEST_MS = 10_000;
/** How long the end of the server waits for the last spans. */
const STOP_MS = 2_000;
/** Per request. */
const MAX_BATCH = 512;
/** The most spans that wait, of a few KiB each. */
const MAX_WAITING = 4_096;
/** For the answer, which is ignored. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** The status codes after which a request may be repeated (OTLP, "Retryable Response Codes"). */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export class OtlpExporter {
  readonly #options: OtlpExporterOptions;
  readonly #deps: OtlpExporterDeps;
  readonly #endpoint: string;
  readonly #stopTimer: () => void;
  readonly #hastened = new AbortController();
  #waiting: Span[] = [];
  #sending: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: OtlpExporterOptions, deps: OtlpExporterDeps) {
    this.#options = options;
    this.#deps = deps;
    const url = new URL(options.url);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
    this.#endpoint = url.href;
    this.#stopTimer = deps.clock.every(PERIOD_MS, () => void this.#flush());
  }

  add(...spans: readonly Span[]): void {
    this.#waiting.push(...spans);
    const excess = this.#waiting.length - MAX_WAITING;
    if (excess > 0) this.#lose(this.#waiting.splice(0, excess));
  }

  /**
   * Sends what waits, once, for at most two seconds.
   * @param signal when aborted, what is not sent yet is lost
   */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopTimer();
    if (signal.aborted) this.#hastened.abort();
    else signal.addEventListener('abort', () => this.#hastened.abort());
    const stopWaiting = this.#deps.clock.every(STOP_MS, () => this.#hastened.abort());
    await this.#sending;
    await this.#flush();
    stopWaiting();
    this.#lose(this.#waiting.splice(0));
  }

  #flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#hastened.signal.aborted) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      if (await this.#send(batch)) continue;
      this.#waiting.unshift(...batch);
      this.add();
      return;
    }
  }

  /** @returns false if it should be tried again */
  async #send(batch: readonly Span[]): Promise<boolean> {
    try {
      const { status } = await fetchBounded(
        this.#endpoint,
        {
          method: 'POST',
          headers: { ...this.#options.headers, 'content-type': 'application/json' },
          body: otlpRequest(batch, this.#options.resource),
          signal: AbortSignal.any([AbortSignal.timeout(REQUEST_MS), this.#hastened.signal]),
        },
        MAX_ANSWER_BYTES,
      );
      if (status >= 200 && status < 300) {
        this.#deps.counts.add('sent', batch.length);
        this.#recovered();
        return true;
      }
      this.#failed(`it answers ${status}`);
      if (AGAIN.has(status)) return false;
      this.#lose(batch);
      return true;
    } catch (error) {
      this.#failed((error as Error).message);
      return false;
    }
  }

  #lose(spans: readonly Span[]): void {
    if (spans.length > 0) this.#deps.counts.add('lost', spans.length);
  }

  #failed(problem: string): void {
    if (!this.#isFailing)
      this.#deps.log.warn({ event: 'traces_failed' }, `The collector does not accept traces: ${problem}`);
    this.#isFailing = true;
  }

  #recovered(): void {
    if (this.#isFailing)
      this.#deps.log.info({ event: 'traces_recovered' }, 'The collector accepts traces again');
    this.#isFailing = false;
  }
}
