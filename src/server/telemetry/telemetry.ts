/** A server's log, its metrics, and the log of refusals. */
import type { Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import { RefusalLog } from './refusal-log.ts';

export class Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly refusals: RefusalLog;

  /** @param now returns milliseconds of the server's clock */
  constructor(log: Logger, now: () => number) {
    this.log = log;
    this.metrics = new Metrics(now);
    this.refusals = new RefusalLog(log, now);
  }
}
