/**
 * A client of this wire as the core reaches it: its socket, and for one that can come back the frames that it has not
 * acked, the secrets that it may come back with, and how often it has.
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
import type { Grants } from '../../admission/tokens/grants.ts';
import type { WebSocket } from '../../http/shell/shell.ts';
import type { Client, ClientNotice, UnackedFrame } from '../../signaling/client.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signal } from '../../signaling/signal.ts';
import { KEPT_FRAME_BYTES } from '../../signaling/waiting-bytes.ts';
import { cutUnread } from '../cut-unread.ts';
import { withFromPeer } from './decode-client-message.ts';
import { encodeNotice, isForSocketOnly } from './encode-notice.ts';
import type { Outbox, Recipient } from './outbox.ts';
import type { ResumeToken } from './resume-secrets.ts';

/** How a client opened its socket: without a wish to come back, with it, or to come back. */
export type SocketKind = 'plain' | 'resumable' | 'back';

/** What uWebSockets.js keeps for a client's socket. Until its client is known a timer runs. */
export interface SocketData extends TimerOwner {
  client: NativeClient | undefined;
  readonly address: string;
  readonly kind: SocketKind;
  /** Its client is paired by key only. */
  readonly isKeyOnly: boolean;
  /** How many peers it may have at once; undefined for one that did not say, and has one. */
  readonly peers: number | undefined;
  /** It tells how its connections come up, and we want to know; 2: how they go, too. */
  readonly givesEvidence?: 0 | 1 | 2;
  /** What its client may do; undefined until that is known, and on a server that asks for no token. */
  grants?: Grants;
  /** What it brought when it was opened; nobody has it once it was looked at. */
  token?: string | undefined;
  /** Its request, for whoever looks at it to say what the client may do; nobody has it once that is known. */
  request?: UpgradeRequest | undefined;
  /** While it is not known yet what its client may do. */
  unauthenticated?: Unauthenticated;
  /** Of one that comes back, once it has said to which session: while other nodes are asked, or it is closed. */
  phase?: 'asking' | 'closed';
}

/** What a socket sent while it is found out what its client may do. */
export interface Unauthenticated {
  /** Whether somebody is being asked; else its first message is waited for. */
  isAsking: boolean;
  readonly held: { readonly bytes: ArrayBuffer; readonly isBinary: boolean }[];
  heldBytes: number;
}

export type ClientSocket = WebSocket<SocketData>;

/** What a client that comes back has beside its socket. */
export interface ResumeState {
  delivery: ReliableDelivery<string | Buffer>;
  token: ResumeToken;
}

/** What a client's session is of. */
export interface ClientOwn {
  /** Undefined for a client that does not come back. */
  readonly resume: ResumeState | undefined;
  readonly generation: number;
  readonly peers: number | undefined;
}

/** The places that clients take, here or waited for. */
export interface Places {
  waits(address: string): void;
  waitsNoLonger(address: string): void;
  isOver(address: string): boolean;
}

export class NativeClient implements Client, Recipient {
  readonly id: string;
  /** Of its newest socket. */
  address: string;
  /** Its newest socket said so. */
  isKeyOnly = false;
  /** Undefined once it is closed: every method of a closed socket throws. */
  socket: ClientSocket | undefined;
  readonly rate = new SendingRate();
  readonly resume: ResumeState | undefined;
  /** How many peers it may have at once; undefined for one that did not say, which is told nothing of epochs. */
  readonly peers: number | undefined;
  generation: number;
  /** Its session, which is made with it. */
  session: ServerSession | undefined;
  /** The number of its last message for a peer that can come back, where it gives none itself. */
  #lastGivenSeq = 0;
  readonly #outbox: Outbox;
  readonly #places: Places;
  /** The address in whose place its session waits for it. */
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
    return unackedBytes + KEPT_FRAME_BYTES * unacked.length + (this.socket?.getBufferedAmount() ?? 0);
  }

  dropWaiting(isDropped: (epoch: number | undefined) => boolean): void {
    this.resume?.delivery.dropRelayed(NOTHING, isDropped);
  }

  cutUnread(): void {
    cutUnread(this.socket);
  }

  /** It lost its socket, and its session waits for it: in the place that its socket had. */
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
    const encoded = encodeNotice(notice, this.peers !== undefined);
    if (!encoded) return;
    const isAsked = encoded.type === 'paired' && this.#givesEvidence >= 1;
    const message: ServerMessage = isAsked ? { ...encoded, evidence: true } : encoded;
    if (isForSocketOnly(notice)) this.#outbox.send(this, message);
    else this.#sendFrame(JSON.stringify(message), undefined);
  }

  get #givesEvidence(): number {
    return this.socket?.getUserData().givesEvidence ?? 0;
  }

  askFlow(epoch: number, seconds: number): void {
    if (this.#givesEvidence >= 2) this.#outbox.send(this, { type: 'evidence', epoch, seconds });
  }

  relay(signal: Signal, epoch: number, relayed: Relayed | undefined): void {
    // Its sender may have left it out: that one may have only this peer.
    const added = this.peers === undefined || signal.message.epoch !== undefined ? undefined : epoch;
    this.#sendFrame(withFromPeer(signal, this.isResumable, added), relayed ?? OF_PEER);
  }

  close(code: CloseCode, reason: string): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.end(code, reason);
  }

  /** The server ends its session. */
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

  /** Acks what came, when nothing of our own did for long. */
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

  /** The newest socket is the client's, and the one before no longer is. */
  attach(socket: ClientSocket): void {
    this.#waitsNoLonger();
    this.#detach();
    this.socket = socket;
    this.opened(socket);
    socket.getUserData().client = this;
  }

  /** What a socket said when it was opened is its client's word from now on. */
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

  /** Tells it its number, and sends again what it has not had. */
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

/** Of a client that acks nothing. */
const NOTHING_KEPT = { unacked: [], unackedBytes: 0 };

/** In the place of what was dropped: its number has to come, and every client takes an ack that says nothing new. */
const NOTHING = JSON.stringify({ type: 'ack', received: 0 });

/** Of a relayed frame that nobody waits to see acked. */
const OF_PEER: Relayed = {};

/** The client of a session, when it speaks this wire and comes back. */
export function resumableOf(
  session: ServerSession | undefined,
): (NativeClient & { resume: ResumeState }) | undefined {
  const client = session?.client;
  return client instanceof NativeClient && client.resume
    ? (client as NativeClient & { resume: ResumeState })
    : undefined;
}
