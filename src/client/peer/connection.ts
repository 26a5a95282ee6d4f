/**
 * One pairing of a peer as its user sees it: the connection to one other peer, with its channels, from `paired` to its
 * end.
 */
import { EventEmitter } from 'eventemitter3';
import { printable } from '../../common/printable.ts';
import type { NegotiationFailure } from '../../machines/without-xstate.ts';
import { Negotiator, type NegotiatorHandlers } from '../negotiation/negotiator.ts';
import type {
  OwnSignal,
  PairedEvent,
  PeerSignal,
  Signal,
  SignalingEvent,
  WelcomedEvent,
} from '../negotiation/signaling.ts';
import type { ConnectionStats } from '../rtc/connection-stats.ts';
import { type Abortable, type CutShort, cutShort } from './abortable.ts';
import { ChannelWaiters } from './channel-waiters.ts';
import type { CloseReason, ConnectionEvents } from './connection-events.ts';
import type { Environment } from './environment.ts';
import { PairlaneError } from './errors.ts';
import { type ConnectionState, connectionStateOf } from './peer-state.ts';
import { StatsWatch } from './stats-watch.ts';

/** The link to the server, which all connections of a peer share. */
export interface SharedLink {
  /** The server's greeting; undefined while the server cannot be reached. */
  readonly welcome: WelcomedEvent | undefined;
  send(signal: Signal): void;
}

/** What a connection tells the peer that it belongs to. */
export interface ConnectionOwner {
  /** Its state changed; once it is `disconnected`, the peer no longer lists it. */
  readonly stepped: (connection: Connection) => void;
  readonly paired: (connection: Connection) => void;
  readonly opened: (connection: Connection, channel: string) => void;
  readonly message: (connection: Connection, data: string | Uint8Array, channel: string) => void;
  readonly signaled: (connection: Connection, data: unknown) => void;
  /** Whether the peer's user listens for statistics. */
  readonly wantsStats: () => boolean;
  readonly stats: (connection: Connection, stats: ConnectionStats) => void;
  /** The other peer left. */
  readonly gone: (connection: Connection, reason: string) => void;
  /** @returns whether anybody listened */
  readonly failed: (connection: Connection, error: PairlaneError) => boolean;
}

/** The link has its own machine and deadlines, and its failures are reported by the peer. */
const LINK_FAILURES: readonly NegotiationFailure[] = ['signaling_failed', 'signaling_timeout'];

