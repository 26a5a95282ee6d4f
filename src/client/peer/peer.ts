/**
 * A peer as its user sees it: methods that return promises, and events. It has one link to the server, and connections.
 */
import { EventEmitter } from 'eventemitter3';
import { driveTimers } from '../../common/clock.ts';
import type { Room } from '../room/room.ts';
import { type JoinOptions, listedRoom, type RoomList } from '../room/room-options.ts';
import { Rooms } from '../room/rooms.ts';
import type { ConnectionStats } from '../rtc/connection-stats.ts';
import { type Abortable, abortable, abortedBy, type CutShort, cutShort } from './abortable.ts';
import { anything, type Checks, checkFields, isAbortSignal } from './check-options.ts';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { createEnvironment, type Environment } from './environment.ts';
import { PairlaneError } from './errors.ts';
import { Inbox } from './inbox.ts';
import { OnlyConnection } from './only-connection.ts';
import type { ConnectOptions, Target } from './pair-request.ts';
import { PairingRequests } from './pairing-requests.ts';
import type { PeerEvents } from './peer-events.ts';
import type { PeerOptions } from './peer-options.ts';
import type { PeerState, SignalingState } from './peer-state.ts';
import { type Answers, PendingRequests } from './pending-requests.ts';
import type { Platform } from './platform.ts';
import { ServerLink } from './server-link.ts';
import { tell } from './tell.ts';

/** The server says what they may be. */
const keyFields: Checks = { ttlS: anything, uses: anything, signal: isAbortSignal };

export class Peer extends EventEmitter<PeerEvents> {
  readonly #environment: Environment;
  readonly #link: ServerLink;
  readonly #connections: Connections;
  readonly #only: OnlyConnection;
  readonly #requests: PendingRequests;
  readonly #pairing: PairingRequests;
  readonly #rooms: Rooms;
  readonly #inbox: Inbox;
  readonly #stopTimers: () => void;
  #state: PeerState = 'signaling';
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #goOffline: (() => void) | undefined;

