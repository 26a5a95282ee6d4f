/** A rate limit: a bucket that fills with time. The time is an argument. */

/** Sums of times are inexact: a client that may send 200 at once must not have its last one refused because of that. */
const ROUNDING_MS = 1e-6;

/**
 * A bucket that fills with time and is emptied by use, up to `burst` tokens. It only stores when it will be full again
 * (the virtual scheduling of ITU-T I.371, "GCRA"): one number per limit and session, read and written once.
 */
export class TokenBucket {
  #fullAt = Number.NEGATIVE_INFINITY;

  /**
   * Takes tokens if they are available.
   * @param perSecond how fast the bucket fills; 0: no limit
   */
  take(now: number, perSecond: number, burst: number, amount = 1): boolean {
    if (perSecond === 0) return true;
    const fullAt = this.#fullAfter(now, perSecond, amount);
    if (fullAt - now > (burst * 1000) / perSecond + ROUNDING_MS) return false;
    this.#fullAt = fullAt;
    return true;
  }

  /** Takes the tokens in any case, and owes what is missing. */
  spend(now: number, perSecond: number, amount: number): void {
    this.#fullAt = this.#fullAfter(now, perSecond, amount);
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
    return this.#fullAfter(now, perSecond, 1) - now > (burst * 1000) / perSecond + ROUNDING_MS;
  }

  #fullAfter(now: number, perSecond: number, amount: number): number {
    return Math.max(this.#fullAt, now) + (amount * 1000) / perSecond;
  }
}
