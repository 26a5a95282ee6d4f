/**
 * A native client as the core sees it: its socket and, if it is resumable, the frames that it has not acked, its resume
 * secrets, and its generation.
 */
import type { TimerOwner } from '../../../machines/index.ts';
import {
  type CloseCode,
  closeCodes,
  type Relayed,
  type ReliableDelivery,
  type ServerMessage,
} from '../../../protocol/index.ts';
import { SendingRate } from '../../admission/rate-limits.ts';
import type { UpgradeRequest } from '../../admission/tokens/authenticator.ts';
import type { TokenGrants } from '../../admission/tokens/grants.ts';
import type { WebSocket } from '../../http/shell/shell.ts';
import type { Client, ClientNotice, UnackedFrame } from '../../signaling/client.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signal } from '../../signaling/signal.ts';
import { DROPPED_FRAME_BYTES, KEPT_FRAME_BYTES } from '../../signaling/waiting-bytes.ts';
import { cutUnread } from '../cut-unread.ts';
import type { HeldFrames } from '../held-frames.ts';
import { withFromPeer } from './decode-client-message.ts';
import { encodeNotice, isForSocketOnly } from './encode-notice.ts';
import type { Outbox, Recipient } from './outbox.ts';
import type { ResumeToken } from './resume-secrets.ts';

/** How a client opened its socket: without resume, to be resumable, or to come back. */
export type SocketKind = 'plain' | 'resumable' | 'back';

/** What uWebSockets.js keeps for a client's socket. A timer runs until its client is known. */
export interface SocketData extends TimerOwner {
  client: NativeClient | undefined;
  readonly address: string;
  readonly kind: SocketKind;
  /** Whether its client can be paired by key only. */
  readonly isKeyOnly: boolean;
  /** How many peers it may have at once; undefined for a client that did not ask, and has one. */
  readonly peers: number | undefined;
  /** Whether it may send evidence of its connections, and we want it; 2: also while they are connected. */
  readonly givesEvidence?: 0 | 1 | 2;
  /** What its client may do; undefined until that is known, and on a server without authentication. */
  grants?: TokenGrants;
  /** The token presented when the socket was opened; cleared once it was checked. */
  token?: string | undefined;
  /** The upgrade request, for an authenticator that inspects requests; cleared once the client's grants are known. */
  request?: UpgradeRequest | undefined;
  /** Present until the client's grants are known. */
  unauthenticated?: Unauthenticated;
  /** Present once its client, which comes back, has sent an `auth` that is ignored or has named its session, and once it is closed. */
  phase?: 'auth' | 'named' | 'closed';
}

/** What a socket sent before its client was authenticated. */
export interface Unauthenticated {
  /** Whether the authenticator is being asked; otherwise the first message is awaited. */
  isAsking: boolean;
  readonly held: HeldFrames;
}

export type ClientSocket = WebSocket<SocketData>;

/** What a resumable client has in addition to its socket. */
export interface ResumeState {
  delivery: ReliableDelivery<string | Buffer>;
  token: ResumeToken;
  /**
   * The secret with which its session was created again after its server was lost. Whoever comes with it has not heard
   * of that: what it has received is by the lost server's numbers.
   */
  readonly restoredWith?: string | undefined;
}

/** What a new session takes over from its client. */
export interface ClientOwn {
  /** Undefined for a client that is not resumable. */
  readonly resume: ResumeState | undefined;
  readonly generation: number;
  readonly peers: number | undefined;
}

/** The connection places of addresses; a session that waits for its client keeps its place. */
export interface Places {
  waits(address: string): void;
  waitsNoLonger(address: string): void;
  isOver(address: string): boolean;
}