  /** Use {@link createPeerWith}, which waits until the server has greeted the peer. */
  constructor(platform: Platform, options: PeerOptions) {
    super();
    const environment = createEnvironment(platform, options);
    const { queue, clock } = environment;
    const { channels, requestTimeoutMs } = environment.options;
    this.#environment = environment;
    this.#link = this.#createLink();
    this.#requests = new PendingRequests(queue, requestTimeoutMs, this.#link);
    this.#pairing = new PairingRequests(this.#requests, this.#link, environment.connections);
    this.#connections = this.#createConnections();
    this.#only = new OnlyConnection(channels, this.#connections, this.#link);
    this.#rooms = new Rooms({
      ownId: () => this.id,
      connectionWith: (id) => this.#connections.byPeer.get(id),
      channels: channels.map(({ label }) => label),
      send: (message) => this.#link.send(message),
      requests: this.#requests,
    });
    this.#inbox = this.#createInbox();
    this.#stopTimers = driveTimers(queue.timers, clock);
  }

  /**
   * Our id at the server; undefined until it has greeted us. It survives a reconnect if the server still has our
   * session.
   */
  get id(): string | undefined {
    return this.#link.id;
  }

  /** The connections, by the other peer's id. */
  get connections(): ReadonlyMap<string, Connection> {
    return this.#connections.byPeer;
  }

  /** The rooms that we are a member of, by name. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms.byName;
  }

  /** The id of the peer that we are paired with; undefined if there is none, or several. */
  get peerId(): string | undefined {
    return this.#connections.only?.peerId;
  }

  /**
   * The state of the only connection. With several: `connected` if all of them are, otherwise the state of one that is
   * not.
   */
  get state(): PeerState {
    return this.#state;
  }

  get signaling(): SignalingState {
    return this.#link.signaling;
  }

  /** Whether `send` works now on the first channel. */
  get isOpen(): boolean {
    return this.#only.isOpen;
  }

  /**
   * Connects to the server.
   * @param signal gives up, as long as the server has not greeted us
   * @throws {PairlaneError} `signaling_failed`, `signaling_timeout`, `token_failed`, `token_invalid`, `token_expired`,
   * `aborted`; the peer is closed then
   */
  start(signal?: AbortSignal): Promise<this> {
    const greeted = new Promise<this>((resolve, reject) => {
      this.#link.start({
        resolve: () => resolve(this),
        reject: (error) => this.close().then(() => reject(error)),
      });
      this.#environment.connections.makeAhead();
    });
    const giveUp = (error: PairlaneError) => void this.#link.failStart(error);
    if (signal?.aborted) giveUp(abortedBy(signal));
    return signal?.aborted ? greeted : abortable(signal, () => greeted, giveUp);
  }

  /**
   * Replaces a `token` given as text by a newer one for the same app and id. Its grants apply from now on; if it is
   * refused, an `error` event is emitted.
   */
  refreshToken(token: string): void {
    this.#link.refreshToken(token);
  }

  /**
   * Makes a key with which others can pair with us.
   * @param options `ttlS`: its lifetime in seconds (600; 0: as long as we stay connected); `uses`: how often it may be
   * used (1; 0: any number of times); `signal`: gives the request up
   * @throws {PairlaneError} the server's, such as `too_many_keys`; `invalid_option`; `timeout`, `not_online`, `closed`,
   * `aborted`
   */
  async createKey(
    options: { ttlS?: number; uses?: number } & Abortable = {},
  ): Promise<Answers['create_key']> {
    checkFields('options', options, keyFields);
    const { ttlS, uses, signal } = options;
    const message = {
      type: 'create_key' as const,
      ...(ttlS !== undefined && { ttl_s: ttlS }),
      ...(uses !== undefined && { uses }),
    };
    return this.#requests.start('create_key', () => this.#link.send(message), signal);
  }

  /**
   * Asks to be paired; we are then the initiator.
   * @throws {PairlaneError} the server's, such as `target_not_found`, `key_not_found`, `already_paired`; `timeout`,
   * `not_online`, `closed`, `aborted`, `invalid_option`; `request_pending` while an earlier request has no answer
   */
  async pair(target: Target, { signal }: Abortable = {}): Promise<Answers['pair_request']> {
    const { peerId, initiator } = await this.#pairing.pair(target, signal);
    return { peerId, initiator };
  }

  /**
   * Asks to be connected with another client; we are then the initiator. Requests are made one after another.
   * @param options `metadata`: JSON of at most 2,048 bytes, which the other peer sees before it accepts; `signal`:
   * gives the request up
   * @returns the connection, once both are paired; its `opened()` waits for the channel, and fails if we were rejected
   * @throws {PairlaneError} those of `pair` except `request_pending`; `aborted`, `metadata_too_large`
   */
  connect(options: ConnectOptions): Promise<Connection> {
    return this.#pairing.connect(options);
  }

  /**
   * Joins a room, which is created if there is none of that name. The room pairs its members, as far as the `peers`
   * option of each allows. If the server loses our session, we join again automatically.
   * @param name 1 to 64 printable characters
   * @throws {PairlaneError} the server's, such as `room_not_found`, `room_full`, `room_locked`, `wrong_password`,
   * `forbidden`; `invalid_option`, `metadata_too_large`; `timeout`, `not_online`, `closed`, `aborted`
   */
  join(name: string, options: JoinOptions = {}): Promise<Room> {
    return this.#rooms.join(name, options);
  }

  /**
   * Lists the public rooms.
   * @returns `more`: there are others that did not fit into the answer
   * @throws {PairlaneError} the server's; `timeout`, `not_online`, `closed`, `aborted`
   */
  async listRooms({ signal }: Abortable = {}): Promise<RoomList> {
    const { rooms, more = false } = await this.#rooms.list(signal);
    return { rooms: rooms.map(listedRoom), more };
  }

  /**
   * Waits for the data channel; if there is no pairing, for that of the next one. Once there is a peer, it waits no
   * longer than the deadlines in `timeouts`.
   * @param channel its label; defaults to the first channel's
   * @throws {PairlaneError} what ended the pairing: `peer_gone`, `unpaired`, a failed negotiation, `closed`;
   * `channel_timeout` when the peer is connected and does not open it; `unknown_channel`, `channel_closed`;
   * `signaling_failed` when there is no longer a peer or a server; `several_connections`; `aborted`
   */
  opened(channel = this.#only.firstChannel, { signal }: Abortable = {}): Promise<void> {
    return this.#only.opened(channel, signal);
  }

  /**
   * Sends a message over a data channel of the only connection. Await it: that keeps the channel fast and memory
   * bounded.
   * @param channel its label; defaults to the first channel's
   * @returns resolves when the message was handed over to the channel
   * @throws {PairlaneError} `not_open`, `too_large_to_send` (more than 65,536 bytes), `send_failed`, `unknown_channel`,
   * `several_connections`, `aborted` (it was not sent)
   */
  send(
    data: string | Uint8Array,
    channel = this.#only.firstChannel,
    { signal }: Abortable = {},
  ): Promise<void> {
    return this.#only.send(data, channel, signal);
  }

  /**
   * Sends data to the peer of the only connection through the server, for a connection of your own: it arrives as the
   * event `signal`, in order and once. It needs no data channel.
   * @param data any JSON value; with its envelope, no larger than the server's message limit (65,536 bytes)
   * @throws {PairlaneError} `not_paired`, `several_connections`
   */
  signal(data: unknown): void {
    this.#only.signal(data);
  }

  /**
   * Leaves every pairing, and stays connected to the server. What `send` has accepted arrives first, for which it waits
   * at most a second: `state` is `draining` meanwhile, then `unpaired`.
   */
  unpair(): void {
    for (const connection of this.#connections) connection.close();
  }

  /**
   * Statistics of the only connection: direct or through a relay, the round trip, the bytes.
   * @returns undefined while there is no connection, or if there are no statistics
   * @throws {PairlaneError} `several_connections`
   */
  stats(): Promise<ConnectionStats | undefined> {
    if (this.#connections.size > 1) return Promise.reject(new PairlaneError('several_connections'));
    return this.#connections.only?.stats() ?? Promise.resolve(undefined);
  }

  /** Tells the peer that the network changed: each connection looks for a new path (an ICE restart). */
  networkChanged(): void {
    for (const connection of this.#connections) connection.networkChanged();
  }

  /**
   * Ends everything. What `send` has accepted arrives first, for which it waits at most a second.
   * @param options `atOnce`: does not wait, as when a page is left; `signal`: waits no longer
   * @returns resolves when every socket is released
   */
  close({ atOnce = false, signal }: { atOnce?: boolean } & CutShort = {}): Promise<void> {
    this.#isClosing = true;
    this.#closed ??= this.#close();
    if (atOnce) this.#endAtOnce();
    else this.#endConnections(false);
    return cutShort(signal, this.#closed, () => this.#endAtOnce());
  }

  async #close(): Promise<void> {
    const error = new PairlaneError('closed');
    this.#requests.end(error);
    this.#only.end(error);
    this.#rooms.end();
    this.#environment.connections.dropAhead();
    await new Promise<void>((resolve) => {
      this.#goOffline = () => void this.#link.close().then(resolve);
    });
    await this.#connections.released();
    this.#stopTimers();
  }

  /** The goodbye goes first: connections take long to close, and a page that is left has half a second at most. */
  #endAtOnce(): void {
    this.#goOffline?.();
    this.#endConnections(true);
  }

  /** The link ends after the last connection: otherwise the other peers would be told too early that we are gone. */
  #endConnections(isAtOnce: boolean): void {
    this.#connections.end(isAtOnce);
    if (this.#connections.size === 0) this.#goOffline?.();
  }

  #createLink(): ServerLink {
    return new ServerLink(this.#environment, {
      received: (message, known) => this.#inbox.received(message, known),
      stepped: (from, to) => this.#linkStepped(from, to),
      lost: (loss) => this.#connections.lost(loss, this.signaling === 'lost'),
      sessionLost: () => this.#requests.failAll(new PairlaneError('signaling_lost')),
      gaveUp: (error) => this.#gaveUp(error),
      problem: (error) => this.#fail(error),
      claims: () => this.#connections.claims,
    });
  }

  #createConnections(): Connections {
    return new Connections(this.#environment, this.#link, {
      asked: (peerId, offered) => this.#pairing.asked(peerId, offered),
      paired: (connection) => this.#paired(connection),
      stepped: (connection) => this.#connectionStepped(connection),
      opened: (_, channel) => this.#tell('open', channel),
      message: (_, data, channel) => this.#tell('message', data, channel),
      signaled: ({ peerId }, data) => this.#tell('signal', data, peerId),
      gone: ({ peerId }, reason) => this.#tell('peer_disconnected', { peerId, reason }),
      failed: ({ peerId }, error) => this.#fail(error, peerId),
      problem: (error, peerId) => this.#fail(error, peerId),
      wantsStats: () => this.listenerCount('stats') > 0,
      stats: ({ peerId }, stats) => this.#tell('stats', stats, peerId),
    });
  }

  #createInbox(): Inbox {
    return new Inbox({
      link: this.#link,
      connections: this.#connections,
      requests: this.#requests,
      rooms: this.#rooms,
      user: {
        tell: (name, ...args) => this.#tell(name, ...args),
        fail: (error) => this.#fail(error),
      },
    });
  }

  #connectionStepped(connection: Connection): void {
    if (connection.state === 'disconnected') this.#link.forgetPairing(connection.epoch);
    this.#showState();
    if (this.#connections.size === 0) this.#goOffline?.();
  }

  #paired(connection: Connection): void {
    const { peerId, initiator } = connection;
    this.#pairing.paired(connection);
    this.#rooms.paired(connection);
    connection.guard(() => this.emit('connection', connection));
    this.#tell('paired', { peerId, initiator });
    this.#only.paired(connection);
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
    this.#environment.options.logger?.debug({ id, peerId, state }, `Peer is ${state}`);
    this.#tell('state', state, previous);
  }

  #stateNow(): PeerState {
    const states = [...this.#connections].map(({ state }) => state);
    if (states.length > 0) return states.find((state) => state !== 'connected') ?? 'connected';
    const { state } = this.#link;
    // The last connection has ended, and the link is about to.
    return this.#isClosing && state !== 'disconnected' ? this.#state : state;
  }

  /** The link is closed for good. */
  #gaveUp(error: PairlaneError): void {
    this.#only.fail(error);
    this.#rooms.end(error);
    if (!this.#link.failStart(error)) this.#fail(error);
  }

  /** @returns whether anybody listened */
  #fail(error: PairlaneError, peerId?: string): boolean {
    this.#environment.options.logger?.warn({ id: this.id, peerId, code: error.code }, error.message);
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
  return new Peer(platform, options).start(options.signal);
}
