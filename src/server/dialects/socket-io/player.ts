/**
 * A player of a game, as the core reaches it: its session begins when it joins the game, and is over when it has left.
 * One that was given a token keeps its place while its socket is lost, and is then sent what was signaled to it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type CloseCode,
  closeCodes,
  type Relayed,
  type RoomEvents,
  type RoomId,
} from '../../../protocol/index.ts';
import type { Client, ClientNotice, Refusal } from '../../signaling/client.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signal } from '../../signaling/signal.ts';
import { KEPT_FRAME_BYTES } from '../../signaling/waiting-bytes.ts';
import { UnnumberedClient } from '../unnumbered-client.ts';
import { isPlayerSignal, type PlayerSignal } from './as-signal.ts';
import type { Reply } from './refuse-player.ts';
import type { RoomSocket } from './socket-server.ts';

/** A game: its players by id, in the order in which they came. It is over with its last one. */
export interface Game {
  readonly id: string;
  readonly players: Map<string, Player>;
  /** Of the player who came first. */
  readonly makerAddress: string;
}

/** Its ids as they are compared, and as its client wrote them: it may compare what it gets with its own by `===`. */
export interface PlayerIds {
  readonly id: string;
  readonly shownId: RoomId;
  readonly shownGameId: RoomId;
}

export interface PlayerDeps {
  /** Whether sessions wait for their clients at all. */
  readonly isResumable: boolean;
  /** What it may leave unread, and what is kept for it, in bytes; 0: any amount. */
  readonly maxUnsentBytes: number;
  /** So many bytes more wait. */
  readonly added: (bytes: number) => void;
  /** Where its connection was, or is again: it takes a place there while it is waited for. */
  readonly places: { waits(address: string): void; waitsNoLonger(address: string): void };
  /** It answered a ping. */
  readonly heard: (session: ServerSession) => void;
  readonly refused: (player: Player, refusal: Refusal) => void;
}

interface Kept {
  readonly epoch: number;
  /** Bytes that it costs. */
  readonly cost: number;
  readonly send: () => void;
}

const TOKEN_BYTES = 24;

export class Player extends UnnumberedClient implements Client {
  readonly dialect = 'socket-io';
  /** Nobody is paired with it by a request of our own wire. */
  readonly isKeyOnly = true;
  /** Its session can wait for it; without a token its socket's end is its own. */
  readonly isResumable: boolean;
  /** As many as its game has. */
  readonly maxPeers = Number.MAX_SAFE_INTEGER;
  readonly generation = 0;
  readonly lastSenderSeq = 0;
  readonly maxWaitingBytes = Number.POSITIVE_INFINITY;
  /** That a peer is away or back this wire does not say. */
  readonly hasRoomForChange = true;
  readonly id: string;
  readonly shownId: RoomId;
  readonly shownGameId: RoomId;
  readonly within: Game;
  /** Its newest. */
  socket: RoomSocket;
  session: ServerSession | undefined;
  /** By which its client shows that the place is its own; undefined: it asked for none. */
  token: string | undefined;
  isOnline = true;
  /** The server goes, and wants it back elsewhere or later. */
  isSentAway = false;
  /** Of its request that is under way. */
  reply: Reply | undefined;
  /** What it has not read of an open socket waits there, and is counted there. */
  waitingBytes = 0;
  #kept: Kept[] = [];
  #waitsAt: string | undefined;
  readonly #deps: PlayerDeps;

  constructor(socket: RoomSocket, game: Game, { id, shownId, shownGameId }: PlayerIds, deps: PlayerDeps) {
    super();
    this.socket = socket;
    this.within = game;
    this.id = id;
    this.shownId = shownId;
    this.shownGameId = shownGameId;
    this.isResumable = deps.isResumable;
    this.#deps = deps;
  }

  get knownAs(): string {
    return this.id;
  }

  get game(): string {
    return this.within.id;
  }

  get address(): string {
    return this.socket.address;
  }

