/** What one client, or one address, may do: token buckets, and a count. All take the time as an argument. */

/** A bucket that fills with time and is emptied by use; `burst` tokens at most. */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes a token if there is one. @param perSecond how fast the bucket fills; 0: there is always one */
  take(now: number, perSecond: number, burst: number): boolean {
    if (perSecond === 0) return true;
    this.fill(now, perSecond, burst);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
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

/** How many of an address's guesses were wrong lately. An address that has not guessed for a minute costs nothing. */
export class GuessLimit {
  readonly #perMinute: number;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweptAt = 0;

  /** @param perMinute wrong guesses a minute; 0: no limit */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  isExhausted(address: string, now: number): boolean {
    const bucket = this.#buckets.get(address);
    if (!bucket) return false;
    bucket.fill(now, this.#perMinute / 60, this.#perMinute);
    return bucket.isEmpty;
  }

  countWrong(address: string, now: number): void {
    if (this.#perMinute === 0) return;
    this.#sweep(now);
    const bucket = this.#buckets.get(address) ?? new TokenBucket(this.#perMinute, now);
    this.#buckets.set(address, bucket);
    bucket.take(now, this.#perMinute / 60, this.#perMinute);
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < 60_000) return;
    this.#sweptAt = now;
    for (const [address, bucket] of this.#buckets) {
      if (bucket.fill(now, this.#perMinute / 60, this.#perMinute)) this.#buckets.delete(address);
    }
  }
}

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

/** How many connections there are and may be, in all and from one address, whatever they speak. 0: no limit. */
export class ConnectionCount {
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #perAddress = new AddressCount();
  #total = 0;

  constructor(max: number, maxPerAddress: number) {
    this.#max = max;
    this.#maxPerAddress = maxPerAddress;
  }

  get total(): number {
    return this.#total;
  }

  /** Which limit one more from the address would break. */
  refusal(address: string): 'full' | 'full_for_address' | undefined {
    if (this.#max > 0 && this.#total >= this.#max) return 'full';
    if (this.#maxPerAddress > 0 && this.#perAddress.of(address) >= this.#maxPerAddress) {
      return 'full_for_address';
    }
    return undefined;
  }

  add(address: string): void {
    this.#total += 1;
    this.#perAddress.add(address);
  }

  remove(address: string): void {
    this.#total -= 1;
    this.#perAddress.remove(address);
  }
}

/**
 * Whom a limit counts: an IPv4 address, or the /64 that an IPv6 host has to itself.
 * @param bytes 4 or 16 bytes, as the socket gives them; IPv4 may come mapped into IPv6
 */
export function addressKey(bytes: ArrayBuffer): string {
  const address = new Uint8Array(bytes);
  const isMapped =
    address.length === 16 &&
    address.subarray(0, 10).every((byte) => byte === 0) &&
    address[10] === 255 &&
    address[11] === 255;
  if (isMapped) return address.subarray(12).join('.');
  return address.length === 4 ? address.join('.') : Buffer.from(address.subarray(0, 8)).toString('hex');
}

/** The bytes of an address that uWebSockets.js gave as text, which is always written out in full. */
export function addressBytes(text: string): ArrayBuffer {
  const bytes = text.includes(':')
    ? text
        .split(':')
        .flatMap((group) => [Number.parseInt(group.slice(0, 2), 16), Number.parseInt(group.slice(2), 16)])
    : text.split('.').map(Number);
  return new Uint8Array(bytes).buffer;
}
