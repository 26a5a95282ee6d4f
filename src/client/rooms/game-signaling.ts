/**
 * The signaling of one remote player's negotiation over the game's socket, which reconnects by itself. Its messages are
 * not numbered, so nobody knows which of them were lost with a socket: those that may matter are sent again.
 */
import type { RoomId } from '../../protocol/index.ts';
import type { Signal, Signaling } from '../negotiation/signaling.ts';
import { type RoomSignal, roomSignalFrom } from './game-socket.ts';

/** The game's socket, as shared by the negotiations with all other players. */
export interface GameLink {
  readonly isOnline: boolean;
  send(to: RoomId, signal: RoomSignal): void;
}

export class GameSignaling implements Signaling {
  readonly #to: RoomId;
  readonly #link: GameLink;
  readonly #online: () => void;
  /** Our description of the step under way, and the candidates that belong to it. */
  #latest: RoomSignal[] = [];

  /** @param online called when it is opened while the socket is connected */
  constructor(to: RoomId, link: GameLink, online: () => void) {
    this.#to = to;
    this.#link = link;
    this.#online = online;
  }

  open(): void {
    if (this.#link.isOnline) this.#online();
  }

  send(signal: Signal): void {
    const roomSignal = roomSignalFrom(signal);
    if (!roomSignal) return;
    if (roomSignal.type !== 'ice-candidate') this.#latest = [roomSignal];
    else if (this.#latest.length > 0) this.#latest.push(roomSignal);
    this.#emit(roomSignal);
  }

  /** The other player takes what it has already as if it had not been sent. */
  sendAgain(): void {
    for (const signal of this.#latest) this.#emit(signal);
  }

  /** The negotiation is one step further: what was sent for the last one has arrived, or no longer matters. */
  stepped(): void {
    this.#latest = [];
  }

  #emit(signal: RoomSignal): void {
    if (this.#link.isOnline) this.#link.send(this.#to, signal);
  }

  // The socket belongs to the game, and stays open.
  drop(): void {}
  close(): void {}
  async closed(): Promise<void> {}
}
