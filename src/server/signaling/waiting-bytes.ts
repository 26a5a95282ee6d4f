/**
 * What waits for all clients together, until they ack it: bounded for the whole server. It is added up only when it may
 * be too much, and then whoever has the most waiting gives it up, until an eighth of the bound is free again.
 */

/** What it costs to keep a frame, beside its bytes: the objects around it, as measured and rounded up. */
export const KEPT_FRAME_BYTES = 512;

export interface Waits {
  readonly waitingBytes: number;
  /** Ends its pairing, and drops what its peers said. */
  shedWaiting(): void;
}

const KEPT_SHARE = 7 / 8;

export class WaitingBytes {
  readonly #maxBytes: number;
  readonly #sources: (() => Iterable<Waits>)[] = [];
  /** No less than what waits: what is acked is noticed at the next sum. */
  #atMost = 0;

  /** @param maxBytes 0: no limit */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes || Number.POSITIVE_INFINITY;
  }

  /** Those for whom something may wait. */
  addSource(source: () => Iterable<Waits>): void {
    this.#sources.push(source);
  }

  get total(): number {
    return this.#all().reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
  }

  /** So much more waits. */
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
