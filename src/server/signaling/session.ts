/** A session as the server holds it: its machine's state, and what a pure machine cannot hold. */
import {
  Hosted,
  type MachineHost,
  type SessionContext,
  type SessionEvent,
  type sessionMachine,
} from '../../machines/index.ts';
import { type CloseCode, closeCodes, formatPairingKey } from '../../protocol/index.ts';
import { appOf, type Grants, noLimits, publicIdOf } from '../admission/tokens/grants.ts';
import type { Client, Refusal } from './client.ts';
import { LeftPeers } from './left-peers.ts';
import type { Asked, Seat, SeatHolder } from './seat.ts';
import { type Signal, sizeOf } from './signal.ts';
import { KEPT_FRAME_BYTES, type Waits } from './waiting-bytes.ts';

export type SessionHost = MachineHost<typeof sessionMachine, ServerSession>;

/** Steps a session's machine. */
export interface SessionOwner {
  /** Milliseconds of the server's clock. */
  readonly now: number;
  dispatch(session: ServerSession, event: SessionEvent): void;
  /** An effect threw: the session ends, and no other session is affected. */
  fail(session: ServerSession, error: unknown, where: string): void;
  /** The peer in that pairing has more bytes waiting for the client than it may have. */
  overfull(seat: Seat): void;
  close(session: ServerSession, code: CloseCode, reason: string): void;
}

/** A pair request that other nodes have not answered yet. */
export interface PendingPairRequest {
  /** The epoch of the pairing that it may become. */
  readonly epoch: number;
  readonly targetId: string | undefined;
  readonly key: string | undefined;
  /** Passed on to the responder: any JSON value. */
  readonly metadata?: unknown;
  /** The span that becomes the parent of the pairing's trace. */
  readonly traceparent?: string | undefined;
  /** The address that the key guess counts against, unless another node knows the key. */
  readonly address: string;
  /** The client's first offer, if it has sent that already: it is relayed once the request is granted. */
  offer?: HeldOffer;
}

export interface HeldOffer {
  readonly signal: Signal;
  readonly senderSeq: number;
}

/** Shared by the many sessions that have no peer at the moment. */
const NO_SEATS: readonly Seat[] = [];

/** Sessions that gave up what waits for them by ending, which may have to wait for a step that is under way. */
const ending = new WeakSet<ServerSession>();

export class ServerSession extends Hosted<SessionContext> implements SeatHolder, Waits {
  readonly id: string;
  readonly client: Client;
  readonly openedAt: number;
  /** When its machine was last told that the client was heard. */
  heardAt: number;
  pendingPairRequest: PendingPairRequest | undefined;
  /**
   * Its last pair request that formed a pairing or went to other nodes, if its client can resume. Most sessions have no
   * such field.
   */
  declare asked?: Asked;
  keys: string[] = [];
  /** Undefined for most sessions, which never leave a peer. */
  #leftPeers: LeftPeers | undefined;
  /** An array, since it holds few: as fast to search as a map, and smaller. Replaced on every change, never mutated. */
  #seats = NO_SEATS;
  /** What its client may do. */
  grants: Grants = noLimits;
  /** When its client claimed its id with a token: microseconds since 1970, never the same twice at one node. */
  since = 0;
  /** The node where that was; 0 for a server without other nodes. */
  claimedAt = 0;
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

  /** Its seats in pairings, oldest first. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  /** The id by which its client and peers know it. */
  get publicId(): string {
    return this.client.knownAs ?? publicIdOf(this.id);
  }

  get maxPeers(): number {
    return this.client.maxPeers;
  }

  /** False before its first step, which is delayed if another machine's step created the session. */
  get isMissed(): boolean {
    return this.value !== '' && this.context.isMissed;
  }

  get isResumable(): boolean {
    return this.client.isResumable;
  }

  /** The address of the client's newest connection, as limits count it. */
  get address(): string {
    return this.client.address;
  }

  /** Wrong keys and passwords are counted per address and app. */
  get guesser(): string {
    const app = appOf(this.id);
    return app === '' ? this.address : `${app} ${this.address}`;
  }

  get generation(): number {
    return this.client.generation;
  }

  /** Whether the client has yet to answer a ping. */
  get isPinged(): boolean {
    const { present } = this.value as { present?: { socket?: { online?: string } } };
    return present?.socket?.online === 'pinged';
  }

