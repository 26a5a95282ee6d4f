/**
 * Clients that were lost and clients that come back wait here for their turn: each turn of the event loop has only so
 * much time for them. When thousands are lost at once and come back, new clients and messages are served in between.
 */

/** Work that takes longer goes on in the next turn. */
const SLICE_MS = 2;

export class TurnQueue<Socket> {
  readonly #now: () => number;
  readonly #failed: (socket: Socket, error: unknown) => void;
  /** In the order in which they came. */
  readonly #waiting = new Map<Socket, () => void>();
  #isUnderWay = false;
  /** When the slice of this turn is over. */
  #until = 0;

  /** @param failed its work threw */
  constructor(now: () => number, failed: (socket: Socket, error: unknown) => void) {
    this.#now = now;
    this.#failed = failed;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Does the work now, if nobody waits and there is time left in this turn; otherwise in one of the next.
   * @returns whether it is done
   */
  add(socket: Socket, work: () => void): boolean {
    if (!this.#isUnderWay) this.#begin();
    const isNow = this.#waiting.size === 0 && this.#now() <= this.#until;
    if (isNow) this.#do(socket, work);
    else this.#waiting.set(socket, work);
    return isNow;
  }

  /** Its work need not be done any more. */
  remove(socket: Socket): void {
    this.#waiting.delete(socket);
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
    for (const [socket, work] of this.#waiting) {
      this.#waiting.delete(socket);
      this.#do(socket, work);
      if (this.#now() > this.#until) return;
    }
  }

  #do(socket: Socket, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(socket, error);
    }
  }
}
