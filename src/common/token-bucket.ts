/** A rate limit: a bucket that fills with time. The time is an argument. */

/** Sums of times are inexact: a client that may send 200 at once must not have its last one refused because of that. */
const ROUNDING_MS = 1e-6;

/** When a bucket is full that was never used. */
export const ALWAYS_FULL = Number.NEGATIVE_INFINITY;

/**
 * When a bucket will be full again after tokens were taken from it, whether it had as many or not.
 * @param fullAt when it would have been full otherwise
 * @param perSecond how fast it fills
 */
export function fullAfter(fullAt: number, now: number, perSecond: number, amount: number): number {
  return Math.max(fullAt, now) + (amount * 1000) / perSecond;
}

/** Whether a bucket of that size may be full only then: otherwise more was taken from it than it had. */
export function isWithin(fullAt: number, now: number, perSecond: number, burst: number): boolean {
  return fullAt - now <= (burst * 1000) / perSecond + ROUNDING_MS;
}

/**
 * A bucket that fills with time and is emptied by use, up to `burst` tokens. It only stores when it will be full again
 * (the virtual scheduling of ITU-T I.371, "GCRA"): one number per limit, read and written once.
 */
export class TokenBucket {
  #fullAt = ALWAYS_FULL;

  /**
   * Takes tokens if they are available.
   * @param perSecond how fast the bucket fills; 0: no limit
   */
  take(now: number, perSecond: number, burst: number, amount = 1): boolean {
    if (perSecond === 0) return true;
    const fullAt = fullAfter(this.#fullAt, now, perSecond, amount);
    if (!isWithin(fullAt, now, perSecond, burst)) return false;
    this.#fullAt = fullAt;
    return true;
  }

  /** Takes the tokens in any case, and owes what is missing. */
  spend(now: number, perSecond: number, amount: number): void {
    this.#fullAt = fullAfter(this.#fullAt, now, perSecond, amount);
  }

  /** Returns tokens that were not used after all. */
  giveBack(perSecond: number, amount = 1): void {
    this.#fullAt -= (amount * 1000) / perSecond;
  }

  /** Milliseconds until it is full if nothing is taken. */
  fullInMs(now: number): number {
    return Math.max(0, this.#fullAt - now);
  }

  /** Restores a bucket that will be full after this time. */
  restore(now: number, fullInMs: number): void {
    this.#fullAt = now + fullInMs;
  }

  isFull(now: number): boolean {
    return this.#fullAt <= now;
  }

  isEmpty(now: number, perSecond: number, burst: number): boolean {
    return !isWithin(fullAfter(this.#fullAt, now, perSecond, 1), now, perSecond, burst);
  }
}
