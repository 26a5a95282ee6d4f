/**
 * The way to another peer: the negotiation machine, hosted, with the signaling and the connection that its effects work
 * on. What happens on either becomes an event of the machine, and only the machine decides what follows.
 */
import {
  Hosted,
  MachineHost,
  type NegotiationContext,
  type NegotiationFailure,
  negotiationMachine,
  type StepQueue,
} from '../../machines/index.ts';
import { PairlaneError } from '../peer/errors.ts';
import { DEFAULT_ICE_SERVERS, type PeerOptions, type ResolvedOptions } from '../peer/peer-options.ts';
import { stateOf } from '../peer/peer-state.ts';
import type { Platform } from '../peer/platform.ts';
import { RtcConnection } from '../rtc/peer-connection.ts';
import type { IceServer } from '../rtc/types.ts';
import { EvidenceReporter } from './evidence-reporter.ts';
import { inspectStep } from './inspect-step.ts';
import { negotiationEffects, type Pairing } from './negotiation-effects.ts';
import type { PeerEvent } from './negotiator-events.ts';
import type { Signaling, SignalingEvent } from './signaling.ts';

type NegotiationHost = MachineHost<typeof negotiationMachine, Hosted<NegotiationContext>, PeerEvent>;
type StateValue = Hosted<NegotiationContext>['value'];

/** What the user's side of a peer is told. */
export interface NegotiatorHandlers {
  /** Before the effects of the step. */
  readonly stepped: (from: StateValue, to: StateValue) => void;
  readonly ready: () => void;
  readonly paired: (pairing: Pairing) => void;
  readonly opened: (label: string) => void;
  readonly message: (data: string | Uint8Array, label: string) => void;
  readonly channelClosed: (label: string) => void;
  readonly peerGone: (peerId: string, reason: string) => void;
  /** The pairing, or the link to the server, is over. */
  readonly gaveUp: (failure: NegotiationFailure) => void;
  /** Something that this peer survives. */
  readonly problem: (error: PairlaneError) => void;
}

export interface NegotiatorDeps {
  readonly platform: Platform;
  readonly options: PeerOptions;
  readonly resolved: ResolvedOptions;
  /** Shared with all that belongs to the same peer. */
  readonly queue: StepQueue;
  readonly signaling: Signaling;
  readonly handlers: NegotiatorHandlers;
}

export class Negotiator {
  readonly #queue: StepQueue;
  readonly #machine = new Hosted<NegotiationContext>();
  readonly #host: NegotiationHost;
  readonly #options: PeerOptions;
  readonly #resolved: ResolvedOptions;
  readonly #platform: Platform;
  readonly #signaling: Signaling;
  readonly #handlers: NegotiatorHandlers;
  #connection: RtcConnection | undefined;
  #pairing: Pairing | undefined;
  #evidence: EvidenceReporter | undefined;
  #serverIceServers: readonly IceServer[] | undefined;
  #closings: Promise<void>[] = [];
  #end: () => void = () => {};
  /** Fulfilled when the machine has reached its end. */
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor({ platform, options, resolved, queue, signaling, handlers }: NegotiatorDeps) {
    this.#platform = platform;
    this.#options = options;
    this.#resolved = resolved;
    this.#queue = queue;
    this.#signaling = signaling;
    this.#handlers = handlers;
    this.#host = this.#createHost();
  }

  get value(): StateValue {
    return this.#machine.value;
  }

  get context(): NegotiationContext | undefined {
    return this.#machine.context;
  }

  get connection(): RtcConnection | undefined {
    return this.#connection;
  }

  /** The pairing, as long as the server knows of it. */
  get serverPairing(): Pairing | undefined {
    return this.context?.isPairedAtServer === true ? this.#pairing : undefined;
  }

