/**
 * One other player, as two machines on one queue: the negotiation, as in the native peer but with the game's socket as
 * its signaling, and the remote player, which decides when we are paired. Calls, signals and events of both sides meet
 * here.
 */
import { Hosted, MachineHost, remotePlayerMachine } from '../../machines/index.ts';
import { isLowerPlayer, type RoomId } from '../../protocol/index.ts';
import { Negotiator, type NegotiatorHandlers } from '../negotiation/negotiator.ts';
import type { PeerSignal } from '../negotiation/signaling.ts';
import type { Environment } from '../peer/environment.ts';
import { PairlaneError } from '../peer/errors.ts';
import { type PeerState, signalingStateOf, stateOf } from '../peer/peer-state.ts';
import { type GameLink, GameSignaling } from './game-signaling.ts';
import { fingerprintOf, peerSignalFrom, type RoomSignal } from './game-socket.ts';
import {
  type PlayerEvent,
  type PlayerPairing,
  REPLACED,
  remotePlayerEffects,
} from './remote-player-effects.ts';

/** What the game is told about its players. */
export interface GameHandlers {
  readonly opened: (id: RoomId) => void;
  readonly message: (id: RoomId, data: string | Uint8Array) => void;
  readonly closed: (id: RoomId) => void;
  readonly failed: (id: RoomId, error: PairlaneError) => void;
  readonly log: (level: 'log' | 'warn', id: RoomId, text: string) => void;
}

/** Shared by the players of a game. */
export interface Game {
  /** Our own player. */
  readonly myId: RoomId;
  readonly environment: Environment;
  readonly link: GameLink;
  readonly handlers: GameHandlers;
}

type RemotePlayerHost = MachineHost<typeof remotePlayerMachine, Hosted<Record<string, never>>, PlayerEvent>;

/** Limits candidates held before their offer, from a player that may never send one. */
const MAX_HELD = 64;

export class RemotePlayer {
  readonly id: RoomId;
  readonly #game: Game;
  readonly #isLower: boolean;
  readonly #channel: string;
  readonly #signaling: GameSignaling;
  readonly #negotiator: Negotiator;
  readonly #player = new Hosted<Record<string, never>>();
  readonly #host: RemotePlayerHost;
  #held: PeerSignal[] = [];
  /** The fingerprint of the player's connection; undefined until it sent a description. */
  #fingerprint: string | undefined;

