/**
 * Delivers messages exactly once and in order, across any number of sockets, and across the death of a server: frames
 * are numbered, and kept until the other side acks them. After a reconnect each side resends what was not acked, and
 * the other side drops what it already has. Server and client use the same class.
 *
 * A numbered frame is `[seq, acked, message]`, or `[seq, acked, message, senderSeq]` if it is relayed: it is still
 * JSON, and its message is passed on unchanged. `senderSeq` is the number that its sender gave it. The server acks a
 * relayed frame only once the peer has acked it, since a frame that only the server has could be lost. So after a
 * server's death it is sent again, and a peer that already had it recognizes it by its senderSeq.
 */

/**
 * How much a client keeps until it is acked, and how much its peers may have waiting for a client that does not ack.
 */
export const MAX_UNACKED_FRAMES = 256;
export const MAX_UNACKED_BYTES = 1024 * 1024;
/** Reserved in addition for the server's own messages; beyond that, the session ends. */
export const RESERVED_UNACKED_FRAMES = 64;
export const RESERVED_UNACKED_BYTES = 16 * 1024;

/** A side with nothing of its own to send acks after this many frames at the latest. */
export const ACK_AFTER_FRAMES = 16;

export type Verdict = 'new' | 'duplicate' | 'impossible';

export interface UnackedMessage<Payload> {
  readonly seq: number;
  readonly message: Payload;
  /** The number that the sender of a relayed frame gave it. */
  readonly senderSeq: number | undefined;
  /** For a relayed frame: the pairing that it belongs to. */
  readonly epoch: number | undefined;
  /** Called once, when the other side has acked it or never will. */
  readonly onAcked: (() => void) | undefined;
}

/** The additional facts about a relayed frame. */
export type Relayed = Partial<Pick<UnackedMessage<never>, 'senderSeq' | 'epoch' | 'onAcked'>>;

/** The whole state of a delivery, for the node that a session moves to. */
export interface DeliveryState<Payload> {
  readonly sent: number;
  readonly received: number;
  readonly deferred: readonly number[];
  readonly unacked: readonly UnackedMessage<Payload>[];
}

/** @typeParam Payload a message as text or, on the server, as bytes */
export class ReliableDelivery<Payload extends { readonly length: number }> {
  /** How many peers may each have that much waiting. */
  readonly #peers: number;
  #sent = 0;
  #received = 0;
  #lastAckSent = 0;
  /** Numbers of received frames that were passed on and whose acks are held back, in order. */
  #deferred: number[] = [];
  #unacked: UnackedMessage<Payload>[] = [];
  #unackedBytes = 0;

  /** @param peers how many peers the acking client may have */
  constructor(peers = 1) {
    this.#peers = peers;
  }

  /** The number of the last frame received. */
  get received(): number {
    return this.#received;
  }

  /** Everything up to this number is acked: the other side may forget it. */
  get acked(): number {
    return this.#deferred.length === 0 ? this.#received : (this.#deferred[0] as number) - 1;
  }

  /** The number of the first unacked frame or, if there is none, of the next new one. */
  get first(): number {
    return this.#unacked[0]?.seq ?? this.#sent + 1;
  }

  /** Whether the other side has sent enough frames without an ack that one is due. */
  get shouldAck(): boolean {
    return this.acked - this.#lastAckSent >= ACK_AFTER_FRAMES;
  }

