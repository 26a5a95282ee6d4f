/**
 * Exactly once and in order, over any number of sockets: frames are numbered, and kept until the other side says that
 * it has them. After a reconnect each side says what it has received, and the other sends the rest again. The server
 * and the client use the same class, each for its own direction and the other's.
 *
 * A numbered frame is `[seq, received, message]`: still JSON, and the message in it is passed on as it came.
 */

/** What waits for a client that is away, or does not confirm: more ends its session. */
export const MAX_WAITING_FRAMES = 256;
export const MAX_WAITING_BYTES = 1024 * 1024;

/** A side that has nothing of its own to send confirms at the latest after so many frames. */
export const CONFIRM_AFTER_FRAMES = 16;

export type Verdict = 'new' | 'duplicate' | 'impossible';

interface WaitingFrame<Payload> {
  readonly seq: number;
  readonly message: Payload;
  readonly bytes: number;
}

/** @typeParam Payload a message as text, or on the server as bytes */
export class Delivery<Payload extends { readonly length: number }> {
  #sent = 0;
  #received = 0;
  #confirmed = 0;
  #waiting: WaitingFrame<Payload>[] = [];
  #waitingBytes = 0;

  /** The number of the last frame received: what the other side may forget. */
  get received(): number {
    return this.#received;
  }

  /** True when the other side has sent a good deal and was not told that it arrived. */
  get shouldConfirm(): boolean {
    return this.#received - this.#confirmed >= CONFIRM_AFTER_FRAMES;
  }

  /** True when more waits than may. */
  get isOverfull(): boolean {
    return this.#waiting.length > MAX_WAITING_FRAMES || this.#waitingBytes > MAX_WAITING_BYTES;
  }

  /** Gives a message its number and keeps it. @returns the number */
  keep(message: Payload): number {
    this.#sent += 1;
    this.#waiting.push({ seq: this.#sent, message, bytes: message.length });
    this.#waitingBytes += message.length;
    return this.#sent;
  }

  /** The head of a numbered frame; sending it confirms what was received. */
  headOf(seq: number): string {
    this.#confirmed = this.#received;
    return `[${seq},${this.#received},`;
  }

  /** Takes the numbers of a frame that arrived: an impossible one is from a side that counts wrongly. */
  accept(seq: number, received: number): Verdict {
    if (!this.confirm(received) || seq > this.#received + 1 || seq < 1) return 'impossible';
    if (seq <= this.#received) return 'duplicate';
    this.#received = seq;
    return 'new';
  }

  /** The other side has everything up to that number. @returns false when that cannot be */
  confirm(received: number): boolean {
    if (received > this.#sent || received < 0) return false;
    let had = 0;
    for (const frame of this.#waiting) {
      if (frame.seq > received) break;
      this.#waitingBytes -= frame.bytes;
      had += 1;
    }
    if (had > 0) this.#waiting.splice(0, had);
    return true;
  }

  /** Whether the other side can have received just that much: no less than it had confirmed. */
  isPossible(received: number): boolean {
    return received <= this.#sent && received >= this.#sent - this.#waiting.length;
  }

  /** What is to be sent again on a new socket, in order. */
  get waiting(): readonly { readonly seq: number; readonly message: Payload }[] {
    return this.#waiting;
  }

  /** The confirmation that is sent alone, as a message of its own. */
  confirmation(): { type: 'ack'; received: number } {
    this.#confirmed = this.#received;
    return { type: 'ack', received: this.#received };
  }
}

/**
 * Takes a numbered frame apart.
 * @param frame the text of the frame
 * @returns undefined when it is none
 */
export function readNumbered(frame: string): { seq: number; received: number; message: string } | undefined {
  const head = NUMBERED_HEAD.exec(frame);
  if (!head || !frame.endsWith(']')) return undefined;
  return {
    seq: Number(head[1]),
    received: Number(head[2]),
    message: frame.slice(head[0].length, -1),
  };
}

/** The head of a numbered frame: fifteen digits are exact in a double, and more than anybody will ever count. */
export const NUMBERED_HEAD = /^\[(\d{1,15}),(\d{1,15}),/;
