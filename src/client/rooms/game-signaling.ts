/** The signaling of one remote player's negotiation, over the game's socket, which connects again by itself. */
import type { RoomId } from '../../protocol/index.ts';
import type { Signal, Signaling } from '../negotiation/signaling.ts';
import { type RoomSignal, roomSignalFrom } from './game-socket.ts';

export interface GameSignalingDeps {
  readonly isOnline: () => boolean;
  readonly sendSignal: (to: RoomId, signal: RoomSignal) => void;
}

export class GameSignaling implements Signaling {
  readonly #to: RoomId;
  readonly #deps: GameSignalingDeps;
  readonly #online: () => void;

  /** @param online told when it is opened while the socket is connected */
  constructor(to: RoomId, deps: GameSignalingDeps, online: () => void) {
    this.#to = to;
    this.#deps = deps;
    this.#online = online;
  }

  open(): void {
    if (this.#deps.isOnline()) this.#online();
  }

  send(signal: Signal): void {
    const roomSignal = roomSignalFrom(signal);
    if (roomSignal && this.#deps.isOnline()) this.#deps.sendSignal(this.#to, roomSignal);
  }

  // The socket is the game's, and stays.
  drop(): void {}
  close(): void {}
  async closed(): Promise<void> {}
}
