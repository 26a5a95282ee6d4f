/**
 * The way of fragments to one node over the relay network. A relay server closes a link that leaves more than 1 MiB
 * untaken, and a link between two sites may be far slower than ours: so only so much is under way at once, and the
 * other node says what it has got.
 */

/** No more is sent to a node while so many bytes are under way to it: little, as one link may lead to several nodes. */
export const FLOW_WINDOW_BYTES = 128 * 1024;
/** A node says that it got so much. Small messages, which are nearly all, are not acked one by one. */
export const FLOW_CONFIRM_BYTES = 64 * 1024;
/** The other node no longer acks anything: it is gone, or an ack was lost. */
export const FLOW_STALL_MS = 5_000;
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

export class RelayFlow {
  readonly #send: (fragment: string) => void;
  readonly #now: () => number;
  #waiting: { fragment: string; bytes: number }[] = [];
  /** Of the first that is still to be sent; those before it are taken away together, for each alone costs too much. */
  #next = 0;
  #waitingBytes = 0;
  #unacked = 0;
  #movedAt: number;
  #received = 0;

  /** @param now milliseconds from any fixed point */
  constructor(send: (fragment: string) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
    this.#movedAt = now();
  }

  /** Sends a text's fragments in order, now or when there is room; when too much waits, none of them. */
  push(fragments: readonly string[]): void {
    if (this.#next < this.#waiting.length && this.#now() - this.#movedAt > FLOW_STALL_MS) {
      this.#waiting = [];
      this.#next = 0;
      this.#waitingBytes = 0;
      this.#unacked = 0;
    }
    const added = fragments.map((fragment) => ({ fragment, bytes: Buffer.byteLength(fragment) }));
    const bytes = added.reduce((sum, one) => sum + one.bytes, 0);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) return;
    this.#waiting.push(...added);
    this.#waitingBytes += bytes;
    this.#move();
  }

  /** The other node says how much it got. */
  acked(bytes: number): void {
    this.#unacked = Math.max(0, this.#unacked - bytes);
    this.#movedAt = this.#now();
    this.#move();
  }

  /** @returns what is to be acked to the other node now; 0 for nothing yet */
  received(fragment: string): number {
    this.#received += Buffer.byteLength(fragment);
    if (this.#received < FLOW_CONFIRM_BYTES) return 0;
    const bytes = this.#received;
    this.#received = 0;
    return bytes;
  }

  #move(): void {
    for (;;) {
      const first = this.#waiting[this.#next];
      if (!first || this.#unacked >= FLOW_WINDOW_BYTES) break;
      this.#next += 1;
      this.#unacked += first.bytes;
      this.#waitingBytes -= first.bytes;
      this.#movedAt = this.#now();
      this.#send(first.fragment);
    }
    if (this.#next * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}
