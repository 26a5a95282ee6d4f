/** A peer as its user sees it: calls that are promises, and events. It has the link to the server, and connections. */
import { EventEmitter } from 'eventemitter3';
import { driveTimers } from '../../common/clock.ts';
import { StepQueue } from '../../machines/index.ts';
import type { ServerMessage } from '../../protocol/index.ts';
import { Negotiator } from '../negotiation/negotiator.ts';
import type { Loss, WelcomedEvent } from '../negotiation/signaling.ts';
import type { Room } from '../room/room.ts';
import { type JoinOptions, listedRoom, type RoomList } from '../room/room-options.ts';
import { Rooms } from '../room/rooms.ts';
import { SignalingLink } from '../signaling/signaling-client.ts';
import { eventFrom } from '../signaling/signaling-event.ts';
import { TokenSource } from '../signaling/token-source.ts';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { isExpected, PairlaneError } from './errors.ts';
import { type ConnectOptions, isMetadata, pairRequest, type Target } from './pair-request.ts';
import type { PeerEvents } from './peer-events.ts';
import { type PeerOptions, type ResolvedOptions, resolveOptions } from './peer-options.ts';
import { type PeerState, type SignalingState, signalingStateOf, stateOf } from './peer-state.ts';
import { type Answers, PendingRequests } from './pending-requests.ts';
import type { Platform } from './platform.ts';
import { tell } from './tell.ts';

interface Opener {
  readonly channel: string;
  readonly resolve: () => void;
  readonly reject: (error: PairlaneError) => void;
}

export class Peer extends EventEmitter<PeerEvents> {
  readonly #options: PeerOptions;
  readonly #tokens: TokenSource;
  readonly #link: SignalingLink;
  /** The peer's own machine: it follows the link, and never has a pairing. Each connection has one of its own. */
  readonly #machine: Negotiator;
  readonly #connections: Connections;
  readonly #requests: PendingRequests;
  readonly #rooms: Rooms;
  readonly #channels: readonly string[];
  readonly #stopTimers: () => void;
  #state: PeerState = 'signaling';
  #welcome: WelcomedEvent | undefined;
  /** Sent with the pair request that is under way. */
  #askedMetadata: unknown;
  /** Who waits for a channel of the next connection. */
  #openers: Opener[] = [];
  /** Who waits for the server's greeting. */
  #starter: { resolve: () => void; reject: (error: PairlaneError) => void } | undefined;
  /** Why the server does not greet us, where it said so. */
  #startFailure: PairlaneError | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #goOffline: (() => void) | undefined;

