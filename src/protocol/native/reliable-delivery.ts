/**
 * Exactly once and in order, over any number of sockets, and over a server that dies: frames are numbered, and kept
 * until the other side confirms them. After a reconnect each side sends again what was not confirmed, and the other
 * drops what it has. Server and client use the same class.
 *
 * A numbered frame is `[seq, confirmed, message]`, or `[seq, confirmed, message, origin]` for one that is relayed:
 * still JSON, and the message in it is passed on as it came. `origin` is the number that its sender gave it. The server
 * confirms a relayed frame only once the peer has confirmed it: a frame that is in the server alone is not safe. So
 * after a server's death it is sent again, and who had it already knows it by its origin.
 */

/** What waits for a client that is away, or does not confirm: more ends its session. */
export const MAX_WAITING_FRAMES = 256;
export const MAX_WAITING_BYTES = 1024 * 1024;

/** A side that has nothing of its own to send confirms at the latest after so many frames. */
export const CONFIRM_AFTER_FRAMES = 16;

export type Verdict = 'new' | 'duplicate' | 'impossible';

export interface WaitingFrame<Payload> {
  readonly seq: number;
  readonly message: Payload;
  /** The number that the sender of a relayed frame gave it. */
  readonly origin: number | undefined;
  /** Of a relayed frame, too: the pairing that it belongs to. */
  readonly epoch: number | undefined;
  /** Called once when the other side has it, or never will. */
  readonly settled: (() => void) | undefined;
}

/** What there is to know of a frame that is relayed. */
export type Relayed = Partial<Pick<WaitingFrame<never>, 'origin' | 'epoch' | 'settled'>>;

/** All that a delivery knows, for the node that a session moves to. */
export interface DeliveryState<Payload> {
  readonly sent: number;
  readonly received: number;
  readonly held: readonly number[];
  readonly waiting: readonly WaitingFrame<Payload>[];
}

/** @typeParam Payload a message as text, or on the server as bytes */
export class Delivery<Payload extends { readonly length: number }> {
  #sent = 0;
  #received = 0;
  #toldConfirmed = 0;
  /** Numbers of received frames that are passed on and not yet safe, in order. */
  #held: number[] = [];
  #waiting: WaitingFrame<Payload>[] = [];
  #waitingBytes = 0;

  /** The number of the last frame received. */
  get received(): number {
    return this.#received;
  }

  /** Everything up to this number the other side may forget. */
  get confirmed(): number {
    return this.#held.length === 0 ? this.#received : (this.#held[0] as number) - 1;
  }

  /** The first number that will be sent again, or the next new one. */
  get first(): number {
    return this.#waiting[0]?.seq ?? this.#sent + 1;
  }

  /** True when the other side has sent a good deal and was not told that it is safe. */
  get shouldConfirm(): boolean {
    return this.confirmed - this.#toldConfirmed >= CONFIRM_AFTER_FRAMES;
  }

  /** True when more waits than may. */
  get isOverfull(): boolean {
    return this.#waiting.length > MAX_WAITING_FRAMES || this.#waitingBytes > MAX_WAITING_BYTES;
  }

  /** What is to be sent again on a new socket, in order. */
  get waiting(): readonly WaitingFrame<Payload>[] {
    return this.#waiting;
  }

