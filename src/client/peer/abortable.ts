/** Waits that callers can give up, or cut short, with an AbortSignal. */
import { PairlaneError } from './errors.ts';

/** An option of everything that waits. */
export interface Abortable {
  /** Gives the wait up: it fails with `aborted`, and the signal's reason is the error's `cause`. */
  readonly signal?: AbortSignal | undefined;
}

/** An option of everything that ends something, which ends in any case. */
export interface CutShort {
  /** Cuts the wait short: what was sent need not arrive any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param start starts what is waited for; not called if the signal is already aborted
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

/**
 * @param ended resolves at the end, which the signal hastens
 * @param hasten makes the end come at once
 */
export function cutShort(
  signal: AbortSignal | undefined,
  ended: Promise<void>,
  hasten: () => void,
): Promise<void> {
  if (!signal) return ended;
  if (signal.aborted) hasten();
  else signal.addEventListener('abort', hasten);
  return ended.finally(() => signal.removeEventListener('abort', hasten));
}

export function abortedBy(signal: AbortSignal | undefined): PairlaneError {
  return new PairlaneError('aborted', '', { cause: signal?.reason });
}