  /** Whether more waits than allowed. A single message may be longer than all together: it takes all their room. */
  get isOverfull(): boolean {
    const maxBytes = this.#peers * (MAX_UNACKED_BYTES + RESERVED_UNACKED_BYTES);
    const taken = () =>
      this.#unacked.reduce((sum, { message }) => sum + Math.min(message.length, MAX_UNACKED_BYTES), 0);
    return (
      this.#unacked.length > this.#peers * (MAX_UNACKED_FRAMES + RESERVED_UNACKED_FRAMES) ||
      (this.#unackedBytes > maxBytes && taken() > maxBytes)
    );
  }

  /** The size of unacked messages, in the units of `length`. */
  get unackedBytes(): number {
    return this.#unackedBytes;
  }

  /**
   * Whether all peers together may have this many bytes more waiting; one message is always allowed.
   * @param maxBytes for each of them
   */
  hasRoomFor(bytes: number, maxBytes = MAX_UNACKED_BYTES): boolean {
    if (this.#unacked.length === 0) return true;
    return (
      this.#unacked.length < this.#peers * MAX_UNACKED_FRAMES &&
      this.#unackedBytes + bytes <= this.#peers * maxBytes
    );
  }

  /** Whether a peer's coming and going may still be announced; half of the reserve is for that. */
  get hasRoomForChange(): boolean {
    return this.#unacked.length < this.#peers * (MAX_UNACKED_FRAMES + RESERVED_UNACKED_FRAMES / 2);
  }

  /** The frames to resend on a new socket, in order. */
  get unacked(): readonly UnackedMessage<Payload>[] {
    return this.#unacked;
  }

  /** What another node needs to continue in this one's place. */
  get state(): DeliveryState<Payload> {
    return { sent: this.#sent, received: this.#received, deferred: this.#deferred, unacked: this.#unacked };
  }

  /**
   * Continues where another node left off.
   * @param peers how many peers the acking client may have
   */
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
   * Replaces each message that was relayed in certain pairings, since nobody will receive those.
   * @param isDropped called with a pairing's epoch; undefined for a long message whose pairing is unknown
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

  /** Replaces a message if it is still unacked: a frame with its number must arrive all the same. */
  replace(seq: number, message: Payload): void {
    const at = this.#unacked.findIndex((kept) => kept.seq === seq);
    const kept = this.#unacked[at];
    if (!kept) return;
    this.#unackedBytes += message.length - kept.message.length;
    this.#unacked[at] = { ...kept, message };
  }

  /** The part of a frame before its message; sending it acks. */
  headOf({ seq }: UnackedMessage<Payload>): string {
    this.#lastAckSent = this.acked;
    return `[${seq},${this.#lastAckSent},`;
  }

  /** The part of a frame after its message. */
  tailOf({ senderSeq }: UnackedMessage<Payload>): string {
    return senderSeq === undefined ? ']' : `,${senderSeq}]`;
  }

  /** Takes the numbers of a received frame. `impossible` means that the other side counts wrongly. */
  accept(seq: number, acked: number): Verdict {
    if (!this.ack(acked) || seq > this.#received + 1 || seq < 1) return 'impossible';
    if (seq <= this.#received) return 'duplicate';
    this.#received = seq;
    return 'new';
  }

  /**
   * The last received frame was passed on: its ack is held back until {@link releaseAck}.
   * @returns its number
   */
  deferAck(): number {
    this.#deferred.push(this.#received);
    return this.#received;
  }

  /** Releases the ack of a frame that was passed on, because its receiver has acked it or is gone. */
  releaseAck(seq: number): void {
    this.#deferred = this.#deferred.filter((held) => held !== seq);
  }

  /**
   * The other side has received everything up to that number.
   * @returns false if that is impossible
   */
  ack(acked: number): boolean {
    if (acked > this.#sent || acked < 0) return false;
    while (this.#unacked.length > 0 && (this.#unacked[0] as UnackedMessage<Payload>).seq <= acked)
      this.#forgetFirst();
    return true;
  }

  /** Nobody will receive what waits. */
  discard(): void {
    while (this.#unacked.length > 0) this.#forgetFirst();
  }

  /** Whether the other side can have received exactly that much: no less than it has acked. */
  isPossible(received: number): boolean {
    return received <= this.#sent && received >= this.#sent - this.#unacked.length;
  }

  /** This side has lost its state; the other side continues with that number. */
  expect(first: number): void {
    this.#received = first - 1;
    this.#lastAckSent = this.#received;
  }

  /** The other side has lost its state, and counts from 1 again. */
  restart(): void {
    this.#received = 0;
    this.#lastAckSent = 0;
    this.#deferred = [];
  }

  /** An ack as a message of its own. */
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
 * Splits a numbered frame into its parts.
 * @param frame the frame as text
 * @returns undefined if the text is not a numbered frame
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
 * The head of a numbered frame. Fifteen digits are exact in a double, and more than anybody will ever count to. White
 * space is allowed wherever JSON allows it (RFC 8259 section 2), since many libraries write it.
 */
export const NUMBERED_HEAD = /^[ \t\n\r]*\[[ \t\n\r]*(\d{1,15})[ \t\n\r]*,[ \t\n\r]*(\d{1,15})[ \t\n\r]*,/;
/** The end of the message, an object, and what follows it. */
const NUMBERED_TAIL = /\}(?:,(\d{1,15}))?\]$/;
const TAIL_CHARS = 20;
