/** Games, players and their pairings as the shell holds them: a machine's state, and beside it what it may not have. */
import {
  Hosted,
  type PairingContext,
  type PairingEvent,
  type PlayerContext,
  type PlayerEvent,
  type Side,
} from '../../../machines/index.ts';
import { isLowerPlayer, type RoomId, type RoomSignalType } from '../../../protocol/index.ts';
import { SendingRate } from '../../admission/rate-limits.ts';
import type { RoomSocket } from './socket-server.ts';

/** A client of the game rooms. */
export class Player extends Hosted<PlayerContext> {
  readonly socket: RoomSocket;
  /** Its id in the game; while it is outside, its socket's. */
  id: string;
  readonly openedAt: number;
  readonly rate = new SendingRate();
  room: Room | undefined;
  /** The ids as the client wrote them: it may compare what it gets with its own by `===`. */
  shownId: RoomId = '';
  shownGameId: RoomId = '';

  constructor(socket: RoomSocket, now: number) {
    super();
    this.socket = socket;
    this.id = socket.id;
    this.openedAt = now;
  }
}

/** A game: its players by id, in the order in which they came, and the pairings of those that signaled to each other. */
export class Room {
  readonly id: string;
  readonly players = new Map<string, Player>();
  readonly #pairings = new Map<Player, Map<Player, RoomPairing>>();

  constructor(id: string) {
    this.id = id;
  }

  pairingOf(player: Player, other: Player): RoomPairing | undefined {
    return this.#pairings.get(player)?.get(other);
  }

  pairingsOf(player: Player): RoomPairing[] {
    return [...(this.#pairings.get(player)?.values() ?? [])];
  }

  add(pairing: RoomPairing): void {
    for (const [one, other] of [
      [pairing.a, pairing.b],
      [pairing.b, pairing.a],
    ] as const) {
      const ofOne = this.#pairings.get(one) ?? new Map<Player, RoomPairing>();
      ofOne.set(other, pairing);
      this.#pairings.set(one, ofOne);
    }
  }

  delete({ a, b }: RoomPairing): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const ofOne = this.#pairings.get(one);
      ofOne?.delete(other);
      if (ofOne?.size === 0) this.#pairings.delete(one);
    }
  }
}

/** Two players of a game that signal to each other. Side a, whose offer stands when both offer, is the lower one. */
export class RoomPairing extends Hosted<PairingContext> {
  readonly room: Room;
  readonly a: Player;
  readonly b: Player;
  readonly epoch: number;
  readonly startedAt: number;

  constructor(room: Room, one: Player, other: Player, epoch: number, now: number) {
    super();
    const isOneLower = isLowerPlayer(one.id, other.id);
    this.room = room;
    this.a = isOneLower ? one : other;
    this.b = isOneLower ? other : one;
    this.epoch = epoch;
    this.startedAt = now;
  }

  sideOf(player: Player): Side {
    return player === this.a ? 'a' : 'b';
  }

  at(side: Side): Player {
    return side === 'a' ? this.a : this.b;
  }
}

/** What a client that asked for something is told: by its acknowledgement, or else, for what is wrong, by an event. */
export type Reply = (answer: object) => void;

/** The machines' events with what their effects need, and the machines do not. */
export type RoomPlayerEvent = PlayerEvent & {
  readonly reply?: Reply | undefined;
  readonly shown?: { readonly gameId: RoomId; readonly playerId: RoomId };
  readonly signal?: { readonly to: Player | undefined } & RoomSignal;
};
export type RoomPairingEvent = PairingEvent & { readonly signal?: RoomSignal };

export interface RoomSignal {
  readonly type: RoomSignalType;
  readonly payload: unknown;
}
