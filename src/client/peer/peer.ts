/** A peer as its user sees it: calls that are promises, and events. */
import { EventEmitter } from 'eventemitter3';
import type { ServerMessage } from '../../protocol/index.ts';
import { Negotiator } from '../negotiation/negotiator.ts';
import { SignalingLink } from '../signaling/signaling-client.ts';
import { claimOf, eventFrom } from '../signaling/signaling-event.ts';
import { ChannelWaiters } from './channel-waiters.ts';
import { isExpected, PairlaneError } from './errors.ts';
import type { PeerEvents } from './peer-events.ts';
import { type PeerOptions, resolveOptions } from './peer-options.ts';
import { type PeerState, type SignalingState, signalingStateOf, stateOf } from './peer-state.ts';
import { type Answers, PendingRequests } from './pending-requests.ts';
import type { Platform } from './platform.ts';

export class Peer extends EventEmitter<PeerEvents> {
  readonly #options: PeerOptions;
  readonly #link: SignalingLink;
  readonly #negotiator: Negotiator;
  readonly #requests: PendingRequests;
  #closed: Promise<void> | undefined;
  /** Who waits for the server's greeting. */
  #starter: { resolve: () => void; reject: (error: PairlaneError) => void } | undefined;
  readonly #openers: ChannelWaiters;
  readonly #channels: readonly string[];

