/** A session's place in one pairing: the party that the pairing sees, while the session itself may be in several. */
import type { SessionEvent, Side } from '../../machines/index.ts';
import type { DisconnectReason } from '../../protocol/index.ts';
import type { Grants } from '../admission/tokens/grants.ts';
import type { Client, Refusal } from './client.ts';
import type { IceServersFor, Party, ServerPairing } from './pairing.ts';
import type { Signal } from './signal.ts';

/** A session, as far as its places need it. */
export interface SeatHolder {
  readonly id: string;
  readonly client: Client;
  readonly grants: Grants;
  readonly isMissed: boolean;
  /** What it asked other nodes for. */
  readonly pendingPairRequest: { readonly epoch: number } | undefined;
  dispatch(event: SessionEvent): void;
  /** The seat is in a pairing from here on. */
  took(seat: Seat): void;
  left(seat: Seat): void;
  /** More waits for its client than the peer in that pairing may make wait. */
  overfull(seat: Seat): void;
}

export class Seat implements Party {
  readonly session: SeatHolder;
  #pairing: ServerPairing | undefined;
  #side: Side = 'initiator';
  /** The number of its client's last message that the peer was forwarded by another node; 0: none was. */
  #forwardedUpTo = 0;

  constructor(session: SeatHolder) {
    this.session = session;
  }

  get id(): string {
    return this.session.id;
  }

  get pairing(): ServerPairing | undefined {
    return this.#pairing;
  }

  get side(): Side {
    return this.#side;
  }

  /** That of its pairing; 0 while it has none. */
  get epoch(): number {
    return this.#pairing?.epoch ?? 0;
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
    this.session.took(this);
  }

  vacate(): void {
    this.#pairing = undefined;
    this.session.left(this);
  }

  paired(pairing: ServerPairing, iceServersFor: IceServersFor): void {
    const { session } = this;
    const { id: peerId } = pairing.other(this.#side);
    const { epoch } = pairing;
    session.client.notify({
      type: 'paired',
      peerId,
      isInitiator: this.#side === 'initiator',
      epoch,
      iceServers: iceServersFor(session.id, session.grants),
      room: pairing.room,
    });
    session.dispatch({ type: 'PAIRED', peerId, isGranted: session.pendingPairRequest?.epoch === epoch });
  }

  restored(pairing: ServerPairing): void {
    this.session.dispatch({ type: 'PAIRED', peerId: pairing.other(this.#side).id });
  }

  advanced(event: 'NEGOTIATION_STARTED' | 'CONNECTED'): void {
    this.session.dispatch({ type: event });
  }

  hasRoomFor(bytes: number): boolean {
    return this.session.client.hasRoomFor(bytes);
  }

  /** Its sender is told that a signal is safe only once this client has it, where it can come back. */
  deliver(signal: Signal, pairing: ServerPairing, from: Side, givenSeq: number | undefined): void {
    const { client } = this.session;
    const senderSeq = client.isResumable ? (givenSeq ?? pairing.party(from).nextSenderSeq()) : undefined;
    if (senderSeq === undefined) client.relay(signal, undefined);
    else {
      const onAcked = () => pairing.party(from).acked(senderSeq);
      client.relay(signal, { senderSeq, epoch: pairing.epoch, onAcked });
    }
  }

  /** The machine of this node has counted it. */
  shareReport(): void {}

  refuse(refusal: Refusal): void {
    this.session.client.notify({ type: 'refused', ...refusal });
  }

  /** A peer that comes and goes while this client reads nothing is one that sends too much. */
  notify(change: 'peer_away' | 'peer_back', peerId: string): void {
    const { client } = this.session;
    if (client.hasRoomForChange) client.notify({ type: change, peerId });
    else this.session.overfull(this);
  }

  disconnected(reason: DisconnectReason, peerId: string): void {
    this.session.client.notify({ type: 'peer_disconnected', peerId, reason });
  }

  release(): void {
    this.vacate();
    this.session.dispatch({ type: 'UNPAIRED' });
  }

  nextSenderSeq(): number {
    return this.session.client.nextSenderSeq();
  }

  acked(senderSeq: number): void {
    this.session.client.acked(senderSeq);
  }

  isWaitingFor(epoch: number, senderSeq: number): boolean {
    return this.session.client.isWaitingFor(epoch, senderSeq);
  }

  outlivesNode(hasOtherNodes: boolean): boolean {
    return this.isResumable && hasOtherNodes;
  }

  /** Its peer was forwarded its messages up to this number elsewhere: they are dropped when they come again. */
  forwardedUpTo(senderSeq: number): void {
    this.#forwardedUpTo = senderSeq;
  }

  /**
   * Whether the message that came last was forwarded to its peer elsewhere, by the node that this client was at before.
   * It is as safe as it will be, unless the peer has yet to ack it.
   */
  wasForwarded(): boolean {
    const { client } = this.session;
    if (this.#forwardedUpTo === 0 || client.lastSenderSeq > this.#forwardedUpTo) return false;
    if (this.peer?.isWaitingFor(this.epoch, client.lastSenderSeq)) client.nextSenderSeq();
    return true;
  }
}
