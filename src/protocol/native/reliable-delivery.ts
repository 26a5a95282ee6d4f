/**
 * Exactly once and in order, over any number of sockets, and over a server that dies: frames are numbered, and kept
 * until the other side acks them. After a reconnect each side sends again what was not acked, and the other
 * drops what it has. Server and client use the same class.
 *
 * A numbered frame is `[seq, acked, message]`, or `[seq, acked, message, senderSeq]` for one that is relayed:
 * still JSON, and the message in it is passed on as it came. `senderSeq` is the number that its sender gave it. The server
 * acks a relayed frame only once the peer has acked it: a frame that is in the server alone is not safe. So
 * after a server's death it is sent again, and who had it already knows it by its senderSeq.
 */

/** What a client keeps until it is acked, and what its peers may make wait for a client that does not ack. */
export const MAX_UNACKED_FRAMES = 256;
export const MAX_UNACKED_BYTES = 1024 * 1024;
/** Beside that what the server itself has to say to it; more ends its session. */
export const RESERVED_UNACKED_FRAMES = 64;
export const RESERVED_UNACKED_BYTES = 16 * 1024;

/** A side that has nothing of its own to send acks at the latest after so many frames. */
export const ACK_AFTER_FRAMES = 16;

export type Verdict = 'new' | 'duplicate' | 'impossible';

export interface UnackedMessage<Payload> {
  readonly seq: number;
  readonly message: Payload;
  /** The number that the sender of a relayed frame gave it. */
  readonly senderSeq: number | undefined;
  /** Of a relayed frame, too: the pairing that it belongs to. */
  readonly epoch: number | undefined;
  /** Called once when the other side has it, or never will. */
  readonly onAcked: (() => void) | undefined;
}

/** What there is to know of a frame that is relayed. */
export type Relayed = Partial<Pick<UnackedMessage<never>, 'senderSeq' | 'epoch' | 'onAcked'>>;

/** All that a delivery knows, for the node that a session moves to. */
export interface DeliveryState<Payload> {
  readonly sent: number;
  readonly received: number;
  readonly deferred: readonly number[];
  readonly unacked: readonly UnackedMessage<Payload>[];
}

/** @typeParam Payload a message as text, or on the server as bytes */
export class ReliableDelivery<Payload extends { readonly length: number }> {
  /** How many peers may each make so much wait. */
  readonly #peers: number;
  #sent = 0;
  #received = 0;
  #lastAckSent = 0;
  /** Numbers of received frames that are passed on and not yet safe, in order. */
  #deferred: number[] = [];
  #unacked: UnackedMessage<Payload>[] = [];
  #unackedBytes = 0;

  /** @param peers how many peers the one who acks may have */
  constructor(peers = 1) {
    this.#peers = peers;
  }

  /** The number of the last frame received. */
  get received(): number {
    return this.#received;
  }

  /** Everything up to this number the other side may forget. */
  get acked(): number {
    return this.#deferred.length === 0 ? this.#received : (this.#deferred[0] as number) - 1;
  }

  /** The first number that will be sent again, or the next new one. */
  get first(): number {
    return this.#unacked[0]?.seq ?? this.#sent + 1;
  }

  /** True when the other side has sent a good deal and was not told that it is safe. */
  get shouldAck(): boolean {
    return this.acked - this.#lastAckSent >= ACK_AFTER_FRAMES;
  }

  /** True when more waits than may. */
  get isOverfull(): boolean {
    return (
      this.#unacked.length > this.#peers * (MAX_UNACKED_FRAMES + RESERVED_UNACKED_FRAMES) ||
      this.#unackedBytes > this.#peers * (MAX_UNACKED_BYTES + RESERVED_UNACKED_BYTES)
    );
  }

  /** What waits to be acked, in the units of `length`. */
  get unackedBytes(): number {
    return this.#unackedBytes;
  }

