/** Games, players and their pairings as the server holds them: a machine's state, and beside it what it may not have. */
import {
  Hosted,
  type MachineHost,
  type PairingContext,
  type PairingEvent,
  type PlayerContext,
  type PlayerEvent,
  type pairingMachine,
  type playerMachine,
  type Side,
} from '../../../machines/index.ts';
import { isLowerPlayer, type RoomEvents, type RoomId, type RoomSignalType } from '../../../protocol/index.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { RoomSocket } from './socket-server.ts';

/** The place of a player that comes back after a lost socket. */
export interface Place {
  /** By which its client shows that the place is its own. */
  readonly token: string;
  readonly session: ServerSession | undefined;
  readonly isOnline: boolean;
  /** Its socket is lost. */
  waits(): void;
  /** Whether a signal of so many bytes may be kept for it. */
  hasRoomFor(bytes: number): boolean;
  /** @param send run when it is back */
  keep(bytes: number, send: () => void): void;
  /** Sends what was kept. */
  flush(): void;
}

/** A client of the game rooms. */
export class Player extends Hosted<PlayerContext> {
  /** Its newest. */
  socket: RoomSocket;
  /** Its id in the game; while it is outside, its socket's. */
  id: string;
  readonly openedAt: number;
  room: Room | undefined;
  /** Of one that comes back after a lost socket. */
  place: Place | undefined;
  /** The ids as the client wrote them: it may compare what it gets with its own by `===`. */
  shownId: RoomId = '';
  shownGameId: RoomId = '';

  constructor(socket: RoomSocket, now: number) {
    super();
    this.socket = socket;
    this.id = socket.id;
    this.openedAt = now;
  }

  get isOnline(): boolean {
    return this.place?.isOnline ?? true;
  }

  /** Whether a signal of so many bytes may be sent to it, or kept for it. */
  hasRoomFor(bytes: number): boolean {
    return this.isOnline ? this.socket.hasRoomFor(bytes) : (this.place?.hasRoomFor(bytes) ?? false);
  }

  /** Who is in the game it is told when it comes back. */
  tell<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]): void {
    if (this.isOnline) this.socket.emit(name, event);
  }

  /** @param bytes about as many as it takes */
  signal(event: RoomEvents['webrtc_signal'], bytes: number): void {
    const send = () => this.socket.emit('webrtc_signal', event);
    if (this.isOnline) send();
    else this.place?.keep(bytes, send);
  }
}

/** A game: its players by id, in the order in which they came, and the pairings of those that signaled to each other. */
export class Room {
  readonly id: string;
  readonly players = new Map<string, Player>();
  /** Of the player who came first. */
  readonly makerAddress: string;
  readonly #pairings = new Map<Player, Map<Player, RoomPairing>>();

  constructor(id: string, makerAddress: string) {
    this.id = id;
    this.makerAddress = makerAddress;
  }

  pairingOf(player: Player, other: Player): RoomPairing | undefined {
    return this.#pairings.get(player)?.get(other);
  }

  pairingsOf(player: Player): RoomPairing[] {
    return [...(this.#pairings.get(player)?.values() ?? [])];
  }

  add(pairing: RoomPairing): void {
    for (const [one, other] of [
      [pairing.initiator, pairing.responder],
      [pairing.responder, pairing.initiator],
    ] as const) {
      const ofOne = this.#pairings.get(one) ?? new Map<Player, RoomPairing>();
      ofOne.set(other, pairing);
      this.#pairings.set(one, ofOne);
    }
  }

  delete({ initiator, responder }: RoomPairing): void {
    for (const [one, other] of [
      [initiator, responder],
      [responder, initiator],
    ] as const) {
      const ofOne = this.#pairings.get(one);
      ofOne?.delete(other);
      if (ofOne?.size === 0) this.#pairings.delete(one);
    }
  }
}

/** Two players of a game that signal to each other. The initiator, whose offer stands when both offer, is the one with the lower id. */
export class RoomPairing extends Hosted<PairingContext> {
  readonly room: Room;
  readonly initiator: Player;
  readonly responder: Player;
  readonly epoch: number;
  readonly startedAt: number;

  constructor(room: Room, one: Player, other: Player, epoch: number, now: number) {
    super();
    const isOneLower = isLowerPlayer(one.id, other.id);
    this.room = room;
    this.initiator = isOneLower ? one : other;
    this.responder = isOneLower ? other : one;
    this.epoch = epoch;
    this.startedAt = now;
  }

  sideOf(player: Player): Side {
    return player === this.initiator ? 'initiator' : 'responder';
  }

  at(side: Side): Player {
    return side === 'initiator' ? this.initiator : this.responder;
  }
}

/** What a client that asked for something is told: by its acknowledgement, or else, for what is wrong, by an event. */
export type Reply = (answer: object) => void;

/** The machines' events with what their effects need, and the machines do not. */
export type RoomPlayerEvent = PlayerEvent & {
  readonly reply?: Reply | undefined;
  readonly shown?: { readonly gameId: RoomId; readonly playerId: RoomId };
  /** It asks for a token, with which it comes back. */
  readonly isReturning?: boolean;
  readonly signal?: { readonly to: Player | undefined } & RoomSignal;
};
export type RoomPairingEvent = PairingEvent & { readonly signal?: RoomSignal };

export type RoomPlayerHost = MachineHost<typeof playerMachine, Player, RoomPlayerEvent>;
export type RoomPairingHost = MachineHost<typeof pairingMachine, RoomPairing, RoomPairingEvent>;

export interface RoomSignal {
  readonly type: RoomSignalType;
  readonly payload: unknown;
  /** About as many as it takes. */
  readonly bytes: number;
}
