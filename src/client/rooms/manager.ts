/**
 * `WebRTCManager`: peer connections between the players of a game, signaled over the game's own Socket.IO socket. It is
 * a thin layer: each other player has its own negotiation machine, with the same connection and channel as the native
 * peer's. It does not join games: the game does that before it connects to anybody.
 */
import { driveTimers } from '../../common/clock.ts';
import { type RoomId, roomIdKey } from '../../protocol/index.ts';
import { type CutShort, cutShort } from '../peer/abortable.ts';
import { createEnvironment } from '../peer/environment.ts';
import { PairlaneError } from '../peer/errors.ts';
import type { PeerState } from '../peer/peer-state.ts';
import type { Platform } from '../peer/platform.ts';
import { sendFaultOf } from '../rtc/data-channel.ts';
import { ServerAllowance } from '../signaling/server-allowance.ts';
import { charsIn, type GameSocket, readPlayer, readSignal } from './game-socket.ts';
import {
  connectionOptionsOf,
  type WebRTCManagerCallbacks,
  type WebRTCManagerOptions,
} from './manager-options.ts';
import { type Game, type GameHandlers, RemotePlayer } from './remote-player.ts';

export type { GameSocket } from './game-socket.ts';
export type { WebRTCManagerCallbacks, WebRTCManagerOptions } from './manager-options.ts';

/** Only the latest state matters: lost or late messages are not sent again, and nothing waits for them. */
const GAME_CHANNEL = { label: 'game', ordered: false, maxRetransmits: 0 } as const;

/** How many players a server may name before those that nothing connects us to are forgotten. */
const MAX_PLAYERS = 256;
/** What a server may make us do is that of a peer with this many peers. */
const ALLOWED_PEERS = 64;

export class BaseWebRTCManager implements WebRTCManagerCallbacks {
  onDataChannelOpen: WebRTCManagerCallbacks['onDataChannelOpen'];
  onDataChannelMessage: WebRTCManagerCallbacks['onDataChannelMessage'];
  onDataChannelClose: WebRTCManagerCallbacks['onDataChannelClose'];
  onConnectionFailed: WebRTCManagerCallbacks['onConnectionFailed'];
  readonly #socket: GameSocket;
  readonly #gameId: RoomId;
  readonly #myId: RoomId;
  readonly #game: Game;
  readonly #remotes = new Map<string, RemotePlayer>();
  #stopTimers: (() => void) | undefined;
  readonly #listeners: readonly (readonly [event: string, listener: (data: unknown) => void])[];
  #closed: Promise<void> | undefined;
  readonly #allowance: ServerAllowance;
  readonly #log: (level: 'log' | 'warn', line: string) => void;
  /** Set once the server has sent more than any server does: we no longer listen to it. */
  #flooded: PairlaneError | undefined;
  /** The ends of players that were forgotten. */
  readonly #endings = new Map<RemotePlayer, Promise<void>>();

