/**
 * A session's seat in one pairing: the party that the pairing sees, while the session itself may be in several
 * pairings.
 */
import type { SessionEvent, Side } from '../../machines/index.ts';
import { type DisconnectReason, MAX_UNACKED_FRAMES } from '../../protocol/index.ts';
import type { Grants } from '../admission/tokens/grants.ts';
import type { Client, Refusal } from './client.ts';
import type { IceServersFor, Party, ServerPairing } from './pairing.ts';
import { type Signal, sizeOf } from './signal.ts';
import { DROPPED_FRAME_BYTES, KEPT_FRAME_BYTES, type Waits } from './waiting-bytes.ts';

/** A request of a client, and the epoch of the pairing that it formed or may form. */
export interface Asked {
  /** The number that the client gave it. */
  readonly request: number;
  readonly epoch: number;
}

/** A session, as far as its seats need it. */
export interface SeatHolder {
  readonly id: string;
  readonly client: Client;
  readonly grants: Grants;
  readonly isMissed: boolean;
  /** The pair request that other nodes have not answered yet. */
  readonly pendingPairRequest: { readonly epoch: number; readonly targetId: string | undefined } | undefined;
  readonly asked?: Asked;
  dispatch(event: SessionEvent): void;
  /** The seat is in a pairing from now on. */
  took(seat: Seat): void;
  left(seat: Seat): void;
  /** Its client ended a pairing with that peer. */
  leaves(peerId: string): void;
  /** One of our effects threw, and only this session is affected. */
  failed(error: unknown, where: string): void;
  /** The peer in that pairing has more bytes waiting for the client than it may have. */
  overfull(seat: Seat): void;
}

export class Seat implements Party, Waits {
  readonly session: SeatHolder;
  #pairing: ServerPairing | undefined;
  #side: Side = 'initiator';
  #epoch = 0;
  /** What the peer sent and the client has not acked. */
  #waitingBytes = 0;
  #waitingFrames = 0;
  #frameCost = KEPT_FRAME_BYTES;
  /** The number of the client's last message that another node forwarded to the peer; 0: none. */
  #forwardedUpTo = 0;

  constructor(session: SeatHolder) {
    this.session = session;
  }

  get id(): string {
    return this.session.id;
  }

  get address(): string {
    return this.session.client.address;
  }

  get pairing(): ServerPairing | undefined {
    return this.#pairing;
  }

  get side(): Side {
    return this.#side;
  }

  /** The epoch of its current pairing, or else of its last. */
  get epoch(): number {
    return this.#epoch;
  }

  get peer(): Party | undefined {
    return this.#pairing?.other(this.#side);
  }

  get isResumable(): boolean {
    return this.session.client.isResumable;
  }

  get generation(): number {
    return this.session.client.generation;
  }

  get isMissed(): boolean {
    return this.session.isMissed;
  }

  seated(pairing: ServerPairing, side: Side): void {
    this.#pairing = pairing;
    this.#side = side;
    this.#epoch = pairing.epoch;
    this.#frameCost = KEPT_FRAME_BYTES;
    // What came with the client from another node.
    for (const { text } of this.session.client.unackedOf(pairing.epoch)) this.#waits(1, text.length);
    this.session.took(this);
  }

  vacate(): void {
    this.#pairing = undefined;
    this.session.left(this);
  }

