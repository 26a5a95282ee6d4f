/**
 * A session of another node that is paired with one of this node: its machine, and what may have to be sent to it
 * again.
 */
import { Hosted, type RemoteSessionContext, type Side } from '../../../machines/index.ts';
import { type DisconnectReason, MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { Refusal, UnackedFrame } from '../../signaling/client.ts';
import type { Party, ServerPairing } from '../../signaling/pairing.ts';
import { type Signal, textOf } from '../../signaling/signal.ts';
import { KEPT_FRAME_BYTES, type Waits } from '../../signaling/waiting-bytes.ts';

/** Tells the other node what becomes of a pairing. */
export interface RemoteSessionOwner {
  /** Relays a message of our client to the other one. */
  relay(remote: RemoteSession, text: string, senderSeq: number | undefined): void;
  /** The same for clients that chose their ids. */
  say(remote: RemoteSession, chosen: ChosenIds, said: Said): void;
  /** The remote client has more waiting than it may have. */
  overfull(remote: RemoteSession): void;
  /** Called when this many bytes more wait. */
  added(bytes: number): void;
  refuse(remote: RemoteSession, refusal: Refusal): void;
  away(remote: RemoteSession): void;
  back(remote: RemoteSession): void;
  ended(remote: RemoteSession, reason: DisconnectReason, message: string | undefined): void;
  acked(remote: RemoteSession, senderSeq: number): void;
  release(remote: RemoteSession): void;
}

/** How two clients know each other that chose their ids. */
export interface ChosenIds {
  /** The remote client's id, as nodes know it. */
  readonly theirs: string;
  /** That of the client of this node. */
  readonly ours: string;
  /** The id by which the remote client's user knows it. */
  readonly knownAs: string;
  /** Whether its node has been told of the pairing. */
  isTold?: boolean;
}

/** A message of our client in that pairing. */
export interface Said {
  readonly pairing: ServerPairing;
  readonly text: string;
}

export class RemoteSession extends Hosted<RemoteSessionContext> implements Party, Waits {
  readonly id: string;
  /** The client's node; undefined when this node does not know it. */
  node: NodeId | undefined;
  readonly isResumable: boolean;
  /** If several nodes say that they have the client, the highest generation is believed. */
  generation = 0;
  /** For a client that chose its id: what it is told goes to that id, unnumbered and unacked, or is lost. */
  chosen: ChosenIds | undefined;
  /** The local client's generation when this side was made: messages for an earlier side are ignored. */
  localGeneration = 0;
  /**
   * What its client may not have received yet, in order: if its node is lost, this goes to the next node that has the
   * client.
   */
  readonly unacked: UnackedFrame[] = [];
  /**
   * The highest sender seq received from its client, by which messages that come again from another node are
   * recognized.
   */
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

  /** False while its node is unknown: messages to it wait. */
  get isReachable(): boolean {
    return this.node !== undefined && this.value !== 'cutOff' && this.value !== 'moving';
  }

  /** Whether more waits than allowed. A single message may be longer than all together: it takes all their room. */
  get isOverfull(): boolean {
    const taken = () =>
      this.unacked.reduce((sum, { text }) => sum + Math.min(text.length, MAX_UNACKED_BYTES), 0);
    return (
      this.unacked.length > MAX_UNACKED_FRAMES ||
      (this.#unackedBytes > MAX_UNACKED_BYTES && taken() > MAX_UNACKED_BYTES)
    );
  }

  keep(...frames: readonly UnackedFrame[]): void {
    for (const frame of frames) this.#unackedBytes += frame.text.length;
    this.unacked.push(...frames);
    this.#owner.added(frames.reduce((sum, { text }) => sum + text.length + KEPT_FRAME_BYTES, 0));
  }

  /** Forgets frames that need not be sent again. */
  drop(isOver: (frame: UnackedFrame) => boolean): void {
    for (let next = this.unacked.length - 1; next >= 0; next -= 1) {
      const frame = this.unacked[next] as UnackedFrame;
      if (!isOver(frame)) continue;
      this.unacked.splice(next, 1);
      this.#unackedBytes -= frame.text.length;
    }
  }

  /** Its own node tells its client and steps its session. */
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

  /** A message to another node may have to be sent again if either of the two clients is resumable. */
  deliver(signal: Signal, pairing: ServerPairing, from: Side, givenSeq: number | undefined): void {
    if (this.chosen) {
      this.#owner.say(this, this.chosen, { pairing, text: textOf(signal) });
      return;
    }
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

  /** What was waiting for its client is lost with the pairing: it is acked, since its sender would wait in vain. */
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
