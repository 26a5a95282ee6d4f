/**
 * Limits by address: rates, and how much an address may have at once. Several processes of one server share them: each
 * tells the others what an address used there, and counts what the others tell.
 */
import { TokenBucket } from '../../common/token-bucket.ts';

/** @param change added to the address's count; may be negative */
type Tell = (address: string, change: number) => void;

/** A limit that several processes of one server count together. */
export interface SharedLimit {
  /** Tells the other processes what is counted here, from now on. */
  shareWith(tell: Tell): void;
  /** Another process counted this. */
  changedElsewhere(address: string, change: number, now: number): void;
}

const SWEEP_INTERVAL_MS = 60_000;

/** How often addresses have done something recently. Addresses that have not done it for long take no memory. */
export class AddressRate implements SharedLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweptAt = 0;
  #tell: Tell = () => {};

  /**
   * @param perSecond long-term rate; 0: no limit
   * @param burst how many at once
   */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** How many addresses are tracked. */
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

  /** Spends an amount even if less is left; the excess must be made up for before more is available. */
  spend(address: string, now: number, amount: number): void {
    if (this.#perSecond === 0) return;
    this.#bucketOf(address, now).spend(now, this.#perSecond, amount);
    this.#tell(address, amount);
  }

  /** Takes one count back. */
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

/** Counts by address; an address with a count of zero is forgotten. */
export class AddressCount implements SharedLimit {
  readonly #here = new Map<string, number>();
  readonly #elsewhere = new Map<string, number>();
  #tell: Tell = () => {};

  /** The sum of all processes. */
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

/** Adds to an address's sum; an address with a sum of zero is forgotten. */
export function addTo(sums: Map<string, number>, address: string, change: number): void {
  const sum = (sums.get(address) ?? 0) + change;
  if (sum === 0) sums.delete(address);
  else sums.set(address, sum);
}

/** Below this total, addresses have no separate share. */
const MIN_SHARE = 64;

/**
 * One address's share of a total, so that no address can take the places of all others.
 * @param max 0: no limit
 */
export function shareOf(max: number): number {
  return max === 0 ? Number.POSITIVE_INFINITY : Math.max(MIN_SHARE, Math.floor(max / 2));
}