  /** Use {@link createPeerWith}, which waits until the server has greeted it. */
  constructor(platform: Platform, options: PeerOptions) {
    super();
    const resolved = resolveOptions(options);
    const clock = options.clock ?? platform.clock;
    const queue = new StepQueue(clock);
    this.#options = options;
    this.#channels = resolved.channels.map(({ label }) => label);
    this.#tokens = new TokenSource(options.token);
    this.#link = this.#createLink(platform, resolved);
    this.#machine = this.#createMachine(platform, resolved, queue);
    this.#requests = new PendingRequests(queue, resolved.requestTimeoutMs, () => this.#obstacle());
    this.#connections = this.#createConnections(platform, resolved, queue);
    this.#rooms = new Rooms({
      ownId: () => this.id,
      connectionWith: (id) => this.#connections.byPeer.get(id),
      send: (message) => this.#link.send(message),
      requests: this.#requests,
    });
    this.#stopTimers = driveTimers(queue.timers, clock);
  }

  /** Our id at the server; undefined until it has greeted us. It stays over a reconnect, if the server still has it. */
  get id(): string | undefined {
    return this.#machine.context?.id;
  }

  /** The connections, by the other one's id. */
  get connections(): ReadonlyMap<string, Connection> {
    return this.#connections.byPeer;
  }

  /** The rooms that we are a member of, by their names. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms.byName;
  }

  /** The id of the peer that we are paired with; undefined when there is none, or several. */
  get peerId(): string | undefined {
    return this.#connections.only?.peerId;
  }

  /** Of the only connection; of several: `connected` when all of them are, or else that of one that is not. */
  get state(): PeerState {
    return this.#state;
  }

  get signaling(): SignalingState {
    return signalingStateOf(this.#machine.value);
  }

  /** Whether `send` works now, on the first channel. */
  get isOpen(): boolean {
    return this.#connections.only?.isOpen === true;
  }

  /**
   * Connects to the server.
   * @throws {PairlaneError} `signaling_failed`, `signaling_timeout`, `token_failed`, `token_invalid`, `token_expired`; the
   * peer is closed then
   */
  start(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#starter = {
        resolve: () => {
          this.#starter = undefined;
          resolve(this);
        },
        reject: (error) => {
          this.#starter = undefined;
          this.close().then(() => reject(error));
        },
      };
      this.#machine.start();
    });
  }

  /**
   * Brings a newer token, where `token` is a text: for the same app and id. What it allows counts from now on; an `error`
   * event tells that it was refused.
   */
  refreshToken(token: string): void {
    this.#tokens.replace(token);
    this.#link.send({ type: 'refresh_token', token });
  }

  /**
   * Makes a key for others to pair with us.
   * @param options seconds that it lives (600; 0: as long as we stay connected), and how often it may be used (1; 0: any
   * number of times)
   * @throws {PairlaneError} the server's, such as `too_many_keys`; `timeout`, `not_online`, `closed`
   */
  createKey(options: { ttlS?: number; uses?: number } = {}): Promise<Answers['create_key']> {
    const { ttlS, uses } = options;
    return this.#requests.start('create_key', () =>
      this.#link.send({
        type: 'create_key',
        ...(ttlS !== undefined && { ttl_s: ttlS }),
        ...(uses !== undefined && { uses }),
      }),
    );
  }

  /**
   * Asks to be paired; we are the initiator then.
   * @throws {PairlaneError} the server's, such as `target_not_found`, `key_not_found`, `already_paired`; `timeout`,
   * `not_online`, `closed`; `request_pending` while an earlier request has no answer
   */
  async pair(target: Target): Promise<Answers['pair_request']> {
    const { peerId, initiator } = await this.#requests.start('pair_request', () =>
      this.#askToPair(target, undefined),
    );
    return { peerId, initiator };
  }

  /**
   * Asks to be connected with somebody; we are the initiator then. Requests are made one after another.
   * @param options `metadata`: JSON of at most 2,048 bytes, for the other one to know before it accepts; `signal`: gives
   * the request up
   * @returns the connection, once both are paired; its `opened()` waits for the channel, and says whether we were rejected
   * @throws {PairlaneError} those of `pair` but `request_pending`; `aborted`, `metadata_too_large`
   */
  connect({ metadata, signal, ...target }: ConnectOptions): Promise<Connection> {
    if (metadata !== undefined && !isMetadata(metadata)) {
      return Promise.reject(new PairlaneError('metadata_too_large'));
    }
    return this.#requests.startInTurn('pair_request', () => this.#askToPair(target, metadata), signal);
  }

  /**
   * Becomes a member of a room, which is made where there is none of that name. The room pairs its members, as far as
   * each says by `peers` how many connections it may have. Where the server forgets us, we join again by ourselves.
   * @param name 1 to 64 printable characters
   * @throws {PairlaneError} the server's, such as `room_not_found`, `room_full`, `room_locked`, `wrong_password`,
   * `forbidden`; `invalid_option`, `metadata_too_large`; `timeout`, `not_online`, `closed`
   */
  join(name: string, options: JoinOptions = {}): Promise<Room> {
    return this.#rooms.join(name, options);
  }

  /**
   * The rooms that are public.
   * @returns `more`: there are others, which did not fit into the answer
   * @throws {PairlaneError} the server's; `timeout`, `not_online`, `closed`
   */
  async listRooms(): Promise<RoomList> {
    const { rooms, more = false } = await this.#rooms.list();
    return { rooms: rooms.map(listedRoom), more };
  }

  /**
   * Waits for the data channel, that of the next pairing if there is none. Once there is a peer, it waits no longer
   * than the deadlines of `timeouts`.
   * @param channel its label; the first channel's unless said otherwise
   * @throws {PairlaneError} what ended the pairing: `peer_gone`, `unpaired`, a failed negotiation, `closed`;
   * `channel_timeout` when the peer is connected and does not open it; `unknown_channel`, `channel_closed`;
   * `signaling_failed` when there is no longer a peer or a server; `several_connections`
   */
  opened(channel = this.#channels[0] as string): Promise<void> {
    const { only } = this.#connections;
    if (only?.isOpen && channel === this.#channels[0]) return Promise.resolve();
    if (this.#isClosing) return Promise.reject(new PairlaneError('closed'));
    if (!this.#channels.includes(channel)) return Promise.reject(new PairlaneError('unknown_channel'));
    if (this.#connections.size > 1) return Promise.reject(new PairlaneError('several_connections'));
    if (only && only.state !== 'draining') return only.opened(channel);
    if (this.state === 'disconnected') return Promise.reject(new PairlaneError('signaling_failed'));
    return new Promise((resolve, reject) => this.#openers.push({ channel, resolve, reject }));
  }

  /**
   * Sends a message over a data channel of the only connection. Await it: that keeps the channel fast and memory bounded.
   * @param channel its label; the first channel's unless said otherwise
   * @returns fulfilled when the message was handed over to the channel
   * @throws {PairlaneError} `not_open`, `too_large_to_send` (more than 65,536 bytes), `send_failed`, `unknown_channel`,
   * `several_connections`
   */
  send(data: string | Uint8Array, channel = this.#channels[0] as string): Promise<void> {
    if (!this.#channels.includes(channel)) return Promise.reject(new PairlaneError('unknown_channel'));
    if (this.#connections.size > 1) return Promise.reject(new PairlaneError('several_connections'));
    return this.#connections.only?.send(data, channel) ?? Promise.reject(new PairlaneError('not_open'));
  }

  /**
   * Leaves every pairing, and stays connected to the server. What `send` has accepted arrives first, for which at most a
   * second is waited: `state` is `draining` meanwhile, then `unpaired`.
   */
  unpair(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** Tells the peer that the network changed: each connection looks for a new way (an ICE restart). */
  networkChanged(): void {
    for (const connection of this.#connections) connection.networkChanged();
  }

  /**
   * Ends everything. What `send` has accepted arrives first, for which at most a second is waited.
   * @param options `atOnce`: nothing is waited for, as when a page is left
   * @returns fulfilled when every socket is released
   */
  close({ atOnce = false } = {}): Promise<void> {
    if (this.#closed && atOnce) this.#endConnections(true);
    this.#isClosing = true;
    this.#closed ??= this.#close(atOnce);
    return this.#closed;
  }

  async #close(atOnce: boolean): Promise<void> {
    const error = new PairlaneError('closed');
    this.#requests.failAll(error);
    this.#failOpeners(error);
    this.#rooms.end();
    const offline = new Promise<void>((resolve) => {
      this.#goOffline = () => {
        this.#goOffline = undefined;
        this.#machine.close(true).then(resolve);
      };
    });
    this.#endConnections(atOnce);
    await offline;
    await this.#connections.released();
    this.#stopTimers();
    this.#starter?.reject(error);
  }

  /** The link ends once the last of them has: without it the others would be told too early that we are gone. */
  #endConnections(isAtOnce: boolean): void {
    this.#connections.end(isAtOnce);
    if (this.#connections.size === 0) this.#goOffline?.();
  }

  #askToPair(target: Target, metadata: unknown): void {
    this.#askedMetadata = metadata;
    this.#link.send(pairRequest(target, metadata));
  }

  /** Why the server can be asked nothing now. */
  #obstacle(): PairlaneError | undefined {
    if (this.#isClosing) return new PairlaneError('closed');
    return this.signaling === 'online' ? undefined : new PairlaneError('not_online');
  }

  #received(message: ServerMessage, isResumed: boolean): void {
    const event = eventFrom(message, isResumed);
    if (!event) {
      if (!this.#rooms.heard(message)) this.#told(message);
      return;
    }
    if (message.type === 'your_id') this.#connections.maxPeers = message.max_peers;
    if (event.type === 'WELCOMED') {
      this.#welcome = event;
      this.#machine.heard(event);
    }
    if (event.type !== 'PAIRED' || !this.#isClosing) this.#connections.heard(event);
    if (message.type === 'your_id') this.#rooms.welcomed(isResumed && !message.restarted);
  }

  /** What the server tells that no machine need know. */
  #told(message: ServerMessage): void {
    switch (message.type) {
      case 'key': {
        const { key, expires_at } = message;
        const expiresAt = expires_at === undefined ? undefined : new Date(expires_at);
        this.#requests.answer('create_key', { key, expiresAt });
        return;
      }
      case 'key_expired':
        this.#tell('key_expired', { key: message.key });
        return;
      case 'token_expiring':
        this.#tell('token_expiring', { expiresAt: new Date(message.expires_at) });
        if (this.#tokens.canRefresh) this.#bringNewerToken();
        return;
      case 'peer_away':
      case 'peer_back':
        this.#connections.byPeer.get(message.peer_id)?.told(message.type === 'peer_away' ? 'away' : 'back');
        this.#tell(message.type, { peerId: message.peer_id });
        return;
      case 'error': {
        const error = PairlaneError.fromServer(message);
        if (isExpected(error) || this.#requests.failFor(error)) return;
        if (this.#starter) {
          this.#startFailure = error;
          return;
        }
        const connection = message.epoch === undefined ? undefined : this.#connections.of(message.epoch);
        if (connection) connection.refused(error);
        else this.#fail(error);
      }
    }
  }

  #linkFailed(error: PairlaneError): void {
    if (error.code.startsWith('token_') && this.#starter) this.#startFailure = error;
    else this.#fail(error);
  }

  async #bringNewerToken(): Promise<void> {
    try {
      const token = await this.#tokens.get();
      if (token !== undefined && !this.#isClosing) this.#link.send({ type: 'refresh_token', token });
    } catch (error) {
      this.#fail(PairlaneError.from('token_failed', error));
    }
  }

  #lost(loss: Loss): void {
    const { reason, afterMs } = loss;
    this.#options.logger?.debug({ id: this.id, reason, afterMs }, 'Signaling lost');
    this.#welcome = undefined;
    this.#machine.heard({ type: 'SOCKET_LOST', ...loss });
    this.#connections.lost(loss, this.signaling === 'lost');
  }

  #createLink(platform: Platform, { url, peers }: ResolvedOptions): SignalingLink {
    return new SignalingLink(url, platform.openSocket, {
      isMany: peers !== undefined,
      received: (message, isResumed) => this.#received(message, isResumed),
      problem: (error) => this.#linkFailed(error),
      sessionLost: () => this.#requests.failAll(new PairlaneError('signaling_lost')),
      claims: () => this.#connections.claims,
      lost: (loss) => this.#lost(loss),
      tokens: this.#tokens,
    });
  }

  #createMachine(platform: Platform, resolved: ResolvedOptions, queue: StepQueue): Negotiator {
    return new Negotiator({
      platform,
      // What the server is told of is the steps of a connection.
      options: { ...this.#options, inspect: false },
      resolved,
      queue,
      signaling: this.#link,
      handlers: {
        stepped: (from, to) => this.#linkStepped(signalingStateOf(from), signalingStateOf(to)),
        ready: () => this.#starter?.resolve(),
        gaveUp: (failure) => this.#gaveUp(new PairlaneError(failure)),
        problem: (error) => this.#fail(error),
        // It never has a pairing.
        paired() {},
        opened() {},
        message() {},
        channelClosed() {},
        peerGone() {},
      },
    });
  }

  #createConnections(platform: Platform, resolved: ResolvedOptions, queue: StepQueue): Connections {
    return new Connections({
      platform,
      options: this.#options,
      resolved,
      queue,
      send: (message) => this.#link.send(message),
      welcome: () => this.#welcome && { ...this.#welcome, isResumed: true },
      asked: () => this.#asked(),
      problem: (error, peerId) => this.#fail(error, peerId),
      owner: {
        stepped: (connection) => this.#connectionStepped(connection),
        paired: (connection) => this.#connectionPaired(connection),
        opened: (_, channel) => this.#tell('open', channel),
        message: (_, data, channel) => this.#tell('message', data, channel),
        gone: ({ peerId }, reason) => this.#tell('peer_disconnected', { peerId, reason }),
        failed: ({ peerId }, error) => this.#fail(error, peerId),
      },
    });
  }

  /** A pairing that we are the initiator of. */
  #asked(): { metadata: unknown } | undefined {
    if (!this.#requests.isAbandoned('pair_request')) return { metadata: this.#askedMetadata };
    this.#requests.fail('pair_request', new PairlaneError('aborted'));
    return undefined;
  }

  #connectionStepped(connection: Connection): void {
    if (connection.state === 'disconnected') this.#link.forgetPairing(connection.epoch);
    this.#showState();
    if (this.#connections.size === 0) this.#goOffline?.();
  }

  #connectionPaired(connection: Connection): void {
    const { peerId, initiator, room } = connection;
    // A pairing that somebody else asked for at the same moment does not answer our own request: its error will.
    if (initiator && room === undefined) this.#requests.answer('pair_request', connection);
    this.#rooms.paired(connection);
    connection.guard(() => this.emit('connection', connection));
    this.#tell('paired', { peerId, initiator });
    for (const { channel, resolve, reject } of this.#openers.splice(0)) {
      connection.opened(channel).then(resolve, reject);
    }
  }

  #linkStepped(before: SignalingState, now: SignalingState): void {
    this.#showState();
    if (now !== before) this.#tell('signaling', now, this.id);
  }

  #showState(): void {
    const previous = this.#state;
    this.#state = this.#stateNow();
    if (this.#state === previous) return;
    const { id, peerId, state } = this;
    this.#options.logger?.debug({ id, peerId, state }, `Peer is ${state}`);
    this.#tell('state', state, previous);
  }

  #stateNow(): PeerState {
    const states = [...this.#connections].map(({ state }) => state);
    if (states.length > 0) return states.find((state) => state !== 'connected') ?? 'connected';
    const state = stateOf(this.#machine.value);
    // The last connection has ended, and the link is about to.
    return this.#isClosing && state !== 'disconnected' ? this.#state : state;
  }

  /** The link is gone for good. */
  #gaveUp(error: PairlaneError): void {
    this.#failOpeners(error);
    this.#rooms.end(error);
    if (this.#starter) this.#starter.reject(this.#startFailure ?? error);
    else this.#fail(error);
  }

  #failOpeners(error: PairlaneError): void {
    for (const { reject } of this.#openers.splice(0)) reject(error);
  }

  /** @returns whether anybody listened */
  #fail(error: PairlaneError, peerId?: string): boolean {
    this.#options.logger?.warn({ id: this.id, peerId, code: error.code }, error.message);
    return this.#tell('error', error);
  }

  #tell<Name extends keyof PeerEvents>(name: Name, ...args: Parameters<PeerEvents[Name]>): boolean {
    return tell<PeerEvents, Name>(this, name, ...(args as never));
  }
}

/**
 * Creates a peer and connects it to the signaling server.
 * @param platform what the peer runs on
 * @throws {PairlaneError} `invalid_option`, `signaling_failed`, `signaling_timeout`
 */
export async function createPeerWith(platform: Platform, options: PeerOptions = {}): Promise<Peer> {
  return new Peer(platform, options).start();
}
