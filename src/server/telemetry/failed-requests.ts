/** Logs and counts HTTP requests that failed because of a bug of ours. */
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** @param metrics left out: nobody counts them */
export function failedRequests(
  log: Logger,
  metrics?: Pick<Metrics, 'refused'>,
): (route: string, error: unknown) => void {
  return (route, error) => {
    metrics?.refused.add('internal_error');
    log.error({ event: 'request_failed', route, err: error }, `A request for ${route} failed`);
  };
}
