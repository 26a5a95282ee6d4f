/** The connection of a peer's current pairing: opened according to options, server and pairing, and closed again. */
import type { Hosted, NegotiationContext } from '../../machines/without-xstate.ts';
import type { Environment } from '../peer/environment.ts';
import { DEFAULT_ICE_SERVERS } from '../peer/peer-options.ts';
import type { ConnectionHandlers, RtcConnection } from '../rtc/peer-connection.ts';
import type { IceServer } from '../rtc/types.ts';
import { EvidenceReporter } from './evidence-reporter.ts';
import { FlowReporter } from './flow-reporter.ts';
import type { PeerEvent } from './negotiator-events.ts';
import type { Signaling } from './signaling.ts';

/** A peer's current pairing. */
export interface Pairing {
  readonly peerId: string;
  readonly initiator: boolean;
  /** Sent back to the server with every signal, so that none of them reaches a later peer. */
  readonly epoch: number | undefined;
  readonly iceServers: readonly IceServer[] | undefined;
  /** Whether the server wants evidence of how the connection is made. */
  readonly wantsEvidence: boolean;
  /** The SDP of the offer that we sent ahead and the peer gets. */
  readonly offered: string | undefined;
}

/** What the user's side is told about the connection. */
export type ChannelHandlers = Pick<ConnectionHandlers, 'opened' | 'message' | 'channelClosed' | 'problem'>;

export interface CurrentConnectionDeps {
  readonly environment: Environment;
  readonly machine: Hosted<NegotiationContext>;
  readonly signaling: Pick<Signaling, 'send'>;
  readonly handlers: ChannelHandlers;
  /** Reports events of the connection to the machine. */
  readonly dispatch: (event: PeerEvent) => void;
}

export class CurrentConnection {
  /** The ICE servers that the server names to all its clients. */
  serverIceServers: readonly IceServer[] | undefined;
  /** The latest pairing, which may be over. */
  pairing: Pairing | undefined;
  readonly #deps: CurrentConnectionDeps;
  #rtc: RtcConnection | undefined;
  #evidence: EvidenceReporter | undefined;
  #flow: FlowReporter | undefined;
  readonly #closings = new Set<Promise<void>>();

  constructor(deps: CurrentConnectionDeps) {
    this.#deps = deps;
  }

  /** Undefined while no connection is open. */
  get rtc(): RtcConnection | undefined {
    return this.#rtc;
  }

  /** Whether the peer may not have received everything that was accepted for it. */
  get hasUnsent(): boolean {
    return this.#rtc?.hasUnsent === true;
  }

  /** Added to signals for the peer: the pairing that they belong to, if the server numbers pairings. */
  get epoch(): { readonly epoch?: number } {
    const { epoch } = this.pairing ?? {};
    return epoch === undefined ? {} : { epoch };
  }

  open(): void {
    const { connections, options } = this.#deps.environment;
    const iceServers =
      options.iceServers ?? this.pairing?.iceServers ?? this.serverIceServers ?? DEFAULT_ICE_SERVERS;
    const rtc = connections.make(iceServers);
    rtc.begin(this.#handlers());
    this.#rtc = rtc;
    this.#startEvidence(rtc);
  }

  close(): void {
    this.#evidence?.stop();
    this.#evidence = undefined;
    this.#flow?.stop();
    this.#flow = undefined;
    const closing = this.#rtc?.close();
    this.#rtc = undefined;
    if (!closing) return;
    this.#closings.add(closing);
    closing.then(() => this.#closings.delete(closing));
  }

  /** The server wants reports on the connection for this many seconds. */
  tellFlow(seconds: number): void {
    const rtc = this.#rtc;
    if (!rtc) return;
    const { environment, signaling } = this.#deps;
    const { epoch } = this;
    this.#flow ??= new FlowReporter({
      clock: environment.clock,
      read: () => rtc.flow(),
      send: (flow) => signaling.send({ type: 'evidence', ...epoch, flow }),
    });
    // Who looks only now has missed how the connection came up, and is told what has become of it.
    if (this.#flow.ask(seconds)) this.#startEvidence(rtc);
  }

  /** Resolves when the sockets of closed connections are released. */
  async released(): Promise<void> {
    await Promise.all(this.#closings);
  }

  #handlers(): ConnectionHandlers {
    const { environment, machine, handlers, dispatch } = this.#deps;
    const { logger } = environment.options;
    return {
      localOffer: (sdp) => dispatch({ type: 'LOCAL_OFFER_SET', sdp }),
      localAnswer: (sdp) => dispatch({ type: 'LOCAL_ANSWER_SET', sdp }),
      localCandidate: (candidate) => dispatch({ type: 'LOCAL_CANDIDATE_FOUND', candidate }),
      established: () => dispatch({ type: 'CONNECTION_ESTABLISHED' }),
      failed: () => dispatch({ type: 'CONNECTION_FAILED' }),
      drained: () => dispatch({ type: 'DRAINED' }),
      closedByPeer: () => dispatch({ type: 'CLOSED_BY_PEER' }),
      candidateRefused: (reason) => {
        logger?.debug({ id: machine.context.id, reason }, 'A candidate of the peer is of no use');
        dispatch({ type: 'CANDIDATE_REFUSED', reason });
      },
      descriptionRefused: ({ code, message }) => {
        logger?.warn({ id: machine.context.id, peerId: machine.context.peerId, code }, message);
        dispatch({ type: 'DESCRIPTION_REFUSED' });
      },
      opened: handlers.opened,
      message: handlers.message,
      channelClosed: handlers.channelClosed,
      problem: handlers.problem,
    };
  }

  /** Evidence must not interfere: collecting it never throws, and ends with the connection. */
  #startEvidence(rtc: RtcConnection): void {
    if (!this.pairing?.wantsEvidence) return;
    this.#evidence?.stop();
    const { environment, signaling } = this.#deps;
    const { epoch } = this;
    this.#evidence = new EvidenceReporter({
      clock: environment.clock,
      read: () => rtc.evidence(),
      send: (evidence) => signaling.send({ type: 'evidence', ...epoch, ...evidence }),
    });
  }
}
