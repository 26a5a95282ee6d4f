/**
 * A peer: the negotiation machine, hosted, with a link to the signaling server and a connection to another peer.
 * What happens on either of them becomes an event of the machine, and only the machine decides what follows.
 */
import { EventEmitter } from 'eventemitter3';
import { driveTimers } from '../common/clock.ts';
import {
  Hosted,
  MachineHost,
  type NegotiationContext,
  type NegotiationEffects,
  type NegotiationFailure,
  type NegotiationSettings,
  negotiationMachine,
  StepQueue,
  TimerWheel,
} from '../machines/index.ts';
import type { ServerMessage } from '../protocol/index.ts';
import { Connection } from './connection.ts';
import { PairlaneError } from './errors.ts';
import { eventFrom, type PeerEvent } from './events.ts';
import { negotiationExecutors, type Pairing } from './executors.ts';
import { DEFAULT_ICE_SERVERS, type PeerOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import type { Platform } from './platform.ts';
import { type Answers, Requests } from './requests.ts';
import type { IceServer } from './rtc/types.ts';
import { SignalingLink } from './signaling.ts';
import { type PeerState, type SignalingState, signalingStateOf, stateOf } from './state.ts';

type StateValue = Hosted<NegotiationContext>['value'];

export interface PeerEvents {
  /** The state changed. */
  state: (state: PeerState, previous: PeerState) => void;
  /** The server brought us together with a peer, on either side's request. */
  paired: (pairing: { peerId: string; initiator: boolean }) => void;
  /** The data channel is open: from here on `send` works. */
  open: () => void;
  message: (data: string | Uint8Array) => void;
  /** The peer left or was lost; we are ready for the next one. */
  peer_disconnected: (peer: { peerId: string; reason: string }) => void;
  /** Something failed that no call of yours waited for. A pairing that it ended is over. */
  error: (error: PairlaneError) => void;
  /** The link to the server changed; each time that it comes `online` the peer has a new id. */
  signaling: (state: SignalingState, id: string | undefined) => void;
}

export class Peer extends EventEmitter<PeerEvents> {
  readonly #options: PeerOptions;
  readonly #resolved: ResolvedOptions;
  readonly #platform: Platform;
  readonly #host: MachineHost<
    Hosted<NegotiationContext>,
    PeerEvent,
    NegotiationEffects,
    { settings: NegotiationSettings }
  >;
  readonly #machine = new Hosted<NegotiationContext>();
  readonly #timers: TimerWheel;
  readonly #stopTimers: () => void;
  readonly #requests: Requests;
  readonly #link: SignalingLink;
  #connection: Connection | undefined;
  #pairing: Pairing | undefined;
  #serverIceServers: readonly IceServer[] | undefined;
  #closings: Promise<void>[] = [];
  #closed: Promise<void> | undefined;
  /** Those who wait for the greeting, and for the data channel. */
  #ready: { resolve: () => void; reject: (error: PairlaneError) => void } | undefined;
  #openers: { resolve: () => void; reject: (error: PairlaneError) => void }[] = [];

  /** Use {@link createPeerWith}, which waits until the server has greeted it. */
  constructor(platform: Platform, options: PeerOptions) {
    super();
    this.#platform = { ...platform, clock: options.clock ?? platform.clock };
    this.#options = options;
    this.#resolved = resolveOptions(options);
    const { clock } = this.#platform;
    this.#timers = new TimerWheel(clock.now());
    this.#requests = new Requests(this.#timers, this.#resolved.requestTimeoutMs);
    this.#link = new SignalingLink(this.#resolved.url, platform.openSocket, {
      received: (message) => this.#received(message),
      malformed: (error) => this.#fail(error),
      lost: (mayReturn, reason) => {
        this.#options.logger?.debug({ id: this.id, reason }, 'Signaling lost');
        this.#requests.failAll(new PairlaneError('signaling_lost'));
        this.#send({ type: 'SOCKET_LOST', mayReturn, random: platform.random() });
      },
    });
    this.#host = new MachineHost(negotiationMachine, {
      queue: new StepQueue(),
      timers: this.#timers,
      executors: negotiationExecutors({
        link: this.#link,
        connection: () => this.#connection,
        epoch: () => (this.#pairing?.epoch === undefined ? {} : { epoch: this.#pairing.epoch }),
        ready: (iceServers) => {
          this.#serverIceServers = iceServers;
          this.#ready?.resolve();
        },
        paired: (pairing) => this.#paired(pairing),
        peerGone: (reason) => this.#peerGone(reason),
        gaveUp: (failure) => this.#gaveUp(failure),
        openConnection: () => this.#openConnection(),
        closeConnection: () => this.#closeConnection(),
      }),
      // A pairing whose effect failed cannot go on; the peer can.
      onError: (_, error) => {
        this.#fail(PairlaneError.from('internal', error));
        this.#send({ type: 'UNPAIR_ASKED' });
      },
    });
    this.#host.observer = (step) => {
      options.observer?.(step);
      this.#stepped(step.from, step.to);
    };
    this.#stopTimers = driveTimers(this.#timers, clock);
  }

  /** Our id at the server; undefined until it has greeted us. It is a new one after each reconnect. */
  get id(): string | undefined {
    return this.#machine.context?.id;
  }

  /** The id of the peer that we are paired with. */
  get peerId(): string | undefined {
    return this.#machine.context?.peerId;
  }

  get state(): PeerState {
    return stateOf(this.#machine.value);
  }

  get signaling(): SignalingState {
    return signalingStateOf(this.#machine.value);
  }

  /** Whether `send` works now. */
  get isOpen(): boolean {
    return this.#connection?.isOpen === true;
  }

  /**
   * Connects to the server.
   * @throws {PairlaneError} `signaling_failed`, `signaling_timeout`; the peer is closed then
   */
  start(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#ready = {
        resolve: () => {
          this.#ready = undefined;
          resolve(this);
        },
        reject: (error) => {
          this.#ready = undefined;
          this.close().then(() => reject(error));
        },
      };
      this.#host.start(this.#machine, { settings: this.#resolved.settings });
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
   * Waits for the data channel, that of the next pairing if there is none.
   * @throws {PairlaneError} what ended the pairing: `peer_gone`, `unpaired`, a failed negotiation, `closed`
   */
  opened(): Promise<void> {
    if (this.isOpen) return Promise.resolve();
    if (this.#closed) return Promise.reject(new PairlaneError('closed'));
    return new Promise((resolve, reject) => this.#openers.push({ resolve, reject }));
  }

  /**
   * Sends a message over the data channel, in order. Await it: that keeps the channel fast and memory bounded.
   * @returns fulfilled when the message was handed over to the channel
   * @throws {PairlaneError} `not_open`, `send_failed`
   */
  send(data: string | Uint8Array): Promise<void> {
    return this.#connection?.send(data) ?? Promise.reject(new PairlaneError('not_open'));
  }

  /** Leaves the pairing, and stays connected to the server. */
  unpair(): void {
    this.#send({ type: 'UNPAIR_ASKED' });
  }

  /** Tells the peer that the network changed: the connection looks for a new way (an ICE restart). */
  networkChanged(): void {
    this.#send({ type: 'NETWORK_CHANGED' });
  }

  /** Ends everything. Fulfilled when every socket is released. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // The socket of a peer that never started is not there to be closed by the machine.
    if (this.#machine.value === '') this.#link.close();
    this.#send({ type: 'CLOSE_ASKED' });
    const error = new PairlaneError('closed');
    this.#requests.failAll(error);
    this.#settleOpeners(error);
    this.#ready?.reject(error);
    await Promise.all([...this.#closings, this.#link.closed()]);
    this.#stopTimers();
  }

  #request<Kind extends keyof Answers>(kind: Kind, ask: () => void): Promise<Answers[Kind]> {
    if (this.#closed) return Promise.reject(new PairlaneError('closed'));
    if (this.signaling !== 'online') return Promise.reject(new PairlaneError('not_online'));
    this.#timers.now = this.#platform.clock.now();
    return this.#requests.start(kind, ask);
  }

  /** Every event comes with the time: deadlines count from it. */
  #send(event: PeerEvent): void {
    this.#timers.now = this.#platform.clock.now();
    this.#host.send(this.#machine, event);
  }

  #received(message: ServerMessage): void {
    if (message.type === 'error') {
      this.#refused(PairlaneError.fromServer(message));
    } else if (message.type === 'key') {
      this.#requests.answer('create_key', { key: message.key, expiresAt: new Date(message.expires_at) });
    } else if (!this.#isOfOtherPairing(message)) {
      const event = eventFrom(message);
      if (event) this.#send(event);
    }
  }

  #isOfOtherPairing(message: ServerMessage): boolean {
    return 'from_peer' in message && message.epoch !== undefined && message.epoch !== this.#pairing?.epoch;
  }

  #refused(error: PairlaneError): void {
    // We leave a peer that has left us meanwhile; and an offer that yields to the peer's is no failure.
    if (error.for === 'unpair' || error.code === 'offer_collision') return;
    if (!this.#requests.failFor(error)) this.#fail(error);
  }

  #openConnection(): void {
    const { iceServers = this.#pairing?.iceServers ?? this.#serverIceServers ?? DEFAULT_ICE_SERVERS } =
      this.#options;
    const { iceAdditionalHostAddresses } = this.#options;
    const rtc = this.#platform.createConnection({ iceServers, iceAdditionalHostAddresses });
    this.#connection = new Connection(rtc, this.#resolved.channel, {
      localOffer: (sdp) => this.#send({ type: 'LOCAL_OFFER_SET', sdp }),
      localAnswer: (sdp) => this.#send({ type: 'LOCAL_ANSWER_SET', sdp }),
      localCandidate: (candidate) => this.#send({ type: 'LOCAL_CANDIDATE_FOUND', candidate }),
      established: () => this.#send({ type: 'CONNECTION_ESTABLISHED' }),
      failed: () => this.#send({ type: 'CONNECTION_FAILED' }),
      closedByPeer: () => this.#send({ type: 'CLOSED_BY_PEER' }),
      descriptionRefused: (error) => {
        this.#options.logger?.warn({ id: this.id, peerId: this.peerId, code: error.code }, error.message);
        this.#send({ type: 'DESCRIPTION_REFUSED' });
      },
      opened: () => {
        this.#settleOpeners();
        this.#tell('open');
      },
      message: (data) => this.#tell('message', data),
      problem: (error) => this.#fail(error),
    });
  }

  #closeConnection(): void {
    const closing = this.#connection?.close();
    this.#connection = undefined;
    if (!closing) return;
    const done = closing.then(() => {
      this.#closings = this.#closings.filter((other) => other !== done);
    });
    this.#closings.push(done);
  }

  #paired(pairing: Pairing): void {
    this.#pairing = pairing;
    const { peerId, initiator } = pairing;
    // A pairing that somebody else asked for at the same moment does not answer our own request: its error will.
    if (initiator) this.#requests.answer('pair_request', { peerId, initiator });
    this.#tell('paired', { peerId, initiator });
  }

  #peerGone(reason: string): void {
    this.#settleOpeners(new PairlaneError('peer_gone'));
    this.#tell('peer_disconnected', { peerId: this.#pairing?.peerId ?? '', reason });
  }

  #gaveUp(failure: NegotiationFailure): void {
    const error = new PairlaneError(failure);
    this.#settleOpeners(error);
    if (this.#ready) this.#ready.reject(error);
    else this.#fail(error);
  }

  #settleOpeners(error?: PairlaneError): void {
    const openers = this.#openers;
    this.#openers = [];
    for (const { resolve, reject } of openers) {
      if (error) reject(error);
      else resolve();
    }
  }

  #stepped(from: StateValue, to: StateValue): void {
    if (from === to) return;
    const [previous, state] = [stateOf(from), stateOf(to)];
    const [before, signaling] = [signalingStateOf(from), signalingStateOf(to)];
    if (state !== previous) {
      this.#options.logger?.debug({ id: this.id, peerId: this.peerId, state }, `Peer is ${state}`);
      this.#tell('state', state, previous);
    }
    if (signaling !== before) this.#tell('signaling', signaling, this.id);
  }

  #fail(error: PairlaneError): void {
    this.#options.logger?.warn({ id: this.id, peerId: this.peerId, code: error.code }, error.message);
    this.#tell('error', error);
  }

  /** A listener that throws is its owner's fault, and must not end a step of ours half way. */
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