export class NativeClient implements Client, Recipient {
  readonly id: string;
  /** The address of its newest socket. */
  address: string;
  /** As its newest socket asked. */
  isKeyOnly = false;
  /** Undefined once it is closed: every method of a closed socket throws. */
  socket: ClientSocket | undefined;
  readonly rate = new SendingRate();
  readonly resume: ResumeState | undefined;
  /** How many peers it may have at once; undefined for a client that did not ask, and is told nothing about epochs. */
  readonly peers: number | undefined;
  generation: number;
  /** Its session, which is created together with it. */
  session: ServerSession | undefined;
  /** The number given to its last message for a resumable peer, if the client does not number its messages itself. */
  #lastGivenSeq = 0;
  readonly #outbox: Outbox;
  readonly #places: Places;
  /** The address whose place its waiting session keeps. */
  #waitsAt: string | undefined;

  constructor(id: string, address: string, places: Places, outbox: Outbox, own: ClientOwn) {
    this.id = id;
    this.address = address;
    this.#outbox = outbox;
    this.#places = places;
    this.resume = own.resume;
    this.peers = own.peers;
    this.generation = own.generation;
  }

  get maxPeers(): number {
    return this.peers ?? 1;
  }

  get maxWaitingBytes(): number {
    return this.#outbox.maxWaitingBytes;
  }

  get isOnline(): boolean {
    return this.socket !== undefined;
  }

  get isResumable(): boolean {
    return this.resume !== undefined;
  }

  get lastSenderSeq(): number {
    return this.resume?.delivery.received ?? this.#lastGivenSeq;
  }

  hasRoomFor(bytes: number): boolean {
    const delivery = this.resume?.delivery;
    const { maxWaitingBytes } = this.#outbox;
    return (delivery?.hasRoomFor(bytes, maxWaitingBytes) ?? true) && this.#outbox.hasRoomFor(this, bytes);
  }

  get waitingBytes(): number {
    const { unacked, unackedBytes } = this.resume?.delivery ?? NOTHING_KEPT;
    const costs = unacked.reduce((sum, { message }) => sum + costOf(message), 0);
    return unackedBytes + costs + (this.socket?.getBufferedAmount() ?? 0);
  }

  dropWaiting(isDropped: (epoch: number | undefined) => boolean): void {
    this.resume?.delivery.dropRelayed(NOTHING, isDropped);
  }

  cutUnread(): void {
    cutUnread(this.socket);
  }

  /** It lost its socket; its session waits for it and keeps the socket's place. */
  waits(): void {
    if (this.#waitsAt !== undefined) return;
    this.#waitsAt = this.address;
    this.#places.waits(this.address);
  }

  #waitsNoLonger(): void {
    if (this.#waitsAt === undefined) return;
    this.#places.waitsNoLonger(this.#waitsAt);
    this.#waitsAt = undefined;
  }

  get hasRoomForChange(): boolean {
    return this.resume?.delivery.hasRoomForChange ?? this.#outbox.hasRoomFor(this, 0);
  }

  notify(notice: ClientNotice): void {
    if (notice.type === 'refused') this.#outbox.noteRefusal(this, notice);
    const encoded = encodeNotice(this.#named(notice), this.peers !== undefined);
    if (!encoded) return;
    const isAsked = encoded.type === 'paired' && this.#givesEvidence >= 1;
    const message: ServerMessage = isAsked ? { ...encoded, evidence: true } : encoded;
    if (isForSocketOnly(notice)) this.#outbox.send(this, message);
    else this.#sendFrame(JSON.stringify(message), undefined);
  }

  /** To a client that numbers its messages, the refusal of a pair request says of which. */
  #named(notice: ClientNotice): ClientNotice {
    const isOfRequest = notice.type === 'refused' && notice.for === 'pair_request';
    return isOfRequest && this.resume ? { request: this.lastSenderSeq, ...notice } : notice;
  }

  get #givesEvidence(): number {
    return this.socket?.getUserData().givesEvidence ?? 0;
  }

  askFlow(epoch: number, seconds: number): void {
    if (this.#givesEvidence >= 2) this.#outbox.send(this, { type: 'evidence', epoch, seconds });
  }

  relay(signal: Signal, epoch: number, relayed: Relayed | undefined): void {
    // A sender with only this peer may leave the epoch out.
    const added = this.peers === undefined || signal.message.epoch !== undefined ? undefined : epoch;
    this.#sendFrame(withFromPeer(signal, this.isResumable, added), relayed ?? OF_PEER);
  }

  close(code: CloseCode, reason: string): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.end(code, reason);
  }

