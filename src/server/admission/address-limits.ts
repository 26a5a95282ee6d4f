/**
 * What one address may do, and have at once. Several processes of one server share both: each tells the others what an
 * address took from it, and counts what they tell.
 */
import { TokenBucket } from '../../common/token-bucket.ts';

/** @param change how much more an address has now; less when it is negative */
type Tell = (address: string, change: number) => void;

/** A limit of which other processes of the server count a part. */
export interface SharedLimit {
  /** From here on they are told what is counted here. */
  shareWith(tell: Tell): void;
  /** One of them counted this. */
  changedElsewhere(address: string, change: number, now: number): void;
}

const SWEEP_INTERVAL_MS = 60_000;

/** How often an address did something lately. One that has not done it for long costs nothing. */
export class AddressRate implements SharedLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweptAt = 0;
  #tell: Tell = () => {};

  /** @param perSecond in the long run; 0: no limit @param burst at once */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** How many addresses are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  shareWith(tell: Tell): void {
    this.#tell = tell;
  }

  changedElsewhere(address: string, change: number, now: number): void {
    if (this.#perSecond === 0) return;
    if (change < 0) this.#buckets.get(address)?.giveBack(this.#perSecond, -change);
    else this.#bucketOf(address, now).spend(now, this.#perSecond, change);
  }

  isExhausted(address: string, now: number): boolean {
    return this.#buckets.get(address)?.isEmpty(now, this.#perSecond, this.#burst) ?? false;
  }

  count(address: string, now: number): void {
    if (this.#perSecond === 0) return;
    if (this.#bucketOf(address, now).take(now, this.#perSecond, this.#burst)) this.#tell(address, 1);
  }

  /** Takes so much, even if less is there: what is over it is made up for before there is any again. */
  spend(address: string, now: number, amount: number): void {
    if (this.#perSecond === 0) return;
    this.#bucketOf(address, now).spend(now, this.#perSecond, amount);
    this.#tell(address, amount);
  }

  /** What was counted does not count after all. */
  giveBack(address: string): void {
    const bucket = this.#buckets.get(address);
    if (!bucket) return;
    bucket.giveBack(this.#perSecond);
    this.#tell(address, -1);
  }

  #bucketOf(address: string, now: number): TokenBucket {
    this.#sweep(now);
    const bucket = this.#buckets.get(address) ?? new TokenBucket();
    this.#buckets.set(address, bucket);
    return bucket;
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_INTERVAL_MS) return;
    this.#sweptAt = now;
    for (const [address, bucket] of this.#buckets) {
      if (bucket.isFull(now)) this.#buckets.delete(address);
    }
  }
}

/** Counts by address; an address with none is forgotten. */
export class AddressCount implements SharedLimit {
  readonly #here = new Map<string, number>();
  readonly #elsewhere = new Map<string, number>();
  #tell: Tell = () => {};

  /** Here and in the other processes. */
  of(address: string): number {
    return (this.#here.get(address) ?? 0) + (this.#elsewhere.get(address) ?? 0);
  }

  shareWith(tell: Tell): void {
    this.#tell = tell;
  }

  changedElsewhere(address: string, change: number): void {
    addTo(this.#elsewhere, address, change);
  }

  add(address: string): void {
    addTo(this.#here, address, 1);
    this.#tell(address, 1);
  }

  remove(address: string): void {
    addTo(this.#here, address, -1);
    this.#tell(address, -1);
  }
}

/** Adds to a sum of an address's; one that has none left is forgotten. */
export function addTo(sums: Map<string, number>, address: string, change: number): void {
  const sum = (sums.get(address) ?? 0) + change;
  if (sum === 0) sums.delete(address);
  else sums.set(address, sum);
}

/** Below this nobody is told apart by address. */
const MIN_SHARE = 64;

/** What one address may have of what there may be in all: nobody takes the places of all others. @param max 0: no limit */
export function shareOf(max: number): number {
  return max === 0 ? Number.POSITIVE_INFINITY : Math.max(MIN_SHARE, Math.floor(max / 2));
}
