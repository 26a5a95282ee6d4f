/** How long to wait before something is tried again. */

/**
 * Full jitter: a random part of a bound that doubles with each attempt, so that those who lost the same server do not
 * come back in step (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 * @param attempts how many have failed since the last success, this one not counted
 * @param random from 0 to 1
 * @returns milliseconds
 */
export function fullJitter(
  { baseMs, capMs }: { readonly baseMs: number; readonly capMs: number },
  attempts: number,
  random: number,
): number {
  return random * Math.min(capMs, baseMs * 2 ** attempts);
}
