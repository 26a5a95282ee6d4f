/** A session as the server holds it: the machine's state, and beside it what a machine may not have. */
import {
  Hosted,
  type MachineHost,
  type SessionContext,
  type SessionEvent,
  type Side,
  type sessionMachine,
} from '../../machines/index.ts';
import type { DisconnectReason } from '../../protocol/index.ts';
import type { Client, Refusal } from './client.ts';
import type { IceServersFor, Party, ServerPairing } from './pairing.ts';
import type { Signal } from './signal.ts';
import type { Waits } from './waiting-bytes.ts';

export type SessionHost = MachineHost<typeof sessionMachine, ServerSession>;

/** Who steps a session's machine. */
export interface SessionOwner {
  dispatch(session: ServerSession, event: SessionEvent): void;
  /** More waits for the client on that side than its peer may make wait. */
  overfull(pairing: ServerPairing, side: Side): void;
}

/** What a session asked other nodes for. */
export interface PendingPairRequest {
  /** Of the pairing that it may become. */
  readonly epoch: number;
  readonly targetId: string | undefined;
  readonly key: string | undefined;
  /** Whose guess the key was, until another node knows it. */
  readonly address: string;
}

export class ServerSession extends Hosted<SessionContext> implements Party, Waits {
  readonly id: string;
  readonly client: Client;
  readonly openedAt: number;
  /** When its machine was last told that it was heard. */
  heardAt: number;
  /** Whether its client was lost, and its peer told so; one that a drain sent away is on the way, and not missed. */
  isMissed = false;
  pendingPairRequest: PendingPairRequest | undefined;
  pairing: ServerPairing | undefined;
  side: Side = 'initiator';
  keys: string[] = [];
  readonly #owner: SessionOwner;

  /** @param now milliseconds of the server's clock */
  constructor(id: string, client: Client, now: number, owner: SessionOwner) {
    super();
    this.id = id;
    this.client = client;
    this.openedAt = now;
    this.heardAt = now;
    this.#owner = owner;
  }

  get isResumable(): boolean {
    return this.client.isResumable;
  }

  /** Where its client connected from last, as limits count it. */
  get address(): string {
    return this.client.address;
  }

  get generation(): number {
    return this.client.generation;
  }

  /** Whether it owes an answer to a ping. */
  get isPinged(): boolean {
    const { present } = this.value as { present?: { socket?: { online?: string } } };
    return present?.socket?.online === 'pinged';
  }

  dispatch(event: SessionEvent): void {
    this.#owner.dispatch(this, event);
  }

  paired(pairing: ServerPairing, iceServersFor: IceServersFor): void {
    const { id: peerId } = pairing.other(this.side);
    const { epoch } = pairing;
    this.client.notify({
      type: 'paired',
      peerId,
      isInitiator: this.side === 'initiator',
      epoch,
      iceServers: iceServersFor(this.id),
    });
    this.dispatch({ type: 'PAIRED', peerId, isGranted: this.pendingPairRequest?.epoch === epoch });
  }

  restored(pairing: ServerPairing): void {
    this.dispatch({ type: 'PAIRED', peerId: pairing.other(this.side).id });
  }

  advanced(event: 'NEGOTIATION_STARTED' | 'CONNECTED'): void {
    this.dispatch({ type: event });
  }

  /** Its sender is told that a signal is safe only once this client has it, where it can come back. */
  deliver(signal: Signal, pairing: ServerPairing, from: Side, givenSeq: number | undefined): void {
    const { client } = this;
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
    this.client.notify({ type: 'refused', ...refusal });
  }

  /** A peer that comes and goes while this client reads nothing is one that sends too much. */
  notify(change: 'peer_away' | 'peer_back', peerId: string): void {
    if (this.client.hasRoomForChange) this.client.notify({ type: change, peerId });
    else if (this.pairing) this.#owner.overfull(this.pairing, this.side);
  }

  get waitingBytes(): number {
    return this.client.waitingBytes;
  }

  shedWaiting(): void {
    if (this.pairing) this.#owner.overfull(this.pairing, this.side);
    this.client.dropWaiting();
  }

  hasRoomFor(bytes: number): boolean {
    return this.client.hasRoomFor(bytes);
  }

  disconnected(reason: DisconnectReason, peerId: string): void {
    this.client.notify({ type: 'peer_disconnected', peerId, reason });
  }

  release(): void {
    this.pairing = undefined;
    this.dispatch({ type: 'UNPAIRED' });
  }

  nextSenderSeq(): number {
    return this.client.nextSenderSeq();
  }

  acked(senderSeq: number): void {
    this.client.acked(senderSeq);
  }

  isWaitingFor(epoch: number, senderSeq: number): boolean {
    return this.client.isWaitingFor(epoch, senderSeq);
  }

  outlivesNode(hasOtherNodes: boolean): boolean {
    return this.isResumable && hasOtherNodes;
  }
}
