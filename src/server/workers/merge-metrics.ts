/** Merges the metrics of several workers: each metric says whether the result is the sum or the maximum. */
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import type { WorkerMetrics } from './worker-messages.ts';

export interface MergedMetrics {
  readonly values: Promise<WorkerMetrics>;
  text(): Promise<string>;
}

export function mergeMetrics(all: readonly WorkerMetrics[]): MergedMetrics {
  const registry = AggregatorRegistry.aggregate([...all] as object[]);
  return {
    get values() {
      return registry.getMetricsAsJSON() as Promise<MetricObjectWithValues<MetricValue<string>>[]>;
    },
    text: () => registry.metrics(),
  };
}

/** The metrics that only grow. */
export function countersOf(metrics: WorkerMetrics): WorkerMetrics {
  return metrics.filter(({ type }) => `${type}` === 'counter');
}
