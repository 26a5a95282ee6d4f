/** How often something may happen: a bucket that fills with time. It takes the time as an argument. */

/** Sums of times are not exact: whoever may send 200 at once is not refused the last one for it. */
const ROUNDING_MS = 1e-6;

/**
 * A bucket that fills with time and is emptied by use; `burst` tokens at most. All that is kept is when it is full
 * again (the virtual scheduling of ITU-T I.371, "GCRA"): one number a limit and session, read and written once.
 */
export class TokenBucket {
  #fullAt = Number.NEGATIVE_INFINITY;

  /** Takes tokens if they are there. @param perSecond how fast the bucket fills; 0: there are always some */
  take(now: number, perSecond: number, burst: number, amount = 1): boolean {
    if (perSecond === 0) return true;
    const fullAt = this.#fullAfter(now, perSecond, amount);
    if (fullAt - now > (burst * 1000) / perSecond + ROUNDING_MS) return false;
    this.#fullAt = fullAt;
    return true;
  }

  /** Takes them in any case, and owes what is not there. */
  spend(now: number, perSecond: number, amount: number): void {
    this.#fullAt = this.#fullAfter(now, perSecond, amount);
  }

  /** What was taken was not used after all. */
  giveBack(perSecond: number, amount = 1): void {
    this.#fullAt -= (amount * 1000) / perSecond;
  }

  /** Milliseconds until it is full, when nothing is taken. */
  fullInMs(now: number): number {
    return Math.max(0, this.#fullAt - now);
  }

  /** As one that is full in so long. */
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
