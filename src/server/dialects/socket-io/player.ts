/**
 * A player of a game, as the core sees it: its session begins when it joins the game, and ends when it has left. A
 * player with a token keeps its place while its socket is lost, and is then sent the signals it missed.
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

/** A game: its players by id, in the order of joining. It is over when the last one has left. */
export interface Game {
  readonly id: string;
  readonly players: Map<string, Player>;
  /** The address of the player who joined first. */
  readonly makerAddress: string;
}

/** Its ids in normalized form, and as its client wrote them: the client may compare ids with `===`. */
export interface PlayerIds {
  readonly id: string;
  readonly shownId: RoomId;
  readonly shownGameId: RoomId;
}

export interface PlayerDeps {
  /** Whether sessions wait for their clients at all. */
  readonly isResumable: boolean;
  /** How many bytes it may leave unread, and how many are kept for it; 0: no limit. */
  readonly maxUnsentBytes: number;
  /** Called when this many bytes more wait. */
  readonly added: (bytes: number) => void;
  /** The connection places of addresses; a player that is waited for keeps its place. */
  readonly places: { waits(address: string): void; waitsNoLonger(address: string): void };
  /** Called when it answered a ping. */
  readonly heard: (session: ServerSession) => void;
  readonly refused: (player: Player, refusal: Refusal) => void;
}

interface Kept {
  readonly epoch: number;
  /** Its cost in bytes. */
  readonly cost: number;
  readonly send: () => void;
}

const TOKEN_BYTES = 24;

export class Player extends UnnumberedClient implements Client {
  readonly dialect = 'socket-io';
  /** Native clients cannot pair with it by its id. */
  readonly isKeyOnly = true;
  /** Whether its session can wait for it; without a token, it ends with its socket. */
  readonly isResumable: boolean;
  /** Its game limits the number. */
  readonly maxPeers = Number.MAX_SAFE_INTEGER;
  readonly generation = 0;
  readonly lastSenderSeq = 0;
  readonly maxWaitingBytes = Number.POSITIVE_INFINITY;
  /** This wire does not tell a client that a peer is away or back. */
  readonly hasRoomForChange = true;
  readonly id: string;
  readonly shownId: RoomId;
  readonly shownGameId: RoomId;
  readonly within: Game;
  /** Its newest socket. */
  socket: RoomSocket;
  session: ServerSession | undefined;
  /** Proves that the place belongs to its client; undefined if the client did not ask for one. */
  token: string | undefined;
  isOnline = true;
  /** The server has told it to come back later or at another server. */
  isSentAway = false;
  /** The acknowledgement of the request that is being handled. */
  reply: Reply | undefined;
  /** Bytes kept while it is away. Unread bytes of an open socket are counted there. */
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

  /** Issues a token for its place, unless this server keeps no places. */
  keepPlace(): void {
    if (this.isResumable) this.token ??= randomBytes(TOKEN_BYTES).toString('base64url');
  }

  /** Compares in constant time. */
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

  /**
   * Attaches the new socket of a player that came back.
   * @returns the old socket
   */
  attach(socket: RoomSocket): RoomSocket {
    const before = this.socket;
    this.#waitsNoLonger();
    this.socket = socket;
    this.isOnline = true;
    return before;
  }

  /** Sends the kept signals. */
  flush(): void {
    for (const { send } of this.#takeKept(() => true)) send();
  }

  /** A player that is away need not be told: it learns who is in the game when it comes back. */
  tell<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]): void {
    if (this.isOnline) this.socket.emit(name, event);
  }

  /** The wire has no acks, so a signal counts as acked once it is emitted. */
  relay(signal: Signal, epoch: number, relayed: Relayed | undefined): void {
    // A program that embeds the server may pair any two clients, but signals of another dialect mean nothing here.
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

  /**
   * Joining and leaving is announced by the game; of a pairing's notices, this wire has a message only for refusals. A
   * player that was away is not given signals of one that has left meanwhile: it would answer a player that is not there.
   */
  notify(notice: ClientNotice): void {
    if (notice.type === 'refused') this.#deps.refused(this, notice);
    else if (notice.type === 'peer_disconnected') this.dropWaiting((epoch) => epoch === notice.epoch);
    else if (notice.type === 'ping') this.#ping();
  }

  /** Sends Socket.IO's own ping, which every client answers. */
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