export class Connection extends EventEmitter<ConnectionEvents> {
  /** The other peer's id at the server. */
  readonly peerId: string;
  /** Whether we make the first offer: we asked for the pairing, or a room chose us. */
  readonly initiator: boolean;
  /** The pairing's number; undefined if the server does not number pairings. */
  readonly epoch: number | undefined;
  /** The metadata of the request for the pairing. Comes from a stranger: check it before you use it. */
  readonly metadata: unknown;
  /** The room that pairs us; undefined if one of us asked. */
  readonly room: string | undefined;
  /** W3C trace context of the pairing's trace, for spans of your own; undefined if the server makes no traces. */
  readonly traceparent: string | undefined;
  readonly #link: SharedLink;
  readonly #negotiator: Negotiator;
  readonly #owner: ConnectionOwner;
  readonly #channels: readonly string[];
  readonly #openers: ChannelWaiters;
  readonly #stats: StatsWatch;
  #state: ConnectionState | undefined;
  /** The error for everything that waits for the connection; set when its end has begun. */
  #ending: PairlaneError | undefined;
  #closeReason: CloseReason | undefined;
  #rejection: string | undefined;
  #isTellingOfListener = false;
  #release: () => void = () => {};
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  /** For the peer, which then calls `begin`. */
  constructor(environment: Environment, link: SharedLink, owner: ConnectionOwner, paired: PairedEvent) {
    super();
    const { options, queue } = environment;
    const { settings, channels } = options;
    this.peerId = paired.peerId;
    this.initiator = paired.isInitiator;
    this.epoch = paired.epoch;
    this.metadata = paired.metadata;
    this.room = paired.room;
    this.traceparent = paired.traceparent;
    this.#owner = owner;
    this.#link = link;
    this.#channels = channels.map(({ label }) => label);
    this.#openers = new ChannelWaiters(queue, settings.checkingTimeoutMs);
    this.#stats = new StatsWatch({
      clock: environment.clock,
      isHeard: () => this.listenerCount('stats') > 0 || owner.wantsStats(),
      read: () => this.stats(),
      tell: (stats) => {
        this.#tell('stats', stats);
        owner.stats(this, stats);
      },
    });
    // The deadline for the server's greeting belongs to the link.
    const own = { ...options, settings: { ...settings, signalingTimeoutMs: 0 } };
    this.#negotiator = new Negotiator(
      { ...environment, options: own },
      {
        open: () => this.#greet(link.welcome),
        send: (signal) => link.send(signal),
        // The link is shared, and stays open.
        drop() {},
        close() {},
        closed: async () => {},
      },
      this.#handlers(),
    );
  }

  /** `disconnected` means that it is over. */
  get state(): ConnectionState {
    return this.#state ?? 'paired';
  }

  /** Whether `send` works now on the first channel. */
  get isOpen(): boolean {
    return this.#isOpen(this.#channels[0] as string);
  }

  /**
   * Waits for a data channel, no longer than the deadlines in `timeouts`.
   * @param channel its label; defaults to the first channel's
   * @throws {PairlaneError} what ended the connection: `peer_gone`, `rejected`, `unpaired`, a failed negotiation,
   * `closed`; `channel_timeout` when the peer is connected and does not open it; `unknown_channel`, `channel_closed`;
   * `aborted`
   */
  opened(channel = this.#channels[0] as string, { signal }: Abortable = {}): Promise<void> {
    if (this.#isOpen(channel)) return Promise.resolve();
    if (!this.#channels.includes(channel)) return Promise.reject(new PairlaneError('unknown_channel'));
    if (this.#ending) return Promise.reject(this.#ending);
    return this.#openers.wait(channel, signal);
  }

  /**
   * Sends a message over a data channel. Await it: that keeps the channel fast and memory bounded.
   * @param channel its label; defaults to the first channel's
   * @returns resolves when the message was handed over to the channel
   * @throws {PairlaneError} `not_open`, `too_large_to_send` (more than 65,536 bytes), `send_failed`, `unknown_channel`,
   * `aborted` (it was not sent)
   */
  send(
    data: string | Uint8Array,
    channel = this.#channels[0] as string,
    { signal }: Abortable = {},
  ): Promise<void> {
    if (!this.#channels.includes(channel)) return Promise.reject(new PairlaneError('unknown_channel'));
    return (
      this.#negotiator.connection?.send(data, channel, signal) ??
      Promise.reject(new PairlaneError('not_open'))
    );
  }

  /**
   * Sends data to the other peer through the server, for a connection of your own: it arrives as the event `signal`, in
   * order and once. Unlike `send`, it needs no data channel.
   * @param data any JSON value; with its envelope, no larger than the server's message limit (65,536 bytes)
   * @throws {PairlaneError} the one that the connection ended with
   */
  signal(data: unknown): void {
    if (this.#ending) throw this.#ending;
    this.#link.send({ type: 'signal', data, ...(this.epoch !== undefined && { epoch: this.epoch }) });
  }

  /**
   * Statistics: direct or through a relay, the round trip, the bytes.
   * @returns undefined if there are no statistics, before it is paired, and after its end
   */
  stats(): Promise<ConnectionStats | undefined> {
    return this.#negotiator.connection?.stats() ?? Promise.resolve(undefined);
  }

  /**
   * Leaves the pairing; the peer's other connections stay. What `send` has accepted arrives first, for which it waits
   * at most a second: `state` is `draining` meanwhile.
   * @returns resolves when its sockets are released
   */
  close({ signal }: CutShort = {}): Promise<void> {
    this.#endWith(new PairlaneError('unpaired'), { reason: 'unpaired' });
    this.#negotiator.unpair();
    return cutShort(signal, this.#released, () => this.#negotiator.unpair(true));
  }

  /** The network changed: looks for a new path to the peer (an ICE restart). */
  networkChanged(): void {
    this.#negotiator.send({ type: 'NETWORK_CHANGED' });
  }

  /** For the peer: resolves when the connection is over and its sockets are released. */
  get released(): Promise<void> {
    return this.#released;
  }

  /** For the peer: starts to negotiate, once the connection is listed. */
  begin(paired: PairedEvent, held: readonly (PeerSignal | OwnSignal)[] = []): void {
    this.#negotiator.start();
    for (const event of [paired, ...held]) this.heard(event);
  }

  /** For the peer: handles an event of the signaling that concerns this connection. */
  heard(event: SignalingEvent | OwnSignal): void {
    if (event.type === 'SIGNAL_RECEIVED') {
      this.#tell('signal', event.data);
      this.#owner.signaled(this, event.data);
      return;
    }
    if (event.type === 'PEER_DISCONNECTED') this.#rejection = event.message;
    this.#negotiator.heard(event);
  }

  /** For the peer: the other peer lost its link to the server, or has it again. */
  told(event: 'away' | 'back'): void {
    this.#tell(event);
  }

  /** For the peer: the server wants reports on the connection for this many seconds. */
  tellFlow(seconds: number): void {
    this.#negotiator.tellFlow(seconds);
  }

  /**
   * For the peer: something was refused that the connection survives.
   * @returns whether anybody listened
   */
  refused(error: PairlaneError): boolean {
    const isHeard = this.#owner.failed(this, error);
    return this.#tell('error', error) || isHeard;
  }

  /** For the peer, which is closed: the server is told nothing, since the link ends, too. */
  end(isAtOnce: boolean): void {
    this.#endWith(new PairlaneError('closed'), { reason: 'closed' });
    this.#negotiator.close(isAtOnce);
  }

  /**
   * For the peer: calls the user's code on behalf of this connection.
   * @returns what the call returned; true if it threw, which ends only this connection
   */
  guard(call: () => boolean): boolean {
    try {
      return call();
    } catch (cause) {
      this.#listenerThrew(cause);
      return true;
    }
  }

  /** For the peer: whether something that was accepted for the other peer has not arrived yet. */
  get hasUnsent(): boolean {
    return this.#negotiator.connection?.hasUnsent === true;
  }

  /** For the peer: whether a server that has lost the pairing is asked to restore it. */
  get isKnownToServer(): boolean {
    return this.#negotiator.serverPairing !== undefined;
  }

  #handlers(): NegotiatorHandlers {
    const owner = this.#owner;
    return {
      stepped: (_, to) => this.#stepped(connectionStateOf(to), to === 'disconnected'),
      ready() {},
      paired: () => owner.paired(this),
      opened: (channel) => {
        this.#openers.opened(channel);
        this.#tell('open', channel);
        owner.opened(this, channel);
      },
      channelClosed: (channel) => {
        const error = new PairlaneError('channel_closed', channel);
        this.#openers.fail(error, channel);
        this.refused(error);
      },
      message: (data, channel) => {
        this.#tell('message', data, channel);
        owner.message(this, data, channel);
      },
      peerGone: (_, reason) => this.#gone(reason),
      gaveUp: (failure) => {
        if (!LINK_FAILURES.includes(failure)) this.#fail(new PairlaneError(failure));
      },
      problem: (error) => this.refused(error),
    };
  }

  /** If the link was already open, the server's greeting is passed on as a resumed one. */
  #greet(welcome: WelcomedEvent | undefined): void {
    if (welcome) this.#negotiator.heard({ ...welcome, isResumed: true });
  }

  #isOpen(channel: string): boolean {
    return this.#negotiator.connection?.isOpen(channel) === true;
  }

  /** @param pairing the state of the machine's pairing; undefined: there is none yet, or no longer */
  #stepped(pairing: ConnectionState | undefined, isLast: boolean): void {
    const previous = this.#state;
    if (pairing !== undefined || (previous !== undefined && previous !== 'disconnected')) {
      const state = pairing ?? 'disconnected';
      this.#state = state;
      this.#openers.isConnected = state === 'connected';
      if (state === 'connected') this.#stats.start();
      else this.#stats.stop();
      if (state !== previous) {
        if (state === 'disconnected') this.#negotiator.close(true).then(this.#release);
        this.#owner.stepped(this);
        this.#tell('state', state, previous ?? 'paired');
      }
    }
    if (isLast) this.#tell('close', this.#closeReason ?? { reason: 'unpaired' });
  }

  #gone(reason: string): void {
    const message = this.#rejection;
    const error =
      reason === 'rejected'
        ? new PairlaneError('rejected', printable(message ?? ''))
        : new PairlaneError('peer_gone');
    this.#endWith(error, { reason, ...(message !== undefined && { message }) });
    this.#owner.gone(this, reason);
  }

  #fail(error: PairlaneError): boolean {
    this.#endWith(error, { reason: 'failed', error });
    return this.refused(error);
  }

  /** The first error that ends the connection is kept. */
  #endWith(error: PairlaneError, reason: CloseReason): void {
    this.#ending ??= error;
    this.#closeReason ??= reason;
    this.#openers.fail(error);
  }

  #tell<Name extends keyof ConnectionEvents>(
    name: Name,
    ...args: Parameters<ConnectionEvents[Name]>
  ): boolean {
    return this.guard(() => (this.emit as (name: string, ...args: unknown[]) => boolean)(name, ...args));
  }

  /** A user's listener threw: this connection ends, and error listeners are told, so nothing is swallowed. */
  #listenerThrew(cause: unknown): void {
    // A listener that throws while being told of an error is not told of that second one.
    const isHeard =
      !this.#isTellingOfListener && this.#tellOfListener(new PairlaneError('listener_failed', '', { cause }));
    this.#negotiator.send({ type: 'UNPAIR_ASKED' });
    if (isHeard) return;
    queueMicrotask(() => {
      throw cause;
    });
  }

  #tellOfListener(error: PairlaneError): boolean {
    this.#isTellingOfListener = true;
    const isHeard = this.#fail(error);
    this.#isTellingOfListener = false;
    return isHeard;
  }
}