  paired(pairing: ServerPairing, iceServersFor: IceServersFor): void {
    const { session } = this;
    const { id: peerId } = pairing.other(this.#side);
    const { epoch, details } = pairing;
    const isInitiator = this.#side === 'initiator';
    session.client.notify({
      type: 'paired',
      peerId,
      isInitiator,
      epoch,
      iceServers: iceServersFor(session.id, session.grants),
      room: details.room,
      traceparent: pairing.traceparent,
      request: session.asked?.epoch === epoch ? session.asked.request : undefined,
      ...(details.metadata !== undefined && !isInitiator && { metadata: details.metadata }),
    });
    const { pendingPairRequest: request } = session;
    const answers =
      request?.epoch === epoch ? 'granted' : request?.targetId === peerId ? 'crossed' : undefined;
    session.dispatch({ type: 'PAIRED', epoch, peerId, ...(answers && { answers }) });
  }

  restored(pairing: ServerPairing): void {
    const { epoch } = pairing;
    this.session.dispatch({ type: 'PAIRED', epoch, peerId: pairing.other(this.#side).id });
  }

  advanced(event: 'NEGOTIATION_STARTED' | 'CONNECTED'): void {
    this.session.dispatch({ type: event, epoch: this.#epoch });
  }

  /** What one peer has waiting does not reduce the share of the others. */
  hasRoomFor(bytes: number): boolean {
    const { client } = this.session;
    const isWithinShare =
      this.#waitingFrames === 0 ||
      (this.#waitingFrames < MAX_UNACKED_FRAMES && this.#waitingBytes + bytes <= client.maxWaitingBytes);
    return isWithinShare && client.hasRoomFor(bytes);
  }

  get waitingBytes(): number {
    return this.#waitingBytes + this.#frameCost * this.#waitingFrames;
  }

  shedWaiting(): void {
    this.session.overfull(this);
    this.session.client.dropWaiting((epoch) => epoch === this.#epoch);
    this.#waitingBytes = 0;
    this.#frameCost = DROPPED_FRAME_BYTES;
  }

  /** If this client is resumable, the sender gets its ack only once this client has acked the signal. */
  deliver(signal: Signal, pairing: ServerPairing, from: Side, givenSeq: number | undefined): void {
    const { client } = this.session;
    if (client.isResumable)
      this.relayKept(signal, pairing, from, givenSeq ?? pairing.party(from).nextSenderSeq());
    else client.relay(signal, pairing.epoch, undefined);
  }

  /**
   * Relays to a client that acks.
   * @param senderSeq undefined for a signal that came without a number from another node
   */
  relayKept(signal: Signal, pairing: ServerPairing, from: Side, senderSeq: number | undefined): void {
    const { epoch } = pairing;
    const bytes = sizeOf(signal);
    this.#waits(1, bytes);
    const onAcked = () => {
      this.#waits(-1, -bytes);
      if (senderSeq !== undefined) pairing.party(from).acked(senderSeq);
    };
    this.session.client.relay(signal, epoch, { senderSeq, epoch, onAcked });
  }

  #waits(frames: number, bytes: number): void {
    this.#waitingFrames += frames;
    this.#waitingBytes = Math.max(this.#waitingBytes + bytes, 0);
  }

  /** The client has acked a frame that came with it from another node. */
  ackedFrame(senderSeq: number, bytes: number): void {
    this.#waits(-1, -bytes);
    this.peer?.acked(senderSeq);
  }

  /** This node's machine has already counted the report. */
  shareReport(): void {}

  refuse(refusal: Refusal): void {
    this.session.client.notify({ type: 'refused', ...refusal, epoch: this.#epoch });
  }

  /** If the client reads nothing while its peer comes and goes, the peer counts as sending too much. */
  notify(change: 'peer_away' | 'peer_back', peerId: string): void {
    const { client } = this.session;
    if (client.hasRoomForChange) client.notify({ type: change, peerId, epoch: this.#epoch });
    else this.session.overfull(this);
  }

  disconnected(reason: DisconnectReason, peerId: string, message?: string): void {
    const epoch = this.#epoch;
    this.session.client.notify({
      type: 'peer_disconnected',
      peerId,
      epoch,
      reason,
      ...(message && { message }),
    });
  }

  leaves(peerId: string): void {
    this.session.leaves(peerId);
  }

  /**
   * Acks what still waits: after the release nobody tracks it, and its client may be at another node before it receives
   * it.
   */
  release(): void {
    const { peer } = this;
    for (const { senderSeq } of this.session.client.unackedOf(this.#epoch))
      if (senderSeq !== undefined) peer?.acked(senderSeq);
    this.vacate();
    this.session.dispatch({ type: 'UNPAIRED', epoch: this.#epoch });
  }

  nextSenderSeq(): number {
    return this.session.client.nextSenderSeq();
  }

  /** The client that acked is not to blame if this fails. */
  acked(senderSeq: number): void {
    try {
      this.session.client.acked(senderSeq);
    } catch (error) {
      this.session.failed(error, 'acked');
    }
  }

  isWaitingFor(epoch: number, senderSeq: number): boolean {
    return this.session.client.isWaitingFor(epoch, senderSeq);
  }

  outlivesNode(hasOtherNodes: boolean): boolean {
    return this.isResumable && hasOtherNodes;
  }

  /** Another node has forwarded the client's messages up to this number: they are dropped if they come again. */
  forwardedUpTo(senderSeq: number): void {
    this.#forwardedUpTo = senderSeq;
  }

  /**
   * Whether the last message was already forwarded to the peer by the client's previous node. It is then acked as
   * usual, unless the peer has yet to ack it.
   */
  wasForwarded(): boolean {
    const { client } = this.session;
    if (this.#forwardedUpTo === 0 || client.lastSenderSeq > this.#forwardedUpTo) return false;
    if (this.peer?.isWaitingFor(this.epoch, client.lastSenderSeq)) client.nextSenderSeq();
    return true;
  }
}
