/** How long to wait before trying again. */

/**
 * Full jitter: a random part of a bound that doubles with each attempt, so that clients that lost the same server do
 * not come back all at once (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 * @param attempts how many have failed since the last success, not counting this one
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
