/**
 * Clients that were lost and clients that come back wait here for their turn, and so do their sessions on the way from
 * one node to another: each turn of the event loop has only so much time for them. When thousands are lost at once and
 * come back, new clients and messages are served in between.
 */

/** Work that takes longer goes on in the next turn. */
const SLICE_MS = 1;

/** @typeParam Key what the work is about */
export class TurnQueue<Key> {
  /** How many wait in all queues: a process has one event loop, whose turns are long while anybody waits. */
  static #inAll = 0;
  readonly #now: () => number;
  readonly #failed: (key: Key, error: unknown) => void;
  /** In the order in which they came. */
  readonly #waiting = new Map<Key, () => void>();
  #isUnderWay = false;
  /** When the slice of this turn is over. */
  #until = 0;

  /** @param failed its work threw */
  constructor(now: () => number, failed: (key: Key, error: unknown) => void) {
    this.#now = now;
    this.#failed = failed;
  }

  /** Whether anybody waits in any queue of this process. */
  static get isAnyWaiting(): boolean {
    return TurnQueue.#inAll > 0;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Does the work now, if nobody waits and there is time left in this turn; otherwise in one of the next.
   * @returns whether it is done
   */
  add(key: Key, work: () => void): boolean {
    if (!this.#isUnderWay) this.#begin();
    const isNow = this.#waiting.size === 0 && this.#now() <= this.#until;
    if (isNow) this.#do(key, work);
    else {
      this.remove(key);
      this.#waiting.set(key, work);
      TurnQueue.#inAll += 1;
    }
    return isNow;
  }

  /** Does what waits now, out of turn, since something else must come after it. */
  hurry(key: Key): void {
    const work = this.#waiting.get(key);
    if (!work) return;
    this.remove(key);
    this.#do(key, work);
  }

  /** The same with all that waits, in its order. */
  hurryAll(): void {
    for (const key of this.#waiting.keys()) this.hurry(key);
  }

  /** Its work need not be done any more. */
  remove(key: Key): void {
    if (this.#waiting.delete(key)) TurnQueue.#inAll -= 1;
  }

  #begin(): void {
    this.#isUnderWay = true;
    this.#until = this.#now() + SLICE_MS;
    setImmediate(() => this.#continue());
  }

  #continue(): void {
    this.#isUnderWay = false;
    if (this.#waiting.size === 0) return;
    this.#begin();
    for (const key of this.#waiting.keys()) {
      this.hurry(key);
      if (this.#now() > this.#until) return;
    }
  }

  #do(key: Key, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(key, error);
    }
  }
}