  /**
   * Whether all peers together may make so many bytes more wait.
   * @param maxBytes that each of them may; one message may always
   */
  hasRoomFor(bytes: number, maxBytes = MAX_UNACKED_BYTES): boolean {
    if (this.#unacked.length === 0) return true;
    return (
      this.#unacked.length < this.#peers * MAX_UNACKED_FRAMES &&
      this.#unackedBytes + bytes <= this.#peers * maxBytes
    );
  }

  /** Whether a peer's coming and going may still be told: half of what is reserved is for it. */
  get hasRoomForChange(): boolean {
    return this.#unacked.length < this.#peers * (MAX_UNACKED_FRAMES + RESERVED_UNACKED_FRAMES / 2);
  }

  /** What is to be sent again on a new socket, in order. */
  get unacked(): readonly UnackedMessage<Payload>[] {
    return this.#unacked;
  }

  /** What another node needs to go on in this one's place. */
  get state(): DeliveryState<Payload> {
    return { sent: this.#sent, received: this.#received, deferred: this.#deferred, unacked: this.#unacked };
  }

  /** Goes on where another left off. @param peers how many peers the one who acks may have */
  static from<Payload extends { readonly length: number }>(
    state: DeliveryState<Payload>,
    peers = 1,
  ): ReliableDelivery<Payload> {
    const delivery = new ReliableDelivery<Payload>(peers);
    delivery.#sent = state.sent;
    delivery.#received = state.received;
    delivery.#lastAckSent = state.received;
    delivery.#deferred = [...state.deferred];
    delivery.#unacked = [...state.unacked];
    delivery.#unackedBytes = state.unacked.reduce((sum, { message }) => sum + message.length, 0);
    return delivery;
  }

  /** Gives a message its number and keeps it. */
  keep(message: Payload, { senderSeq, epoch, onAcked }: Relayed = {}): UnackedMessage<Payload> {
    this.#sent += 1;
    const frame = { seq: this.#sent, message, senderSeq, epoch, onAcked };
    this.#unacked.push(frame);
    this.#unackedBytes += message.length;
    return frame;
  }

  /**
   * Puts another message in the place of each that was relayed in some pairings: nobody will ever have those.
   * @param isDropped told a pairing's epoch; undefined for a long message of which it is not known
   */
  dropRelayed(instead: Payload, isDropped: (epoch: number | undefined) => boolean): void {
    this.#unacked = this.#unacked.map((frame) => {
      const { epoch } = frame;
      if (epoch === undefined && frame.message.length <= RESERVED_UNACKED_BYTES) return frame;
      if (!isDropped(epoch)) return frame;
      this.#unackedBytes += instead.length - frame.message.length;
      return { ...frame, message: instead };
    });
  }

  /** Puts another message in the place of one that waits, if it still does: its number has to come all the same. */
  replace(seq: number, message: Payload): void {
    const at = this.#unacked.findIndex((kept) => kept.seq === seq);
    const kept = this.#unacked[at];
    if (!kept) return;
    this.#unackedBytes += message.length - kept.message.length;
    this.#unacked[at] = { ...kept, message };
  }

  /** What stands before the message in its frame; sending it acks. */
  headOf({ seq }: UnackedMessage<Payload>): string {
    this.#lastAckSent = this.acked;
    return `[${seq},${this.#lastAckSent},`;
  }

  /** What stands behind the message in its frame. */
  tailOf({ senderSeq }: UnackedMessage<Payload>): string {
    return senderSeq === undefined ? ']' : `,${senderSeq}]`;
  }

  /** Takes the numbers of a frame that arrived: an impossible one is from a side that counts wrongly. */
  accept(seq: number, acked: number): Verdict {
    if (!this.ack(acked) || seq > this.#received + 1 || seq < 1) return 'impossible';
    if (seq <= this.#received) return 'duplicate';
    this.#received = seq;
    return 'new';
  }

  /** The frame received last is passed on, and not safe until {@link releaseAck} says so. @returns its number */
  deferAck(): number {
    this.#deferred.push(this.#received);
    return this.#received;
  }

  /** A frame that was passed on is safe, or lost with whom it was for. */
  releaseAck(seq: number): void {
    this.#deferred = this.#deferred.filter((held) => held !== seq);
  }

  /** The other side has everything up to that number. @returns false when that is impossible */
  ack(acked: number): boolean {
    if (acked > this.#sent || acked < 0) return false;
    while (this.#unacked.length > 0 && (this.#unacked[0] as UnackedMessage<Payload>).seq <= acked)
      this.#forgetFirst();
    return true;
  }

  /** Nobody will ever have what waits. */
  discard(): void {
    while (this.#unacked.length > 0) this.#forgetFirst();
  }

  /** Whether the other side can have received just that much: no less than it had acked. */
  isPossible(received: number): boolean {
    return received <= this.#sent && received >= this.#sent - this.#unacked.length;
  }

  /** This side has forgotten everything; the other goes on with that number. */
  expect(first: number): void {
    this.#received = first - 1;
    this.#lastAckSent = this.#received;
  }

  /** The other side has forgotten everything, and counts from 1 again. */
  restart(): void {
    this.#received = 0;
    this.#lastAckSent = 0;
    this.#deferred = [];
  }

  /** The ack that is sent alone, as a message of its own. */
  ackMessage(): { type: 'ack'; received: number } {
    this.#lastAckSent = this.acked;
    return { type: 'ack', received: this.#lastAckSent };
  }

  #forgetFirst(): void {
    const frame = this.#unacked.shift();
    if (!frame) return;
    this.#unackedBytes -= frame.message.length;
    frame.onAcked?.();
  }
}

export interface NumberedFrame {
  readonly seq: number;
  readonly acked: number;
  readonly message: string;
  readonly senderSeq: number | undefined;
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
    acked: Number(head[2]),
    message: frame.slice(head[0].length, frame.length - tail[0].length + 1),
    senderSeq: tail[1] === undefined ? undefined : Number(tail[1]),
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
