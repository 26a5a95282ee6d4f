/** What the negotiation machine's effects do: one line to the socket, the connection or the user each. */
import {
  type Executors,
  eventOf,
  type Hosted,
  type NegotiationContext,
  type NegotiationFailure,
  type negotiationMachine,
} from '../../machines/index.ts';
import type { RtcConnection } from '../rtc/peer-connection.ts';
import type { IceServer } from '../rtc/types.ts';
import type { PeerEvent } from './negotiator-events.ts';
import type { Signaling } from './signaling.ts';

/** The pairing that a peer is in. */
export interface Pairing {
  readonly peerId: string;
  readonly initiator: boolean;
  /** Goes back to the server with every signal, so that none of them reaches a later peer. */
  readonly epoch: number | undefined;
  readonly iceServers: readonly IceServer[] | undefined;
  /** The server asks how the connection comes up. */
  readonly wantsEvidence: boolean;
}

export interface PeerDeps {
  readonly signaling: Signaling;
  readonly connection: () => RtcConnection | undefined;
  readonly epoch: () => { epoch?: number };
  readonly ready: (iceServers: readonly IceServer[] | undefined) => void;
  readonly paired: (pairing: Pairing) => void;
  readonly peerGone: (reason: string) => void;
  readonly gaveUp: (failure: NegotiationFailure) => void;
  readonly openConnection: () => void;
  readonly closeConnection: () => void;
}

export function negotiationEffects(
  deps: PeerDeps,
): Executors<typeof negotiationMachine, Hosted<NegotiationContext>, PeerEvent> {
  const { signaling, connection, epoch } = deps;
  return {
    openSocket: () => signaling.open(),
    dropSocket: () => signaling.drop(),
    closeSocket: () => signaling.close(),
    announceReady: (_, event) => deps.ready(eventOf(event, 'WELCOMED').iceServers),
    announcePaired(_, event) {
      const { peerId, isInitiator, epoch, iceServers, wantsEvidence = false } = eventOf(event, 'PAIRED');
      deps.paired({ peerId, initiator: isInitiator, epoch, iceServers, wantsEvidence });
    },
    announcePeerGone: (_, event) =>
      deps.peerGone((event.type === 'PEER_DISCONNECTED' && event.reason) || 'disconnected'),
    announceFailure: (_, _event, { failure }) => deps.gaveUp(failure),
    openConnection: () => deps.openConnection(),
    closeConnection: () => deps.closeConnection(),
    drainConnection: () => connection()?.drain(),
    makeOffer: (_, _event, { iceRestart }) => connection()?.makeOffer(iceRestart),
    applyOffer: (_, event) => connection()?.applyOffer(eventOf(event, 'OFFER_RECEIVED').sdp),
    applyAnswer: (_, event) => connection()?.applyAnswer(eventOf(event, 'ANSWER_RECEIVED').sdp),
    holdCandidate: (_, event) => connection()?.holdCandidate(eventOf(event, 'CANDIDATE_RECEIVED').candidate),
    addCandidate: (_, event) => connection()?.addCandidate(eventOf(event, 'CANDIDATE_RECEIVED').candidate),
    probeConnection: () => connection()?.probe(),
    sendOffer: (_, event) =>
      signaling.send({ type: 'offer', sdp: eventOf(event, 'LOCAL_OFFER_SET').sdp, ...epoch() }),
    sendAnswer: (_, event) =>
      signaling.send({ type: 'answer', sdp: eventOf(event, 'LOCAL_ANSWER_SET').sdp, ...epoch() }),
    sendCandidate: (_, event) =>
      signaling.send({
        type: 'candidate',
        candidate: eventOf(event, 'LOCAL_CANDIDATE_FOUND').candidate,
        ...epoch(),
      }),
    sendReport: (_, _event, { state }) => signaling.send({ type: 'report', state, ...epoch() }),
    sendUnpair: () => signaling.send({ type: 'unpair', ...epoch() }),
  };
}
