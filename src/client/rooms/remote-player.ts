/**
 * One other player: a negotiation of its own, on the same machine as the native peer's. The dialect has no server that
 * says who is paired, so that part is played here: we are paired with a player when the game wants to connect to it,
 * or when its first offer comes. What a player's newer connection offers is a new pairing, too.
 */
import { type ClientMessage, isLowerPlayer, type RoomId } from '../../protocol/index.ts';
import { Negotiator } from '../negotiation/negotiator.ts';
import { PairlaneError } from '../peer/errors.ts';
import { type PeerOptions, resolveOptions } from '../peer/peer-options.ts';
import { type PeerState, stateOf } from '../peer/peer-state.ts';
import type { Platform } from '../peer/platform.ts';
import type { Socket, SocketHandlers } from '../signaling/socket.ts';
import { fingerprintOf, messageFrom, type PlayedMessage, type Signal, signalFrom } from './game-socket.ts';

export interface RemotePlayerDeps {
  readonly myId: RoomId;
  readonly platform: Platform;
  readonly options: PeerOptions;
  readonly isOnline: () => boolean;
  readonly sendSignal: (to: RoomId, signal: Signal) => void;
  readonly opened: (id: RoomId) => void;
  readonly message: (id: RoomId, data: string | Uint8Array) => void;
  readonly closed: (id: RoomId) => void;
  readonly failed: (id: RoomId, error: PairlaneError) => void;
  readonly log: (level: 'log' | 'warn', id: RoomId, text: string) => void;
}

/** What comes too early, from a player that may never say more, is not kept for ever. */
const MAX_HELD = 64;

/** The link is the game's socket, which looks after itself: there is nothing to wait for. */
const LINK_OPTIONS = { url: 'ws://game.invalid/', reconnect: { baseMs: 1, capMs: 1 } } as const;

export class RemotePlayer {
  readonly id: RoomId;
  readonly #deps: RemotePlayerDeps;
  readonly #isLower: boolean;
  readonly #negotiator: Negotiator;
  #link: SocketHandlers | undefined;
  readonly #channel: string;
  #isGreeted = false;
  /** To be paired with as soon as there is a link. */
  #isWanted = false;
  /** The player left since: whatever it sends next comes from a new one. */
  #isStale = false;
  #isReplacing = false;
  #wasOpen = false;
  /** Candidates that came before their offer. */
  #held: Signal[] = [];
  /** What came before the link was up. */
  #early: Signal[] = [];
  #fingerprint: string | undefined;