  /** What another node needs to go on in this one's place. */
  get state(): DeliveryState<Payload> {
    return { sent: this.#sent, received: this.#received, held: this.#held, waiting: this.#waiting };
  }

  /** Goes on where another left off. */
  static from<Payload extends { readonly length: number }>(state: DeliveryState<Payload>): Delivery<Payload> {
    const delivery = new Delivery<Payload>();
    delivery.#sent = state.sent;
    delivery.#received = state.received;
    delivery.#toldConfirmed = state.received;
    delivery.#held = [...state.held];
    delivery.#waiting = [...state.waiting];
    delivery.#waitingBytes = state.waiting.reduce((sum, { message }) => sum + message.length, 0);
    return delivery;
  }

  /** Gives a message its number and keeps it. */
  keep(message: Payload, { origin, epoch, settled }: Relayed = {}): WaitingFrame<Payload> {
    this.#sent += 1;
    const frame = { seq: this.#sent, message, origin, epoch, settled };
    this.#waiting.push(frame);
    this.#waitingBytes += message.length;
    return frame;
  }

  /** Puts another message in the place of one that waits, if it still does: its number has to come all the same. */
  replace(seq: number, message: Payload): void {
    const at = this.#waiting.findIndex((kept) => kept.seq === seq);
    const kept = this.#waiting[at];
    if (!kept) return;
    this.#waitingBytes += message.length - kept.message.length;
    this.#waiting[at] = { ...kept, message };
  }

  /** What stands before the message in its frame; sending it confirms. */
  headOf({ seq }: WaitingFrame<Payload>): string {
    this.#toldConfirmed = this.confirmed;
    return `[${seq},${this.#toldConfirmed},`;
  }

  /** What stands behind the message in its frame. */
  tailOf({ origin }: WaitingFrame<Payload>): string {
    return origin === undefined ? ']' : `,${origin}]`;
  }

  /** Takes the numbers of a frame that arrived: an impossible one is from a side that counts wrongly. */
  accept(seq: number, confirmed: number): Verdict {
    if (!this.confirm(confirmed) || seq > this.#received + 1 || seq < 1) return 'impossible';
    if (seq <= this.#received) return 'duplicate';
    this.#received = seq;
    return 'new';
  }

  /** The frame received last is passed on, and not safe until {@link release} says so. @returns its number */
  hold(): number {
    this.#held.push(this.#received);
    return this.#received;
  }

  /** A frame that was passed on is safe, or lost with whom it was for. */
  release(seq: number): void {
    this.#held = this.#held.filter((held) => held !== seq);
  }

  /** The other side has everything up to that number. @returns false when that cannot be */
  confirm(confirmed: number): boolean {
    if (confirmed > this.#sent || confirmed < 0) return false;
    while (this.#waiting.length > 0 && (this.#waiting[0] as WaitingFrame<Payload>).seq <= confirmed)
      this.#settle();
    return true;
  }

  /** Nobody will ever have what waits. */
  abandon(): void {
    while (this.#waiting.length > 0) this.#settle();
  }

  /** Whether the other side can have received just that much: no less than it had confirmed. */
  isPossible(received: number): boolean {
    return received <= this.#sent && received >= this.#sent - this.#waiting.length;
  }

  /** This side has forgotten everything; the other goes on with that number. */
  expect(first: number): void {
    this.#received = first - 1;
    this.#toldConfirmed = this.#received;
  }

  /** The other side has forgotten everything, and counts from 1 again. */
  restart(): void {
    this.#received = 0;
    this.#toldConfirmed = 0;
    this.#held = [];
  }

  /** The confirmation that is sent alone, as a message of its own. */
  confirmation(): { type: 'ack'; received: number } {
    this.#toldConfirmed = this.confirmed;
    return { type: 'ack', received: this.#toldConfirmed };
  }

  #settle(): void {
    const frame = this.#waiting.shift();
    if (!frame) return;
    this.#waitingBytes -= frame.message.length;
    frame.settled?.();
  }
}

export interface NumberedFrame {
  readonly seq: number;
  readonly confirmed: number;
  readonly message: string;
  readonly origin: number | undefined;
}

/**
 * Takes a numbered frame apart.
 * @param frame the text of the frame
 * @returns undefined when it is none
 */
export function readNumbered(frame: string): NumberedFrame | undefined {
  const head = NUMBERED_HEAD.exec(frame);
  const tail = NUMBERED_TAIL.exec(frame.slice(-TAIL_CHARS));
  if (!head || !tail) return undefined;
  return {
    seq: Number(head[1]),
    confirmed: Number(head[2]),
    message: frame.slice(head[0].length, frame.length - tail[0].length + 1),
    origin: tail[1] === undefined ? undefined : Number(tail[1]),
  };
}

/**
 * The head of a numbered frame: fifteen digits are exact in a double, and more than anybody will ever count. White space
 * is as JSON may have it (RFC 8259 section 2): many a library writes it.
 */
export const NUMBERED_HEAD = /^[ \t\n\r]*\[[ \t\n\r]*(\d{1,15})[ \t\n\r]*,[ \t\n\r]*(\d{1,15})[ \t\n\r]*,/;
/** The end of the message, an object, and what follows it. */
const NUMBERED_TAIL = /\}(?:,(\d{1,15}))?\]$/;
const TAIL_CHARS = 20;