  constructor(id: RoomId, game: Game) {
    const { myId, environment, link, handlers } = game;
    const { queue, options } = environment;
    this.id = id;
    this.#game = game;
    this.#isLower = isLowerPlayer(myId, id);
    this.#channel = options.channels[0].label;
    this.#signaling = new GameSignaling(id, link, () => this.online());
    this.#negotiator = new Negotiator(environment, this.#signaling, this.#negotiatorHandlers());
    this.#host = new MachineHost(remotePlayerMachine, {
      queue,
      executors: remotePlayerEffects(this.#pairing(), {
        opened: () => handlers.opened(id),
        closed: () => handlers.closed(id),
        failed: (error) => handlers.failed(id, error),
      }),
      onError: (_, error) => this.#survived(PairlaneError.from('internal', error)),
    });
    this.#host.start(this.#player, undefined);
    this.#negotiator.start();
  }

  get state(): PeerState {
    return stateOf(this.#negotiator.value);
  }

  get isOpen(): boolean {
    return this.#negotiator.connection?.isOpen(this.#channel) === true;
  }

  /** Asks for a connection: the player with the lower id offers, and the other one waits for the offer. */
  connect(): void {
    this.#dispatch({ type: 'CONNECT_ASKED', isOnline: this.#isOnline });
    // What we sent as soon as the socket was back was refused if the game had not joined by then: now it has.
    if (this.#hasChannel) this.#signaling.sendAgain();
  }

  /** Whether nothing connects us to the player, and nobody wants to be connected. */
  get isIdle(): boolean {
    return this.#player.value === 'apart';
  }

  /**
   * Takes a signal of the player.
   * @returns false if it is malformed, and was ignored
   */
  signal(roomSignal: RoomSignal): boolean {
    const signal = peerSignalFrom(roomSignal);
    if (typeof signal === 'string') {
      this.#game.handlers.log('warn', this.id, `${roomSignal.type}: ${signal}`);
      return false;
    }
    if (signal.type === 'OFFER_RECEIVED') this.#offered(signal);
    else if (this.#isPaired) this.#heard(signal);
    else if (signal.type === 'CANDIDATE_RECEIVED' && this.#held.length < MAX_HELD) this.#held.push(signal);
    return true;
  }

  /** @returns whether it was handed to the channel at once */
  send(data: string | Uint8Array): boolean {
    return this.#negotiator.connection?.trySend(data, this.#channel) === true;
  }

  /** The game's server says that the player left. A lost socket alone does not end an open connection. */
  left(isOnPurpose: boolean): void {
    this.#held = [];
    this.#dispatch({ type: 'PLAYER_LEFT', isOnPurpose, isConnectionUp: this.state === 'connected' });
  }

  /** The game's socket is connected. A connection that was open goes on; one that was not is given up. */
  online(): void {
    if (this.#isOnline) return;
    const id = String(this.#game.myId);
    const isResumed = this.#hasChannel;
    this.#negotiator.heard({ type: 'WELCOMED', id, isResumed, iceServers: undefined });
    if (isResumed) this.#signaling.sendAgain();
  }

  /** The game's socket is lost. */
  offline(): void {
    if (!this.#isOnline) return;
    this.#negotiator.heard({ type: 'SOCKET_LOST', mayReturn: true, reason: '', afterMs: undefined });
  }

  /** @param isAtOnce does not wait for what was sent to arrive, or no longer */
  close(isAtOnce = false): Promise<void> {
    return this.#negotiator.close(isAtOnce);
  }

  get #isOnline(): boolean {
    return signalingStateOf(this.#negotiator.value) === 'online';
  }

  get #isPaired(): boolean {
    return typeof this.#player.value === 'object';
  }

  /** Whether the channel has opened, although its connection may fail meanwhile. */
  get #hasChannel(): boolean {
    const { value } = this.#player;
    return typeof value === 'object' && typeof value.paired === 'object';
  }

  #dispatch(event: PlayerEvent): void {
    this.#host.dispatch(this.#player, event);
  }

  #offered(offer: Extract<PeerSignal, { type: 'OFFER_RECEIVED' }>): void {
    const fingerprint = fingerprintOf(offer.sdp);
    const isOfNewConnection = this.#fingerprint !== undefined && fingerprint !== this.#fingerprint;
    this.#dispatch({ type: 'OFFER_RECEIVED', isOfNewConnection });
    for (const signal of [offer, ...this.#held.splice(0)]) this.#heard(signal);
  }

  #heard(signal: PeerSignal): void {
    if (signal.type !== 'CANDIDATE_RECEIVED') this.#fingerprint = fingerprintOf(signal.sdp);
    this.#negotiator.heard(signal);
  }

  #negotiatorHandlers(): NegotiatorHandlers {
    return {
      stepped: (from, to) => this.#stepped(stateOf(from), stateOf(to)),
      ready: () => this.#dispatch({ type: 'SOCKET_CONNECTED' }),
      paired() {},
      opened: () => this.#dispatch({ type: 'CHANNEL_OPENED' }),
      message: (data) => this.#game.handlers.message(this.id, data),
      // There is only one channel, and the connection ends with it.
      channelClosed() {},
      peerGone: (_, reason) => {
        if (reason !== REPLACED) this.#dispatch({ type: 'PEER_GONE' });
      },
      gaveUp: (failure) => this.#dispatch({ type: 'GAVE_UP', failure }),
      problem: (error) => this.#survived(error),
    };
  }

  #pairing(): PlayerPairing {
    const isLower = this.#isLower;
    return {
      isLower,
      begin: (isInitiator) => {
        this.#fingerprint = undefined;
        this.#negotiator.heard({
          type: 'PAIRED',
          peerId: String(this.id),
          isInitiator,
          isPolite: !isLower,
          epoch: undefined,
          iceServers: undefined,
        });
      },
      end: (reason) => this.#negotiator.heard({ type: 'PEER_DISCONNECTED', reason }),
    };
  }

  #stepped(from: PeerState, to: PeerState): void {
    if (from === to) return;
    this.#signaling.stepped();
    this.#game.handlers.log('log', this.id, to);
  }

  #survived(error: PairlaneError): void {
    this.#game.handlers.log('warn', this.id, error.message);
    // An effect failed: the pairing that it belonged to cannot go on, and the negotiation leaves it.
    if (error.code === 'internal') this.#dispatch({ type: 'GAVE_UP', failure: 'internal' });
  }
}
