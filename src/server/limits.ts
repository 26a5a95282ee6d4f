/** What one client, or one address, may do: token buckets, and a count. All take the time as an argument. */

/** A bucket that fills with time and is emptied by use; `burst` tokens at most. */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes tokens if they are there. @param perSecond how fast the bucket fills; 0: there are always some */
  take(now: number, perSecond: number, burst: number, amount = 1): boolean {
    if (perSecond === 0) return true;
    this.fill(now, perSecond, burst);
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }

  /** Fills up to now. @returns true when it is full again */
  fill(now: number, perSecond: number, burst: number): boolean {
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    return this.#tokens === burst;
  }

  get isEmpty(): boolean {
    return this.#tokens < 1;
  }
}

/** How often an address did something lately. One that has not done it for long costs nothing. */
export class AddressRate {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweptAt = 0;

  /** @param perSecond in the long run; 0: no limit @param burst at once */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  isExhausted(address: string, now: number): boolean {
    const bucket = this.#buckets.get(address);
    if (!bucket) return false;
    bucket.fill(now, this.#perSecond, this.#burst);
    return bucket.isEmpty;
  }

  count(address: string, now: number): void {
    if (this.#perSecond === 0) return;
    this.#sweep(now);
    const bucket = this.#buckets.get(address) ?? new TokenBucket(this.#burst, now);
    this.#buckets.set(address, bucket);
    bucket.take(now, this.#perSecond, this.#burst);
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_INTERVAL_MS) return;
    this.#sweptAt = now;
    for (const [address, bucket] of this.#buckets) {
      if (bucket.fill(now, this.#perSecond, this.#burst)) this.#buckets.delete(address);
    }
  }
}

const SWEEP_INTERVAL_MS = 60_000;

/** Counts by address; an address with none is forgotten. */
export class AddressCount {
  readonly #counts = new Map<string, number>();

  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  add(address: string): void {
    this.#counts.set(address, this.of(address) + 1);
  }

  remove(address: string): void {
    const left = this.of(address) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
