/** A session of another node that is paired with one of ours: its machine, and what may have to be sent to it again. */
import { Hosted, type RemoteSessionContext, type Side } from '../../../machines/index.ts';
import { type DisconnectReason, MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { Refusal, UnackedFrame } from '../../signaling/client.ts';
import type { Party, ServerPairing } from '../../signaling/pairing.ts';
import { type Signal, textOf } from '../../signaling/signal.ts';
import { KEPT_FRAME_BYTES, type Waits } from '../../signaling/waiting-bytes.ts';

/** Who says to the other node what becomes of a pairing. */
export interface RemoteSessionOwner {
  /** A message of our client for the other one. */
  relay(remote: RemoteSession, text: string, senderSeq: number | undefined): void;
  /** More waits for it than may. */
  overfull(remote: RemoteSession): void;
  /** So much more waits. */
  added(bytes: number): void;
  refuse(remote: RemoteSession, refusal: Refusal): void;
  away(remote: RemoteSession): void;
  back(remote: RemoteSession): void;
  ended(remote: RemoteSession, reason: DisconnectReason, message: string | undefined): void;
  acked(remote: RemoteSession, senderSeq: number): void;
  release(remote: RemoteSession): void;
}

export class RemoteSession extends Hosted<RemoteSessionContext> implements Party, Waits {
  readonly id: string;
  /** Where it is; undefined when nobody here knows. */
  node: NodeId | undefined;
  readonly isResumable: boolean;
  /** Of several nodes that say that they have it, the one with the highest is believed. */
  generation = 0;
  /** How often our client had come back when this side was made: messages for an earlier side are ignored. */
  localGeneration = 0;
  /** What its client may not have yet, in order: it goes to the node that has it next, when this one is lost. */
  readonly unacked: UnackedFrame[] = [];
  /** The highest number of its client's messages that came here: what comes again from another node is known by it. */
  lastSenderSeq = 0;
  #unackedBytes = 0;
  #pairing: ServerPairing | undefined;
  #side: Side = 'initiator';
  readonly #owner: RemoteSessionOwner;

  constructor(id: string, node: NodeId | undefined, isResumable: boolean, owner: RemoteSessionOwner) {
    super();
    this.id = id;
    this.node = node;
    this.isResumable = isResumable;
    this.#owner = owner;
  }

  get pairing(): ServerPairing | undefined {
    return this.#pairing;
  }

  get side(): Side {
    return this.#side;
  }

  seated(pairing: ServerPairing, side: Side): void {
    this.#pairing = pairing;
    this.#side = side;
  }

  vacate(): void {
    this.#pairing = undefined;
  }

  get isMissed(): boolean {
    return this.value !== '' && this.context.isMissed;
  }

  /** The client of this node that it is paired with. */
  get peer(): Party | undefined {
    return this.pairing?.other(this.side);
  }

  /** False while nobody knows where it is: what is for it waits. */
  get isReachable(): boolean {
    return this.node !== undefined && this.value !== 'cutOff' && this.value !== 'moving';
  }

  /** True when more waits than may. */
  get isOverfull(): boolean {
    return this.unacked.length > MAX_UNACKED_FRAMES || this.#unackedBytes > MAX_UNACKED_BYTES;
  }

  keep(...frames: readonly UnackedFrame[]): void {
    for (const frame of frames) this.#unackedBytes += frame.text.length;
    this.unacked.push(...frames);
    this.#owner.added(frames.reduce((sum, { text }) => sum + text.length + KEPT_FRAME_BYTES, 0));
  }

  /** Forgets those of the frames that need not be sent again. */
  drop(isOver: (frame: UnackedFrame) => boolean): void {
    for (let next = this.unacked.length - 1; next >= 0; next -= 1) {
      const frame = this.unacked[next] as UnackedFrame;
      if (!isOver(frame)) continue;
      this.unacked.splice(next, 1);
      this.#unackedBytes -= frame.text.length;
    }
  }

  /** Its own node tells its client, and steps its session. */
  paired(): void {}
  restored(): void {}
  advanced(): void {}

  get waitingBytes(): number {
    return this.#unackedBytes + KEPT_FRAME_BYTES * this.unacked.length;
  }

  shedWaiting(): void {
    this.#owner.overfull(this);
    this.drop(() => true);
  }

  hasRoomFor(bytes: number): boolean {
    return (
      this.unacked.length === 0 ||
      (this.unacked.length < MAX_UNACKED_FRAMES && this.#unackedBytes + bytes <= MAX_UNACKED_BYTES)
    );
  }

  /** What goes to another node may have to be said again, where either of the two can come back. */
  deliver(signal: Signal, pairing: ServerPairing, from: Side, givenSeq: number | undefined): void {
    const sender = pairing.party(from);
    const isNumbered = this.isResumable || sender.isResumable;
    this.#owner.relay(this, textOf(signal), givenSeq ?? (isNumbered ? sender.nextSenderSeq() : undefined));
  }

  shareReport(report: Signal): void {
    this.#owner.relay(this, textOf(report), undefined);
  }

  refuse(refusal: Refusal): void {
    this.#owner.refuse(this, refusal);
  }

  notify(change: 'peer_away' | 'peer_back'): void {
    if (change === 'peer_away') this.#owner.away(this);
    else this.#owner.back(this);
  }

  disconnected(reason: DisconnectReason, _peerId: string, message?: string): void {
    this.#owner.ended(this, reason, message);
  }

  /** Its own node remembers it. */
  leaves(): void {}

  /** What was for its client is lost with the pairing: its sender need not wait for an ack that never comes. */
  release(): void {
    for (const { senderSeq } of this.unacked) if (senderSeq !== undefined) this.peer?.acked(senderSeq);
    this.vacate();
    this.#owner.release(this);
  }

  nextSenderSeq(): undefined {}

  acked(senderSeq: number): void {
    this.#owner.acked(this, senderSeq);
  }

  isWaitingFor(): boolean {
    return false;
  }

  outlivesNode(): boolean {
    return true;
  }
}
