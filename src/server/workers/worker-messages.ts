/** The messages between a worker and the primary process that started it. */
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { LimitChange } from '../admission/shared-limits.ts';
import type { BusNotice, BusRequest } from '../cluster/bus/workers/worker-bus.ts';
import type { Answer } from '../http/answer.ts';
import type { ServerOptions } from '../options.ts';
import type { PageNotice, PageRequest } from './page-relay.ts';

/** The metrics of one worker. */
export type WorkerMetrics = readonly MetricObjectWithValues<MetricValue<string>>[];

export type ToWorker =
  /**
   * @param isOnBus whether the workers are nodes on the bus between them; otherwise on the one that the options name
   */
  | {
      readonly type: 'start';
      readonly worker: number;
      /** How many workers there are. */
      readonly workers: number;
      readonly options: ServerOptions;
      readonly isOnBus: boolean;
    }
  | { readonly type: 'reload'; readonly options: ServerOptions }
  | { readonly type: 'drain' }
  | { readonly type: 'stop' }
  | { readonly type: 'bus'; readonly notice: BusNotice }
  | { readonly type: 'state_wanted' }
  /** The answer to `metrics_wanted`: the metrics of all workers. */
  | { readonly type: 'metrics'; readonly text: string }
  /** What other workers count per address. */
  | { readonly type: 'limits'; readonly changes: readonly LimitChange[] }
  | { readonly type: 'page'; readonly notice: PageNotice };

export type ToPrimary =
  /** The worker is ready to receive messages. */
  | { readonly type: 'loaded' }
  | { readonly type: 'started' }
  /** @param problems with the options, if these are the cause */
  | { readonly type: 'failed'; readonly message: string; readonly problems?: readonly string[] }
  | { readonly type: 'bus'; readonly request: BusRequest }
  /**
   * The answer to `state_wanted`.
   * @param readiness the answer for a load balancer
   */
  | { readonly type: 'state'; readonly metrics: WorkerMetrics; readonly readiness: Answer }
  | { readonly type: 'metrics_wanted' }
  /** Changes to this worker's counts per address. */
  | { readonly type: 'limits'; readonly changes: readonly LimitChange[] }
  | { readonly type: 'page'; readonly request: PageRequest }
  /** This worker was asked to drain, which is meant for all of them. */
  | { readonly type: 'drain_wanted' };
