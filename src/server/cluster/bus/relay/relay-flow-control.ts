/**
 * Flow control for fragments to one node over the relay network. A relay server closes a link with more than 1 MiB
 * unread, and a link between two sites may be far slower than ours: so only a limited amount is in flight, and the
 * other node acks what it has received.
 */

/** How many bytes may be in flight to a node: few, as one link may lead to several nodes. */
const WINDOW_BYTES = 128 * 1024;
/** A node acks after this many bytes, so small messages, which are nearly all, are not acked one by one. */
const ACK_AFTER_BYTES = 64 * 1024;
/** After this time in which nothing could go out, the other node is gone or an ack was lost. */
const STALL_MS = 5_000;
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

export class RelayFlow {
  readonly #send: (fragment: string) => void;
  readonly #now: () => number;
  #waiting: { fragment: string; bytes: number }[] = [];
  #waitingBytes = 0;
  #unacked = 0;
  /** When a fragment went out last. */
  #sentAt = Number.NEGATIVE_INFINITY;
  #received = 0;

  /** @param now returns milliseconds since any fixed point */
  constructor(send: (fragment: string) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  /** Sends a text's fragments in order, now or when there is room. Drops all of them if too much is waiting. */
  push(fragments: readonly string[]): void {
    if (this.#waiting.length > 0 && this.#now() - this.#sentAt > STALL_MS) {
      this.#waiting = [];
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

  /** The other node has acked that many bytes. */
  acked(bytes: number): void {
    this.#unacked = Math.max(0, this.#unacked - bytes);
    this.#move();
  }

  /** @returns how many bytes to ack to the other node now, if any */
  received(fragment: string): number | undefined {
    this.#received += Buffer.byteLength(fragment);
    if (this.#received < ACK_AFTER_BYTES) return undefined;
    const bytes = this.#received;
    this.#received = 0;
    return bytes;
  }

  #move(): void {
    let going = 0;
    for (const { bytes } of this.#waiting) {
      if (this.#unacked >= WINDOW_BYTES) break;
      going += 1;
      this.#unacked += bytes;
      this.#waitingBytes -= bytes;
    }
    if (going === 0) return;
    this.#sentAt = this.#now();
    // Together, since removing each would cost too much; and before, since a link that ends by it may lead to new texts.
    for (const { fragment } of this.#waiting.splice(0, going)) this.#send(fragment);
  }
}