  /** Ends its session on the server's behalf. */
  end(code: CloseCode, reason: string): void {
    this.session?.dispatch({ type: 'CLOSED_BY_SERVER', code, reason });
  }

  discard(): void {
    this.#waitsNoLonger();
    this.resume?.delivery.discard();
  }

  nextSenderSeq(): number {
    if (this.resume) return this.resume.delivery.deferAck();
    this.#lastGivenSeq += 1;
    return this.#lastGivenSeq;
  }

  acked(senderSeq: number): void {
    this.resume?.delivery.releaseAck(senderSeq);
    this.sendAckIfDue();
  }

  /** Acks what was received if no other frame has carried an ack for long. */
  sendAckIfDue(): void {
    const delivery = this.resume?.delivery;
    if (delivery?.shouldAck) this.#outbox.send(this, delivery.ackMessage());
  }

  isWaitingFor(epoch: number, senderSeq: number): boolean {
    const unacked = this.resume?.delivery.unacked;
    return unacked?.some((kept) => kept.senderSeq === senderSeq && kept.epoch === epoch) ?? false;
  }

  unackedOf(epoch: number): readonly UnackedFrame[] {
    return (this.resume?.delivery.unacked ?? [])
      .filter((kept) => kept.senderSeq !== undefined && kept.epoch === epoch)
      .map(({ senderSeq, message }) => ({ senderSeq, text: message.toString() }));
  }

  /** Makes a new socket the client's, in place of the old one. */
  attach(socket: ClientSocket): void {
    this.#waitsNoLonger();
    this.#detach();
    this.socket = socket;
    this.opened(socket);
    socket.getUserData().client = this;
  }

  /** Applies what the client asked for when it opened this socket. */
  opened(socket: ClientSocket): void {
    const { address, isKeyOnly } = socket.getUserData();
    this.address = address;
    this.isKeyOnly = isKeyOnly;
  }

  moveAway(): void {
    this.generation += 1;
    this.#waitsNoLonger();
    this.#detach();
  }

  /** Tells the client its number and sends again what it has not received. */
  sendUnacked(): void {
    if (this.resume) this.#outbox.sendUnacked(this, this.resume.delivery);
  }

  #detach(): void {
    const { socket } = this;
    if (!socket) return;
    this.socket = undefined;
    socket.getUserData().client = undefined;
    socket.end(closeCodes.takenOver, 'You came back on another socket');
  }

  #sendFrame(frame: string | Buffer, relayed: Relayed | undefined): void {
    const delivery = this.resume?.delivery;
    if (delivery) this.#outbox.sendKept(this, delivery, delivery.keep(frame, relayed), relayed !== undefined);
    else this.#outbox.write(this, frame, relayed !== undefined);
  }
}

/** For a client that acks nothing. */
const NOTHING_KEPT: Pick<ReliableDelivery<string | Buffer>, 'unacked' | 'unackedBytes'> = {
  unacked: [],
  unackedBytes: 0,
};

/**
 * Takes the place of a dropped message: its number must still arrive, and every client accepts an ack that acks nothing
 * new.
 */
const NOTHING = JSON.stringify({ type: 'ack', received: 0 });

/** What it costs to keep a frame, besides its bytes. */
const costOf = (message: string | Buffer) => (message === NOTHING ? DROPPED_FRAME_BYTES : KEPT_FRAME_BYTES);

/** For a relayed frame whose ack nobody waits for. */
const OF_PEER: Relayed = {};

/** The client of a session, if it is a resumable native client. */
export function resumableOf(
  session: ServerSession | undefined,
): (NativeClient & { resume: ResumeState }) | undefined {
  const client = session?.client;
  return client instanceof NativeClient && client.resume
    ? (client as NativeClient & { resume: ResumeState })
    : undefined;
}
