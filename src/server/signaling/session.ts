/** A session as the server holds it: the machine's state, and beside it what a machine may not have. */
import {
  Hosted,
  type MachineHost,
  type SessionContext,
  type SessionEvent,
  type sessionMachine,
} from '../../machines/index.ts';
import { formatPairingKey } from '../../protocol/index.ts';
import { appOf, type Grants, noLimits } from '../admission/tokens/grants.ts';
import type { Client, Refusal } from './client.ts';
import { LeftPeers } from './left-peers.ts';
import type { Seat, SeatHolder } from './seat.ts';
import type { Waits } from './waiting-bytes.ts';

export type SessionHost = MachineHost<typeof sessionMachine, ServerSession>;

/** Who steps a session's machine. */
export interface SessionOwner {
  /** Milliseconds of the server's clock. */
  readonly now: number;
  dispatch(session: ServerSession, event: SessionEvent): void;
  /** Something of ours threw: that session ends, and nobody else notices. */
  fail(session: ServerSession, error: unknown, where: string): void;
  /** More waits for its client than the peer in that pairing may make wait. */
  overfull(seat: Seat): void;
}

/** What a session asked other nodes for. */
export interface PendingPairRequest {
  /** Of the pairing that it may become. */
  readonly epoch: number;
  readonly targetId: string | undefined;
  readonly key: string | undefined;
  /** For the other one: any JSON value. */
  readonly metadata?: unknown;
  /** The span that the pairing's trace is to be a part of. */
  readonly traceparent?: string | undefined;
  /** Whose guess the key was, until another node knows it. */
  readonly address: string;
}

/** Most sessions have no peer at a time; they share this. */
const NO_SEATS: readonly Seat[] = [];

export class ServerSession extends Hosted<SessionContext> implements SeatHolder, Waits {
  readonly id: string;
  readonly client: Client;
  readonly openedAt: number;
  /** When its machine was last told that it was heard. */
  heardAt: number;
  pendingPairRequest: PendingPairRequest | undefined;
  keys: string[] = [];
  /** Most sessions never leave a peer. */
  #leftPeers: LeftPeers | undefined;
  /** Few, so that a list is searched as fast as a map, and is smaller; never changed in place. */
  #seats = NO_SEATS;
  /** What its client may do. */
  grants: Grants = noLimits;
  /** Since when its id is its own, where a token gave it: microseconds since 1970, the last three digits by chance. */
  since = 0;
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

  /** Its places in pairings, the oldest first. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  get maxPeers(): number {
    return this.client.maxPeers;
  }

  /** False before its first step, which waits where another machine's step brought it here. */
  get isMissed(): boolean {
    return this.value !== '' && this.context.isMissed;
  }

  get isResumable(): boolean {
    return this.client.isResumable;
  }

  /** Where its client connected from last, as limits count it. */
  get address(): string {
    return this.client.address;
  }

  /** Whom wrong keys and passwords count against: clients of one address, but not those of another app. */
  get guesser(): string {
    const app = appOf(this.id);
    return app === '' ? this.address : `${app} ${this.address}`;
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

  /** Its place in the pairing of that epoch. */
  seatIn(epoch: number): Seat | undefined {
    for (const seat of this.#seats) if (seat.epoch === epoch) return seat;
    return undefined;
  }

  /** The place that a message means: the only one, and it is for its pairing to judge an old epoch. */
  seatOf(epoch: number | undefined): Seat | undefined {
    const seats = this.#seats;
    if (seats.length < 2) return seats[0];
    return epoch === undefined ? undefined : this.seatIn(epoch);
  }

  isPairedWith(id: string): boolean {
    return this.#seats.some(({ peer }) => peer?.id === id);
  }

  /** Whether it may have one more peer; one that it asked other nodes for has its place already. */
  get hasFreeSeat(): boolean {
    return this.#seats.length + (this.pendingPairRequest ? 1 : 0) < this.maxPeers;
  }

  took(seat: Seat): void {
    this.#seats = [...this.#seats, seat];
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

  /** Whether it left that client so short a time ago that it is not to be asked for by its id. */
  hasJustLeft(peerId: string): boolean {
    return this.#leftPeers?.has(peerId, this.#owner.now) ?? false;
  }

  failed(error: unknown, where: string): void {
    this.#owner.fail(this, error, where);
  }

  overfull(seat: Seat): void {
    this.#owner.overfull(seat);
  }

  keyExpired(key: string): void {
    this.client.notify({ type: 'key_expired', key: formatPairingKey(key) });
  }

  refuse(refusal: Refusal): void {
    this.client.notify({ type: 'refused', ...refusal });
  }

  /** For a session with several peers what each of them makes wait is a matter of its own. */
  get waits(): readonly Waits[] {
    return this.#seats.length < 2 ? [this] : [this, ...this.#seats];
  }

  /** With several peers: what is of none of them. */
  get waitingBytes(): number {
    const { waitingBytes } = this.client;
    return this.#seats.length < 2
      ? waitingBytes
      : this.#seats.reduce((left, seat) => left - seat.waitingBytes, waitingBytes);
  }

  shedWaiting(): void {
    const kept = this.#seats.length < 2 ? NO_SEATS : this.#seats;
    if (kept === NO_SEATS) for (const seat of this.#seats) this.overfull(seat);
    this.client.dropWaiting((epoch) => !kept.some((seat) => seat.epoch === epoch));
    this.client.cutUnread();
  }
}