  /** It wants its place kept; on a server that keeps none it is not. */
  keepPlace(): void {
    if (this.isResumable) this.token ??= randomBytes(TOKEN_BYTES).toString('base64url');
  }

  /** In a time that does not say how much of it was right. */
  isToken(given: string): boolean {
    return this.token !== undefined && timingSafeEqual(hashOf(this.token), hashOf(given));
  }

  /** Its socket is lost, and its place is kept. */
  waits(): void {
    this.isOnline = false;
    if (this.#waitsAt !== undefined) return;
    this.#waitsAt = this.address;
    this.#deps.places.waits(this.address);
  }

  /** It is back on another socket. @returns the one before */
  attach(socket: RoomSocket): RoomSocket {
    const before = this.socket;
    this.#waitsNoLonger();
    this.socket = socket;
    this.isOnline = true;
    return before;
  }

  /** Sends what was kept. */
  flush(): void {
    for (const { send } of this.#takeKept(() => true)) send();
  }

  /** Who is in the game it is told when it comes back. */
  tell<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]): void {
    if (this.isOnline) this.socket.emit(name, event);
  }

  /** What was emitted is out of our hands: nobody acks it. */
  relay(signal: Signal, epoch: number, relayed: Relayed | undefined): void {
    // A program that the server lives in may pair anybody with anybody; another wire's words mean nothing here.
    if (!isPlayerSignal(signal)) relayed?.onAcked?.();
    else if (this.isOnline) this.#emit(signal, relayed);
    else {
      const cost = signal.size + KEPT_FRAME_BYTES;
      this.#kept.push({ epoch, cost, send: () => this.#emit(signal, relayed) });
      this.waitingBytes += cost;
      this.#deps.added(cost);
    }
  }

  #emit({ told }: PlayerSignal, relayed: Relayed | undefined): void {
    const { type, from_player_id, payload } = told;
    this.socket.emit('webrtc_signal', { type, from_player_id, game_id: this.shownGameId, payload });
    relayed?.onAcked?.();
  }

  hasRoomFor(bytes: number): boolean {
    if (this.isOnline) return this.socket.hasRoomFor(bytes);
    const { maxUnsentBytes } = this.#deps;
    const { waitingBytes } = this;
    return maxUnsentBytes === 0 || waitingBytes === 0 || waitingBytes + bytes <= maxUnsentBytes;
  }

  cutUnread(): void {
    this.#takeKept(() => true);
  }

  dropWaiting(isDropped: (epoch: number) => boolean): void {
    this.#takeKept(isDropped);
  }

  /** Who joins and leaves the game says; of a pairing this wire has a word only for what is refused. */
  notify(notice: ClientNotice): void {
    if (notice.type === 'refused') this.#deps.refused(this, notice);
    else if (notice.type === 'ping') this.#ping();
  }

  /** Socket.IO's own ping: every client of it answers. */
  #ping(): void {
    const { session } = this;
    void this.socket.isAlive().then((isAlive) => {
      if (isAlive && session && !session.isDone) this.#deps.heard(session);
    });
  }

  close(code: CloseCode, _reason: string): void {
    this.isOnline = false;
    this.isSentAway = code === closeCodes.goingAway || code === closeCodes.serviceRestart;
    if (this.isSentAway) this.socket.drop();
    else this.socket.close();
  }

  discard(): void {
    this.#takeKept(() => true);
    this.#waitsNoLonger();
  }

  #takeKept(isTaken: (epoch: number) => boolean): readonly Kept[] {
    const taken = this.#kept.filter(({ epoch }) => isTaken(epoch));
    this.#kept = this.#kept.filter(({ epoch }) => !isTaken(epoch));
    for (const { cost } of taken) this.waitingBytes -= cost;
    return taken;
  }

  #waitsNoLonger(): void {
    if (this.#waitsAt !== undefined) this.#deps.places.waitsNoLonger(this.#waitsAt);
    this.#waitsAt = undefined;
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