  dispatch(event: SessionEvent): void {
    this.#owner.dispatch(this, event);
  }

  /** Its seat in the pairing of that epoch. */
  seatIn(epoch: number): Seat | undefined {
    for (const seat of this.#seats) if (seat.epoch === epoch) return seat;
    return undefined;
  }

  /** The seat that a message refers to. If there is only one, that one: its pairing judges an old epoch itself. */
  seatOf(epoch: number | undefined): Seat | undefined {
    const seats = this.#seats;
    if (seats.length < 2) return seats[0];
    return epoch === undefined ? undefined : this.seatIn(epoch);
  }

  isPairedWith(id: string): boolean {
    return this.#seats.some(({ peer }) => peer?.id === id);
  }

  /** Whether it may have one more peer; a pending request to other nodes already takes a seat. */
  get hasFreeSeat(): boolean {
    return this.#seats.length + (this.pendingPairRequest ? 1 : 0) < this.maxPeers;
  }

  /** Whether one more peer may be announced to it: its client has read enough of what it was sent. */
  get hasRoomForPeer(): boolean {
    return this.client.hasRoomFor(0);
  }

  took(seat: Seat): void {
    // A spread array has room for sixteen more, and most sessions never have a second one.
    this.#seats = this.#seats.length === 0 ? [seat] : [...this.#seats, seat];
    if (seat.peer) this.#leftPeers?.delete(seat.peer.id);
  }

  left(seat: Seat): void {
    const others = this.#seats.filter((other) => other !== seat);
    this.#seats = others.length === 0 ? NO_SEATS : others;
  }

  leaves(peerId: string): void {
    this.#leftPeers ??= new LeftPeers();
    this.#leftPeers.add(peerId, this.#owner.now);
  }

  /** Whether it left that client so recently that the client may not ask for it by its id. */
  hasJustLeft(peerId: string): boolean {
    return this.#leftPeers?.has(peerId, this.#owner.now) ?? false;
  }

  failed(error: unknown, where: string): void {
    this.#owner.fail(this, error, where);
  }

  overfull(seat: Seat): void {
    this.#owner.overfull(seat);
  }

  /**
   * Nobody gets the offer that waits for another node's answer: it is acked.
   * @returns whether there was one
   */
  dropOffer(): boolean {
    const request = this.pendingPairRequest;
    if (!request?.offer) return false;
    this.client.acked(request.offer.senderSeq);
    delete request.offer;
    return true;
  }

  keyExpired(key: string): void {
    this.client.notify({ type: 'key_expired', key: formatPairingKey(key) });
  }

  refuse(refusal: Refusal): void {
    this.client.notify({ type: 'refused', ...refusal });
  }

  /** With several peers, what waits from each of them is counted separately. */
  get waits(): readonly Waits[] {
    return [this, ...this.#countedSeats];
  }

  /** With several peers: what belongs to none of them. */
  get waitingBytes(): number {
    if (ending.has(this)) return 0;
    const { offer } = this.pendingPairRequest ?? {};
    const own = this.client.waitingBytes + (offer ? sizeOf(offer.signal) + KEPT_FRAME_BYTES : 0);
    return this.#countedSeats.reduce((left, seat) => left - seat.waitingBytes, own);
  }

  /** What no pairing's end frees goes with the session: the server's own messages, or what a socket has unread. */
  shedWaiting(): void {
    const before = this.waitingBytes;
    const kept = this.#countedSeats;
    if (kept.length === 0) for (const seat of this.#seats) this.overfull(seat);
    this.client.dropWaiting((epoch) => !kept.some((seat) => seat.epoch === epoch));
    this.client.cutUnread();
    // Dropped now, since a step may be under way: until that is over the request is not denied.
    if (this.dropOffer()) this.dispatch({ type: 'DENIED', code: 'unavailable' });
    if (this.waitingBytes <= before / 2) return;
    ending.add(this);
    this.#owner.close(this, closeCodes.tryAgainLater, 'Too much waits for you');
  }

  /** The seats whose waiting bytes are counted separately; none if there is only one. */
  get #countedSeats(): readonly Seat[] {
    return this.#seats.length < 2 ? NO_SEATS : this.#seats;
  }
}
