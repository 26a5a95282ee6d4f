/**
 * The place of a player that comes back: a session of the core, whose machine waits for its client as it does for all
 * that may return. What others signal to the player meanwhile is kept, and sent on its next socket.
 */
import type { CloseCode } from '../../../protocol/index.ts';
import type { Client, ClientNotice } from '../../signaling/client.ts';
import type { ServerSession } from '../../signaling/session.ts';
import { KEPT_FRAME_BYTES } from '../../signaling/waiting-bytes.ts';
import { UnnumberedClient } from '../unnumbered-client.ts';
import type { Place, Player } from './room.ts';

export interface KeptPlaceDeps {
  /** What the player may leave unread, and what is kept for it, in bytes; 0: any amount. */
  readonly maxUnsentBytes: number;
  /** So many bytes more wait. */
  readonly added: (bytes: number) => void;
  /** Where its connection was, or is again: it takes a place there while it is waited for. */
  readonly places: { waits(address: string): void; waitsNoLonger(address: string): void };
  /** It answered a ping. */
  readonly heard: (session: ServerSession) => void;
  /** Its session is over. */
  readonly over: (place: KeptPlace) => void;
}

export class KeptPlace extends UnnumberedClient implements Client, Place {
  readonly dialect = 'socket-io';
  /** Nobody is paired with it by a request of our own wire. */
  readonly isKeyOnly = true;
  readonly isResumable = true;
  readonly maxPeers = 1;
  readonly generation = 0;
  readonly lastSenderSeq = 0;
  readonly maxWaitingBytes = Number.POSITIVE_INFINITY;
  readonly player: Player;
  readonly token: string;
  session: ServerSession | undefined;
  isOnline = true;
  readonly #deps: KeptPlaceDeps;
  /** Each sends one signal that is kept. */
  #kept: (() => void)[] = [];
  /** What it has not read of an open socket waits there, and is counted there. */
  waitingBytes = 0;
  #waitsAt: string | undefined;

  constructor(player: Player, token: string, deps: KeptPlaceDeps) {
    super();
    this.player = player;
    this.token = token;
    this.#deps = deps;
  }

  get knownAs(): string {
    return this.player.id;
  }

  get address(): string {
    return this.player.socket.address;
  }

  waits(): void {
    this.isOnline = false;
    if (this.#waitsAt !== undefined) return;
    this.#waitsAt = this.address;
    this.#deps.places.waits(this.address);
  }

  /** It is back on another socket. */
  returned(): void {
    this.isOnline = true;
    this.#waitsNoLonger();
  }

  flush(): void {
    for (const send of this.#takeKept()) send();
  }

  keep(bytes: number, send: () => void): void {
    const cost = bytes + KEPT_FRAME_BYTES;
    this.#kept.push(send);
    this.waitingBytes += cost;
    this.#deps.added(cost);
  }

  hasRoomFor(bytes: number): boolean {
    const { maxUnsentBytes } = this.#deps;
    const { waitingBytes } = this;
    return maxUnsentBytes === 0 || waitingBytes === 0 || waitingBytes + bytes <= maxUnsentBytes;
  }

  get hasRoomForChange(): boolean {
    return this.hasRoomFor(0);
  }

  cutUnread(): void {
    this.#takeKept();
  }

  dropWaiting(): void {
    this.#takeKept();
  }

  /** Socket.IO's own ping: every client of it answers. */
  notify({ type }: ClientNotice): void {
    const { session } = this;
    if (type !== 'ping' || !session) return;
    void this.player.socket.isAlive().then((isAlive) => {
      if (isAlive && !session.isDone) this.#deps.heard(session);
    });
  }

  close(_code: CloseCode, _reason: string): void {
    this.isOnline = false;
    this.player.socket.close();
  }

  discard(): void {
    this.#takeKept();
    this.#waitsNoLonger();
    this.#deps.over(this);
  }

  #takeKept(): readonly (() => void)[] {
    const kept = this.#kept;
    this.#kept = [];
    this.waitingBytes = 0;
    return kept;
  }

  #waitsNoLonger(): void {
    if (this.#waitsAt !== undefined) this.#deps.places.waitsNoLonger(this.#waitsAt);
    this.#waitsAt = undefined;
  }

  // The machine of its pairings is this dialect's.
  relay(): void {}
}
