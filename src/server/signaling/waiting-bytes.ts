/**
 * The bytes that wait for all clients together until they are acked, bounded for the whole server. They are added up
 * only when the bound may be exceeded; then those with the most bytes waiting give them up, until an eighth of the
 * bound is free again.
 */

/** Cost of keeping a frame, besides its bytes: the objects around it, measured and rounded up. */
export const KEPT_FRAME_BYTES = 512;
/** The same for a frame of which only the number is still kept. */
export const DROPPED_FRAME_BYTES = 128;

export interface Waits {
  readonly waitingBytes: number;
  /** Drops at least half of it, and ends what that makes useless: a pairing, a session, or the wait for an absent peer. */
  shedWaiting(): void;
}

const KEPT_SHARE = 7 / 8;

export class WaitingBytes {
  readonly #maxBytes: number;
  readonly #sources: (() => Iterable<Waits>)[] = [];
  /** An upper bound of what waits: acked bytes are subtracted only at the next sum. */
  #atMost = 0;

  /** @param maxBytes 0: no limit */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes || Number.POSITIVE_INFINITY;
  }

  /** Adds clients or seats for which bytes may wait. */
  addSource(source: () => Iterable<Waits>): void {
    this.#sources.push(source);
  }

  get total(): number {
    return this.#all().reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
  }

  /** Counts bytes that start to wait. */
  added(bytes: number): void {
    this.#atMost += bytes;
    if (this.#atMost <= this.#maxBytes) return;
    this.#atMost = this.total;
    if (this.#atMost > KEPT_SHARE * this.#maxBytes) this.#shed();
  }

  #shed(): void {
    const most = this.#all().sort((one, other) => other.waitingBytes - one.waitingBytes);
    for (const one of most) {
      if (this.#atMost <= KEPT_SHARE * this.#maxBytes) return;
      const before = one.waitingBytes;
      one.shedWaiting();
      this.#atMost -= before - one.waitingBytes;
    }
  }

  #all(): Waits[] {
    return this.#sources.flatMap((source) => [...source()]);
  }
}
