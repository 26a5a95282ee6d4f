/** The effects of the negotiation machine: one line each, to the socket, the connection or the user. */
import {
  type Executors,
  eventOf,
  type Hosted,
  type NegotiationContext,
  type NegotiationFailure,
  type negotiationMachine,
} from '../../machines/index.ts';
import type { CurrentConnection, Pairing } from './current-connection.ts';
import type { PeerEvent } from './negotiator-events.ts';
import type { Signaling } from './signaling.ts';

/** What the user's side is told about the negotiation. */
export interface NegotiationHandlers {
  /** The server has greeted us. */
  readonly ready: () => void;
  readonly paired: (pairing: Pairing) => void;
  readonly peerGone: (peerId: string, reason: string) => void;
  /** The pairing, or the link to the server, is over. */
  readonly gaveUp: (failure: NegotiationFailure) => void;
}

export interface NegotiationEffectDeps {
  readonly signaling: Signaling;
  readonly current: CurrentConnection;
  readonly handlers: NegotiationHandlers;
}

export function negotiationEffects({
  signaling,
  current,
  handlers,
}: NegotiationEffectDeps): Executors<typeof negotiationMachine, Hosted<NegotiationContext>, PeerEvent> {
  return {
    openSocket: () => signaling.open(),
    dropSocket: () => signaling.drop(),
    closeSocket: () => signaling.close(),
    announceReady(_, event) {
      current.serverIceServers = eventOf(event, 'WELCOMED').iceServers;
      handlers.ready();
    },
    announcePaired(_, event) {
      const paired = eventOf(event, 'PAIRED');
      const { peerId, isInitiator, epoch, iceServers, wantsEvidence = false, offered } = paired;
      current.pairing = { peerId, initiator: isInitiator, epoch, iceServers, wantsEvidence, offered };
      handlers.paired(current.pairing);
    },
    announcePeerGone(_, event) {
      const reason = (event.type === 'PEER_DISCONNECTED' && event.reason) || 'disconnected';
      handlers.peerGone(current.pairing?.peerId ?? '', reason);
    },
    announceFailure: (_, _event, { failure }) => handlers.gaveUp(failure),
    openConnection: () => current.open(),
    closeConnection: () => current.close(),
    drainConnection: () => current.rtc?.drain(),
    makeOffer: (_, _event, { iceRestart }) => current.rtc?.makeOffer(iceRestart),
    applyOffer: (_, event) => current.rtc?.applyOffer(eventOf(event, 'OFFER_RECEIVED').sdp),
    applyAnswer: (_, event) => current.rtc?.applyAnswer(eventOf(event, 'ANSWER_RECEIVED').sdp),
    holdCandidate: (_, event) => current.rtc?.holdCandidate(eventOf(event, 'CANDIDATE_RECEIVED').candidate),
    addCandidate: (_, event) => current.rtc?.addCandidate(eventOf(event, 'CANDIDATE_RECEIVED').candidate),
    probeConnection: () => current.rtc?.probe(),
    sendOffer(_, event) {
      const { sdp } = eventOf(event, 'LOCAL_OFFER_SET');
      // The peer gets it already if we sent it ahead.
      if (sdp !== current.pairing?.offered) signaling.send({ type: 'offer', sdp, ...current.epoch });
    },
    sendAnswer(_, event) {
      signaling.send({ type: 'answer', sdp: eventOf(event, 'LOCAL_ANSWER_SET').sdp, ...current.epoch });
    },
    sendCandidate(_, event) {
      const { candidate } = eventOf(event, 'LOCAL_CANDIDATE_FOUND');
      signaling.send({ type: 'candidate', candidate, ...current.epoch });
    },
    sendReport: (_, _event, { state }) => signaling.send({ type: 'report', state, ...current.epoch }),
    sendUnpair: () => signaling.send({ type: 'unpair', ...current.epoch }),
  };
}
