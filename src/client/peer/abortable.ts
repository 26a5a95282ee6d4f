/** Waits that whoever waits may give up, by an AbortSignal. */
import { PairlaneError } from './errors.ts';

/** What may be said with everything that waits. */
export interface Abortable {
  /** Gives the wait up, which fails with `aborted` then; its reason is the error's `cause`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param start what is waited for; it is not started when the signal is aborted already
 * @param abandon makes it fail with the error
 */
export function abortable<Value>(
  signal: AbortSignal | undefined,
  start: () => Promise<Value>,
  abandon: (error: PairlaneError) => void,
): Promise<Value> {
  if (!signal) return start();
  const abort = () => abandon(abortedBy(signal));
  if (signal.aborted) return Promise.reject(abortedBy(signal));
  signal.addEventListener('abort', abort);
  return start().finally(() => signal.removeEventListener('abort', abort));
}

export function abortedBy(signal: AbortSignal | undefined): PairlaneError {
  return new PairlaneError('aborted', '', { cause: signal?.reason });
}
