/** The signaling of one remote player's negotiation over the game's socket, which reconnects by itself. */
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
    if (roomSignal && this.#link.isOnline) this.#link.send(this.#to, roomSignal);
  }

  // The socket belongs to the game, and stays open.
  drop(): void {}
  close(): void {}
  async closed(): Promise<void> {}
}
