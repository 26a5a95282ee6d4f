/** What a worker and the process that started it say to each other. */
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { LimitChange } from '../admission/shared-limits.ts';
import type { BusNotice, BusRequest } from '../cluster/bus/workers/worker-bus.ts';
import type { Answer } from '../http/answer.ts';
import type { ServerOptions } from '../options.ts';
import type { PageNotice, PageRequest } from './page-relay.ts';

/** What one worker counts. */
export type WorkerMetrics = readonly MetricObjectWithValues<MetricValue<string>>[];

export type ToWorker =
  /** @param isOnBus whether the workers are nodes of the bus between them; else of the one that the options name */
  | {
      readonly type: 'start';
      readonly worker: number;
      /** How many there are. */
      readonly workers: number;
      readonly options: ServerOptions;
      readonly isOnBus: boolean;
    }
  | { readonly type: 'reload'; readonly options: ServerOptions }
  | { readonly type: 'drain' }
  | { readonly type: 'stop' }
  | { readonly type: 'bus'; readonly notice: BusNotice }
  | { readonly type: 'state_wanted' }
  /** The answer to `metrics_wanted`: those of all workers. */
  | { readonly type: 'metrics'; readonly text: string }
  /** What other workers count of addresses. */
  | { readonly type: 'limits'; readonly changes: readonly LimitChange[] }
  | { readonly type: 'page'; readonly notice: PageNotice };

export type ToPrimary =
  /** It listens to messages. */
  | { readonly type: 'loaded' }
  | { readonly type: 'started' }
  /** @param problems with the options, if they are why */
  | { readonly type: 'failed'; readonly message: string; readonly problems?: readonly string[] }
  | { readonly type: 'bus'; readonly request: BusRequest }
  /** The answer to `state_wanted`. @param readiness what a balancer is told */
  | { readonly type: 'state'; readonly metrics: WorkerMetrics; readonly readiness: Answer }
  | { readonly type: 'metrics_wanted' }
  /** What addresses took from their limits here. */
  | { readonly type: 'limits'; readonly changes: readonly LimitChange[] }
  | { readonly type: 'page'; readonly request: PageRequest }
  /** Somebody asked this worker to drain, and means all of them. */
  | { readonly type: 'drain_wanted' };