  /** Use {@link createPeerWith}, which waits until the server has greeted it. */
  constructor(platform: Platform, options: PeerOptions) {
    super();
    this.#options = options;
    const resolved = resolveOptions(options);
    this.#channels = resolved.channels.map(({ label }) => label);
    this.#link = new SignalingLink(resolved.url, platform.openSocket, {
      received: (message, isResumed) => this.#received(message, isResumed),
      malformed: (error) => this.#fail(error),
      sessionLost: () => this.#requests.failAll(new PairlaneError('signaling_lost')),
      pairing: () => claimOf(this.#negotiator.serverPairing),
      lost: (loss) => this.#negotiator.heard({ type: 'SOCKET_LOST', ...loss }),
    });
    this.#negotiator = new Negotiator(platform, options, resolved, this.#link, {
      stepped: (from, to) => this.#stepped(from, to),
      ready: () => this.#starter?.resolve(),
      paired: ({ peerId, initiator }) => {
        // A pairing that somebody else asked for at the same moment does not answer our own request: its error will.
        if (initiator) this.#requests.answer('pair_request', { peerId, initiator });
        this.#tell('paired', { peerId, initiator });
      },
      opened: (channel) => {
        this.#openers.opened(channel);
        this.#tell('open', channel);
      },
      channelClosed: (channel) => {
        const error = new PairlaneError('channel_closed', channel);
        this.#openers.fail(error, channel);
        this.#fail(error);
      },
      message: (data, channel) => this.#tell('message', data, channel),
      peerGone: (peerId, reason) => {
        this.#openers.fail(new PairlaneError('peer_gone'));
        this.#tell('peer_disconnected', { peerId, reason });
      },
      gaveUp: (failure) => {
        const error = new PairlaneError(failure);
        this.#openers.fail(error);
        if (this.#starter) this.#starter.reject(error);
        else this.#fail(error);
      },
      problem: (error) => this.#fail(error),
    });
    this.#openers = new ChannelWaiters(this.#negotiator.queue, resolved.settings.checkingTimeoutMs);
    this.#requests = new PendingRequests(this.#negotiator.queue, resolved.requestTimeoutMs);
  }

  /** Our id at the server; undefined until it has greeted us. It stays over a reconnect, if the server still has it. */
  get id(): string | undefined {
    return this.#negotiator.context?.id;
  }

  /** The id of the peer that we are paired with. */
  get peerId(): string | undefined {
    return this.#negotiator.context?.peerId;
  }

  get state(): PeerState {
    return stateOf(this.#negotiator.value);
  }

  get signaling(): SignalingState {
    return signalingStateOf(this.#negotiator.value);
  }

  /** Whether `send` works now, on the first channel. */
  get isOpen(): boolean {
    return this.#isOpen(this.#channels[0] as string);
  }

  /**
   * Connects to the server.
   * @throws {PairlaneError} `signaling_failed`, `signaling_timeout`; the peer is closed then
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
      this.#negotiator.start();
    });
  }

  /**
   * Makes a key for others to pair with us.
   * @param options seconds that it lives (600), and how often it may be used (1)
   * @throws {PairlaneError} the server's, such as `too_many_keys`; `timeout`, `not_online`, `closed`
   */
  createKey(options: { ttlS?: number; uses?: number } = {}): Promise<Answers['create_key']> {
    const { ttlS, uses } = options;
    return this.#request('create_key', () =>
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
   * `not_online`, `closed`
   */
  pair(target: { id: string } | { key: string }): Promise<Answers['pair_request']> {
    return this.#request('pair_request', () =>
      this.#link.send(
        'id' in target
          ? { type: 'pair_request', target_id: target.id }
          : { type: 'pair_request', key: target.key },
      ),
    );
  }

  /**
   * Waits for the data channel, that of the next pairing if there is none. Once there is a peer, it waits no longer
   * than the deadlines of `timeouts`.
   * @param channel its label; the first channel's unless said otherwise
   * @throws {PairlaneError} what ended the pairing: `peer_gone`, `unpaired`, a failed negotiation, `closed`;
   * `channel_timeout` when the peer is connected and does not open it; `unknown_channel`, `channel_closed`;
   * `signaling_failed` when there is no longer a peer or a server
   */
  opened(channel = this.#channels[0] as string): Promise<void> {
    if (this.#isOpen(channel)) return Promise.resolve();
    if (this.#closed) return Promise.reject(new PairlaneError('closed'));
    if (!this.#channels.includes(channel)) return Promise.reject(new PairlaneError('unknown_channel'));
    if (this.state === 'disconnected') return Promise.reject(new PairlaneError('signaling_failed'));
    return this.#openers.wait(channel);
  }

  /**
   * Sends a message over a data channel. Await it: that keeps the channel fast and memory bounded.
   * @param channel its label; the first channel's unless said otherwise
   * @returns fulfilled when the message was handed over to the channel
   * @throws {PairlaneError} `not_open`, `too_large_to_send` (more than 65,536 bytes), `send_failed`, `unknown_channel`
   */
  send(data: string | Uint8Array, channel = this.#channels[0] as string): Promise<void> {
    if (!this.#channels.includes(channel)) return Promise.reject(new PairlaneError('unknown_channel'));
    return this.#negotiator.connection?.send(data, channel) ?? Promise.reject(new PairlaneError('not_open'));
  }

  /**
   * Leaves the pairing, and stays connected to the server. What `send` has accepted arrives first, for which at most a
   * second is waited: `state` is `draining` meanwhile, then `unpaired`.
   */
  unpair(): void {
    if (this.peerId === undefined) return;
    this.#negotiator.unpair();
    this.#openers.fail(new PairlaneError('unpaired'));
  }

  /** Tells the peer that the network changed: the connection looks for a new way (an ICE restart). */
  networkChanged(): void {
    this.#negotiator.send({ type: 'NETWORK_CHANGED' });
  }

  /**
   * Ends everything. What `send` has accepted arrives first, for which at most a second is waited.
   * @param options `atOnce`: nothing is waited for, as when a page is left
   * @returns fulfilled when every socket is released
   */
  close({ atOnce = false } = {}): Promise<void> {
    if (this.#closed && atOnce) this.#negotiator.close(true);
    this.#closed ??= this.#close(atOnce);
    return this.#closed;
  }

  async #close(atOnce: boolean): Promise<void> {
    const error = new PairlaneError('closed');
    this.#requests.failAll(error);
    this.#openers.fail(error);
    await this.#negotiator.close(atOnce);
    this.#starter?.reject(error);
  }

  #request<Kind extends keyof Answers>(kind: Kind, ask: () => void): Promise<Answers[Kind]> {
    if (this.#closed) return Promise.reject(new PairlaneError('closed'));
    if (this.signaling !== 'online') return Promise.reject(new PairlaneError('not_online'));
    return this.#requests.start(kind, ask);
  }

  #received(message: ServerMessage, isResumed: boolean): void {
    const event = eventFrom(message, isResumed);
    if (event) {
      this.#negotiator.heard(event);
      return;
    }
    if (message.type === 'key') {
      const { key, expires_at } = message;
      const expiresAt = expires_at === undefined ? undefined : new Date(expires_at);
      this.#requests.answer('create_key', { key, expiresAt });
    }
    if (message.type === 'peer_away' || message.type === 'peer_back') {
      this.#tell(message.type, { peerId: message.peer_id });
    }
    if (message.type !== 'error') return;
    const error = PairlaneError.fromServer(message);
    if (isExpected(error)) return;
    if (!this.#requests.failFor(error)) this.#fail(error);
  }

  #isOpen(channel: string): boolean {
    return this.#negotiator.connection?.isOpen(channel) === true;
  }

  #stepped(from: Negotiator['value'], to: Negotiator['value']): void {
    if (from === to) return;
    const [previous, state] = [stateOf(from), stateOf(to)];
    const [before, signaling] = [signalingStateOf(from), signalingStateOf(to)];
    if (state !== previous) {
      this.#openers.isConnected = state === 'connected';
      this.#options.logger?.debug({ id: this.id, peerId: this.peerId, state }, `Peer is ${state}`);
      this.#tell('state', state, previous);
    }
    if (signaling !== before) this.#tell('signaling', signaling, this.id);
  }

  #fail(error: PairlaneError): void {
    this.#options.logger?.warn({ id: this.id, peerId: this.peerId, code: error.code }, error.message);
    this.#tell('error', error);
  }

  /** A listener that throws is its owner's fault, and must not interrupt a step of ours. */
  #tell<Name extends keyof PeerEvents>(name: Name, ...args: Parameters<PeerEvents[Name]>): void {
    try {
      (this.emit as (name: string, ...args: unknown[]) => boolean)(name, ...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
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