  get #hasUnsent(): boolean {
    return this.#connection?.hasUnsent === true;
  }

  get #isDraining(): boolean {
    return stateOf(this.value) === 'draining';
  }

  start(): void {
    this.#host.start(this.#machine, { settings: this.#resolved.settings });
  }

  send(event: PeerEvent): void {
    this.#host.dispatch(this.#machine, event);
  }

  /** Takes what the signaling heard; what belongs to another pairing is passed over. */
  heard(event: SignalingEvent): void {
    if (event.type === 'SOCKET_LOST') {
      const { mayReturn, afterMs } = event;
      this.send({ type: 'SOCKET_LOST', mayReturn, random: this.#platform.random(), afterMs });
      return;
    }
    const isOfOtherPairing =
      event.type !== 'PAIRED' &&
      'epoch' in event &&
      event.epoch !== undefined &&
      event.epoch !== this.#pairing?.epoch;
    if (!isOfOtherPairing) this.send(event);
  }

  /** Leaves the pairing, once the peer has what was accepted for it. */
  unpair(): void {
    if (!this.#isDraining) this.send({ type: 'UNPAIR_ASKED', hasUnsent: this.#hasUnsent });
  }

  /**
   * Ends everything, once the peer has what was accepted for it.
   * @param isAtOnce nothing is waited for
   * @returns fulfilled when every socket is released
   */
  async close(isAtOnce = false): Promise<void> {
    this.send({ type: 'CLOSE_ASKED', hasUnsent: !isAtOnce && (this.#hasUnsent || this.#isDraining) });
    await this.#ended;
    await Promise.all([...this.#closings, this.#signaling.closed()]);
  }

  #createHost(): NegotiationHost {
    const handlers = this.#handlers;
    const host: NegotiationHost = new MachineHost(negotiationMachine, {
      queue: this.#queue,
      executors: negotiationEffects({
        signaling: this.#signaling,
        connection: () => this.#connection,
        epoch: () => (this.#pairing?.epoch === undefined ? {} : { epoch: this.#pairing.epoch }),
        ready: (iceServers) => {
          this.#serverIceServers = iceServers;
          handlers.ready();
        },
        paired: (pairing) => {
          this.#pairing = pairing;
          handlers.paired(pairing);
        },
        peerGone: (reason) => handlers.peerGone(this.#pairing?.peerId ?? '', reason),
        gaveUp: (failure) => handlers.gaveUp(failure),
        openConnection: () => this.#openConnection(),
        closeConnection: () => this.#closeConnection(),
      }),
      // A pairing whose effect failed cannot go on; the peer can.
      onError: (_, error) => {
        handlers.problem(PairlaneError.from('internal', error));
        this.send({ type: 'UNPAIR_ASKED' });
      },
    });
    host.observer = (step) => {
      this.#options.observer?.(step);
      if (this.#options.inspect) this.#signaling.send({ type: 'inspect', step: inspectStep(step) });
      handlers.stepped(step.from, step.to);
      if (step.to === 'disconnected') this.#end();
    };
    return host;
  }

  #openConnection(): void {
    const { iceServers = this.#pairing?.iceServers ?? this.#serverIceServers ?? DEFAULT_ICE_SERVERS } =
      this.#options;
    const { iceTransportPolicy = 'all', iceAdditionalHostAddresses } = this.#options;
    const rtc = this.#platform.createConnection({
      iceServers,
      iceTransportPolicy,
      iceAdditionalHostAddresses,
      silenceMs: this.#resolved.silenceMs,
    });
    this.#connection = new RtcConnection(rtc, this.#resolved.channels, {
      localOffer: (sdp) => this.send({ type: 'LOCAL_OFFER_SET', sdp }),
      localAnswer: (sdp) => this.send({ type: 'LOCAL_ANSWER_SET', sdp }),
      localCandidate: (candidate) => this.send({ type: 'LOCAL_CANDIDATE_FOUND', candidate }),
      established: () => this.send({ type: 'CONNECTION_ESTABLISHED' }),
      failed: () => this.send({ type: 'CONNECTION_FAILED' }),
      drained: () => this.send({ type: 'DRAINED' }),
      candidateRefused: (reason) => {
        this.#options.logger?.debug({ id: this.context?.id, reason }, 'A candidate of the peer is of no use');
        this.send({ type: 'CANDIDATE_REFUSED', reason });
      },
      closedByPeer: () => this.send({ type: 'CLOSED_BY_PEER' }),
      descriptionRefused: (error) => {
        this.#options.logger?.warn(
          { id: this.context?.id, peerId: this.context?.peerId, code: error.code },
          error.message,
        );
        this.send({ type: 'DESCRIPTION_REFUSED' });
      },
      opened: this.#handlers.opened,
      message: this.#handlers.message,
      channelClosed: this.#handlers.channelClosed,
      problem: this.#handlers.problem,
    });
    this.#startEvidence(this.#connection);
  }

  /** As long as it stands in the way of nobody: it never throws, and ends with the connection. */
  #startEvidence(connection: RtcConnection): void {
    if (!this.#pairing?.wantsEvidence) return;
    const { epoch } = this.#pairing;
    this.#evidence = new EvidenceReporter({
      clock: this.#options.clock ?? this.#platform.clock,
      read: () => connection.evidence(),
      send: (evidence) =>
        this.#signaling.send({ type: 'evidence', ...(epoch !== undefined && { epoch }), ...evidence }),
    });
  }

  #closeConnection(): void {
    this.#evidence?.stop();
    this.#evidence = undefined;
    const closing = this.#connection?.close();
    this.#connection = undefined;
    if (!closing) return;
    const done = closing.then(() => {
      this.#closings = this.#closings.filter((other) => other !== done);
    });
    this.#closings.push(done);
  }
}