  /**
   * @param platform what it runs on
   * @param socket the game's socket.io-client socket
   * @param gameId the game that the socket joins
   * @param myPlayerId the player that it joins as
   * @throws {PairlaneError} `invalid_option`
   */
  constructor(
    platform: Platform,
    socket: GameSocket,
    gameId: RoomId,
    myPlayerId: RoomId,
    options: WebRTCManagerOptions = {},
  ) {
    const connection = connectionOptionsOf(options);
    const { logger = console } = options;
    this.#socket = socket;
    this.#gameId = gameId;
    this.#myId = myPlayerId;
    this.onDataChannelOpen = options.onDataChannelOpen;
    this.onDataChannelMessage = options.onDataChannelMessage;
    this.onDataChannelClose = options.onDataChannelClose;
    this.onConnectionFailed = options.onConnectionFailed;
    const log = (level: 'log' | 'warn', line: string) => {
      if (logger) logger[level](`[WebRTC] ${line}`);
    };
    this.#log = log;
    this.#allowance = new ServerAllowance(ALLOWED_PEERS, () => platform.clock.now());
    const isListening = () => this.#flooded === undefined;
    this.#game = {
      myId: myPlayerId,
      environment: createEnvironment(platform, {
        ...connection,
        // The game's socket connects by itself, so there is no deadline for that.
        timeouts: { ...connection.timeouts, signalingMs: 0 },
        channel: GAME_CHANNEL,
      }),
      link: {
        get isOnline() {
          return socket.connected && isListening();
        },
        send: (to, { type, payload }) => {
          socket.emit('webrtc_signal', { game_id: gameId, target_player_id: to, type, payload });
        },
      },
      handlers: this.#createHandlers(log),
    };
    this.#listeners = [
      ['webrtc_signal', (data) => this.#signaled(data)],
      ['player_left', (data) => this.#left(data)],
      [
        'signal_error',
        (data) => {
          if (this.#isAllowed(data, 'error')) log('warn', `the server: ${textOf(data)}`);
        },
      ],
      // The game joins in a listener of its own, which may come after ours: the server takes no signal before that.
      ['connect', () => queueMicrotask(() => socket.connected && this.#each((remote) => remote.online()))],
      ['disconnect', () => this.#each((remote) => remote.offline())],
    ];
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
  }

  /**
   * Connects to a player of the game; call it for each of them. The player with the lower id initiates (compared as
   * numbers if both are, otherwise as text), and the other one waits for the offer. An existing connection stays.
   */
  connectToPeer(peerId: RoomId): void {
    if (this.#closed || this.#isMe(peerId)) return;
    const refusal = this.#refusalOf(peerId);
    if (!refusal) this.#remoteOf(peerId).connect();
    // As any other failure: after this call has returned.
    else if (!this.isReady(peerId)) queueMicrotask(() => this.#game.handlers.failed(peerId, refusal));
  }

  /**
   * Sends to one player, or to all whose channel is open. What cannot be sent at once is dropped: newer state will
   * follow.
   * @returns false if it was sent to nobody
   * @throws {PairlaneError} for what can be sent to nobody: `send_failed` if it is neither text nor bytes,
   * `too_large_to_send`
   */
  send(data: string | ArrayBuffer | ArrayBufferView, peerId?: RoomId): boolean {
    const bytes = asSent(data);
    const fault = sendFaultOf(bytes);
    if (fault) throw fault;
    const targets = peerId === undefined ? this.#remotes.values() : [this.#remotes.get(roomIdKey(peerId))];
    let isSent = false;
    for (const remote of targets) isSent = remote?.send(bytes) === true || isSent;
    return isSent;
  }

  /** Whether the channel to that player, or to at least one, is open. */
  isReady(peerId?: RoomId): boolean {
    if (peerId !== undefined) return this.#remotes.get(roomIdKey(peerId))?.isOpen === true;
    return [...this.#remotes.values()].some(({ isOpen }) => isOpen);
  }

  /** The state of the negotiation with each other player. */
  get peers(): readonly { readonly id: RoomId; readonly state: PeerState; readonly isOpen: boolean }[] {
    return [...this.#remotes.values()].map(({ id, state, isOpen }) => ({ id, state, isOpen }));
  }

  /**
   * Ends all connections; the socket stays with the game. What was sent arrives first, for which it waits at most a second.
   * @returns resolves when everything is released
   */
  close({ signal }: CutShort = {}): Promise<void> {
    this.#closed ??= this.#close();
    return cutShort(signal, this.#closed, () => {
      for (const remote of this.#endings.keys()) void remote.close(true);
    });
  }

  #createHandlers(log: (level: 'log' | 'warn', line: string) => void): GameHandlers {
    return {
      opened: (id) => this.#tell(() => this.onDataChannelOpen?.(id)),
      message: (id, data) => this.#tell(() => this.onDataChannelMessage?.(asReceived(data), id)),
      closed: (id) => this.#tell(() => this.onDataChannelClose?.(id)),
      failed: (id, error) => {
        log('warn', `player ${id}: ${error.message}`);
        this.#tell(() => this.onConnectionFailed?.(id, error));
      },
      log: (level, id, text) => log(level, `player ${id}: ${text}`),
    };
  }

  async #close(): Promise<void> {
    this.#stopListening();
    for (const remote of [...this.#remotes.values()]) this.#forget(remote);
    await Promise.all(this.#endings.values());
    this.#stopTimers?.();
  }

  #signaled(data: unknown): void {
    const signal = readSignal(data);
    // An offer makes us open a connection, and what is malformed makes us log.
    if (!this.#isAllowed(signal?.payload, signal?.type === 'offer' ? 'paired' : undefined)) return;
    if (!signal || !this.#isMyGame(signal.game) || this.#isMe(signal.from)) return;
    const isKnown = this.#remotes.has(roomIdKey(signal.from)) || this.#hasRoom();
    const isTaken = isKnown && this.#remoteOf(signal.from).signal(signal);
    if (!isTaken && !this.#allowance.takeMessage('error')) this.#leaveFlooder('signals that nobody can take');
  }

  /**
   * Counts what the server sent.
   * @param type the native message that makes us do as much; left out: little
   * @returns false if it is too much, after which we do not listen any more
   */
  #isAllowed(data: unknown, type: 'paired' | 'error' | undefined): boolean {
    if (!this.#allowance.take(charsIn(data))) return this.#leaveFlooder('messages without end');
    if (type === undefined || this.#allowance.takeMessage(type)) return true;
    return this.#leaveFlooder(type === 'paired' ? 'too many offers' : 'too many errors');
  }

  /** For good. The socket is the game's and stays open, and so do open channels. */
  #leaveFlooder(detail: string): false {
    const error = new PairlaneError('server_flooding', detail);
    this.#flooded = error;
    this.#stopListening();
    this.#log('warn', error.message);
    for (const remote of [...this.#remotes.values()]) {
      remote.offline();
      if (remote.isOpen) continue;
      const { id, isIdle } = remote;
      this.#forget(remote);
      if (!isIdle) this.#game.handlers.failed(id, error);
    }
    return false;
  }

  /** Why no connection to that player is opened: it is the server that names the players to the game. */
  #refusalOf(peerId: RoomId): PairlaneError | undefined {
    if (this.#flooded || this.#remotes.has(roomIdKey(peerId))) return this.#flooded;
    if (!this.#allowance.takeMessage('paired')) this.#leaveFlooder('too many players');
    return this.#flooded ?? (this.#hasRoom() ? undefined : new PairlaneError('too_many_peers'));
  }

  /** Whether one more player can be taken: if need be, one that nothing connects us to is forgotten. */
  #hasRoom(): boolean {
    if (this.#remotes.size < MAX_PLAYERS) return true;
    const idle = [...this.#remotes.values()].find(({ isIdle }) => isIdle);
    if (idle) this.#forget(idle);
    return idle !== undefined;
  }

  #forget(remote: RemotePlayer): void {
    this.#remotes.delete(roomIdKey(remote.id));
    const ending = remote.close().finally(() => this.#endings.delete(remote));
    this.#endings.set(remote, ending);
  }

  #stopListening(): void {
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener);
  }

  #left(data: unknown): void {
    if (!this.#isAllowed(data, undefined)) return;
    const left = readPlayer(data);
    if (left && this.#isMyGame(left.game)) {
      this.#remotes.get(roomIdKey(left.player))?.left(left.reason === 'left');
    }
  }

  #remoteOf(id: RoomId): RemotePlayer {
    // Not before there is a negotiation: a running clock keeps a process alive.
    const { queue, clock } = this.#game.environment;
    this.#stopTimers ??= driveTimers(queue.timers, clock);
    const key = roomIdKey(id);
    const remote = this.#remotes.get(key) ?? new RemotePlayer(id, this.#game);
    this.#remotes.set(key, remote);
    return remote;
  }

  #each(visit: (remote: RemotePlayer) => void): void {
    for (const remote of this.#remotes.values()) visit(remote);
  }

  #isMyGame(id: RoomId): boolean {
    return roomIdKey(id) === roomIdKey(this.#gameId);
  }

  #isMe(id: RoomId): boolean {
    return roomIdKey(id) === roomIdKey(this.#myId);
  }

  /** A callback that throws must not interrupt our step. */
  #tell(call: () => void): void {
    if (this.#closed) return;
    try {
      call();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** What is neither text nor bytes stays what it is: `new Uint8Array` makes something of anything. */
function asSent(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  // One of another realm, such as a frame, is no instance of ours.
  const isBuffer = Object.prototype.toString.call(data) === '[object ArrayBuffer]';
  return isBuffer ? new Uint8Array(data as ArrayBuffer) : (data as string);
}

/** In the form of a channel whose `binaryType` is arraybuffer. */
function asReceived(data: string | Uint8Array): string | ArrayBuffer {
  if (typeof data === 'string') return data;
  const isWhole = data.byteLength === data.buffer.byteLength;
  return (isWhole ? data.buffer : data.slice().buffer) as ArrayBuffer;
}

function textOf(data: unknown): string {
  const { code } = (data ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code.slice(0, 40) : 'an error';
}