  constructor(id: RoomId, deps: RemotePlayerDeps) {
    this.id = id;
    this.#deps = deps;
    this.#isLower = isLowerPlayer(deps.myId, id);
    const options: PeerOptions = {
      ...deps.options,
      ...LINK_OPTIONS,
      timeouts: { ...deps.options.timeouts, signalingMs: 0 },
    };
    const platform: Platform = {
      ...deps.platform,
      openSocket: (_url, handlers) => this.#openLink(handlers),
    };
    const resolved = resolveOptions(options);
    this.#channel = resolved.channels[0]?.label ?? '';
    this.#negotiator = new Negotiator(platform, options, resolved, {
      stepped: (from, to) => this.#stepped(stateOf(from), stateOf(to)),
      ready() {},
      paired() {},
      opened: () => {
        this.#wasOpen = true;
        deps.opened(id);
      },
      message: (data) => deps.message(id, data),
      // There is but one channel, and its end is the connection's.
      channelClosed() {},
      peerGone: () => this.#ended(this.#isReplacing ? undefined : new PairlaneError('peer_gone')),
      gaveUp: (failure) => this.#ended(new PairlaneError(failure), true),
      sessionLost() {},
      received() {},
      problem: (error) => deps.log('warn', id, error.message),
    });
    this.#negotiator.start();
    if (deps.isOnline()) this.online();
  }

  get state(): PeerState {
    return stateOf(this.#negotiator.value);
  }

  get isOpen(): boolean {
    return this.#negotiator.connection?.isOpen(this.#channel) === true;
  }

  /** Wants a connection: the lower player offers, the higher one waits for that. */
  connect(): void {
    const isUnderWay = this.#isPaired && !this.#isStale && !(this.#isLower && this.state === 'paired');
    if (isUnderWay) return;
    if (this.#isGreeted) this.#pair(this.#isLower);
    else this.#isWanted = true;
  }

  /** Takes what the player signaled. */
  signal(signal: Signal): void {
    if (!this.#isGreeted) {
      if (this.#early.length < MAX_HELD) this.#early.push(signal);
      return;
    }
    const isOurs = this.#isPaired && !this.#isStale;
    if (signal.type === 'offer') this.#offered(signal, isOurs);
    else if (signal.type === 'answer') {
      if (!isOurs) return;
      this.#fingerprint = fingerprintOf(signal);
      this.#deliver(messageFrom(signal));
    } else if (isOurs) this.#deliver(messageFrom(signal));
    else if (this.#held.length < MAX_HELD) this.#held.push(signal);
  }

  /** @returns whether it was handed to the channel, at once */
  send(data: string | Uint8Array): boolean {
    return this.#negotiator.connection?.trySend(data, this.#channel) === true;
  }

  /** The game's server says that the player left. A lost socket alone ends no connection that is up. */
  left(isOnPurpose: boolean): void {
    this.#isStale = true;
    this.#isWanted = false;
    this.#held = [];
    this.#early = [];
    if (!this.#isPaired || (this.state === 'connected' && !isOnPurpose)) return;
    this.#deliver({
      type: 'peer_disconnected',
      peer_id: String(this.id),
      reason: 'disconnected',
    } satisfies PlayedMessage);
  }

  /** The game's socket is connected. */
  online(): void {
    if (!this.#link || this.#isGreeted) return;
    this.#isGreeted = true;
    this.#link.opened();
    this.#deliver({
      type: 'your_id',
      id: String(this.#deps.myId),
      ping_interval_ms: 0,
    } satisfies PlayedMessage);
    if (this.#isWanted) this.#pair(this.#isLower);
    for (const signal of this.#early.splice(0)) this.signal(signal);
  }

  /** The game's socket is lost. */
  offline(): void {
    if (!this.#isGreeted) return;
    const link = this.#link;
    this.#isGreeted = false;
    this.#link = undefined;
    link?.closed(1006, '');
  }

  close(): Promise<void> {
    return this.#negotiator.close();
  }

  get #isPaired(): boolean {
    return this.#negotiator.context?.peerId !== undefined;
  }

  #openLink(handlers: SocketHandlers): Socket {
    this.#link = handlers;
    this.#isGreeted = false;
    queueMicrotask(() => {
      if (this.#link === handlers && this.#deps.isOnline()) this.online();
    });
    return {
      send: (text) => {
        const signal = signalFrom(JSON.parse(text) as ClientMessage);
        if (signal && this.#deps.isOnline()) this.#deps.sendSignal(this.id, signal);
      },
      close: (code) => queueMicrotask(() => handlers.closed(code, '')),
    };
  }

  #offered(signal: Signal, isOurs: boolean): void {
    const fingerprint = fingerprintOf(signal);
    const isOfNewConnection = this.#fingerprint !== undefined && fingerprint !== this.#fingerprint;
    if (!isOurs || isOfNewConnection) this.#pair(false);
    this.#fingerprint = fingerprint;
    this.#deliver(messageFrom(signal));
    for (const held of this.#held.splice(0)) this.#deliver(messageFrom(held));
  }

  #pair(isInitiator: boolean): void {
    this.#isWanted = false;
    this.#isStale = false;
    this.#fingerprint = undefined;
    this.#isReplacing = true;
    this.#deliver({
      type: 'paired',
      peer_id: String(this.id),
      initiator: isInitiator,
      polite: !this.#isLower,
    } satisfies PlayedMessage);
    this.#isReplacing = false;
  }

  #deliver(message: object): void {
    this.#link?.received(JSON.stringify(message));
  }

  #stepped(from: PeerState, to: PeerState): void {
    if (from !== to) this.#deps.log('log', this.id, to);
  }

  /** @param isFailure also one that was open before, and could not be kept up */
  #ended(error: PairlaneError | undefined, isFailure = false): void {
    const wasOpen = this.#wasOpen;
    this.#wasOpen = false;
    this.#fingerprint = undefined;
    if (wasOpen) this.#deps.closed(this.id);
    if (error && (isFailure || !wasOpen)) this.#deps.failed(this.id, error);
  }
}
