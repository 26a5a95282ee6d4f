/** The events, context and settings of a peer's machine, by their origin. */

/** Deadlines and delays in milliseconds; 0 means no deadline. */
export interface NegotiationSettings {
  /** For the WebSocket to open and `your_id` to arrive. */
  readonly signalingTimeoutMs: number;
  /** For the initiator's offer. */
  readonly offerTimeoutMs: number;
  /** For the answer to our offer, and for our answer to the peer's. */
  readonly answerTimeoutMs: number;
  /** For a working candidate pair. */
  readonly checkingTimeoutMs: number;
  /** For data accepted for the peer to arrive, before a pairing is left. */
  readonly drainTimeoutMs: number;
  /** ICE restarts in a row before the connection is given up. */
  readonly maxRestarts: number;
  /** The first delay of the signaling link's full-jitter backoff, and its cap. */
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** Whether a lost signaling link is opened again. */
  readonly reconnect: boolean;
}

export type NegotiationInput = Pick<NegotiationContext, 'settings'>;

export interface NegotiationContext {
  readonly settings: NegotiationSettings;
  readonly id: string | undefined;
  readonly peerId: string | undefined;
  readonly isInitiator: boolean;
  readonly isPolite: boolean;
  /** Whether the server still knows the pairing: only then can the peers exchange signals. */
  readonly isPairedAtServer: boolean;
  /** Whether the peer is closed as soon as the pairing is left. */
  readonly isClosing: boolean;
  /** How many of the peer's candidates could not be used in this pairing. */
  readonly candidatesRefused: number;
  readonly restarts: number;
  readonly attempts: number;
  readonly backoffMs: number;
}

/** What was missing when a peer gave up; the client turns it into an error. */
export type NegotiationFailure =
  | 'signaling_failed'
  | 'signaling_timeout'
  | 'signaling_lost'
  | 'offer_timeout'
  | 'answer_timeout'
  | 'own_answer_timeout'
  | 'connection_failed'
  | 'connection_timeout'
  | 'description_refused';

/** Why a candidate of the peer cannot be used. */
export type CandidateRefusal =
  /** More candidates wait than are kept. */
  | 'too_many'
  /** Only UDP is supported. */
  | 'not_udp'
  /** Its name could not be resolved. */
  | 'name_not_found'
  /** The WebRTC engine rejected it. */
  | 'invalid';

export type NegotiationEventFromUser = {
  type: 'UNPAIR_ASKED' | 'CLOSE_ASKED';
  /** Whether something was accepted for the peer that it may not have received yet. */
  hasUnsent?: boolean;
};

export type NegotiationEventFromServer =
  /** @property isResumed whether the server still has our session, and our pairing with it */
  | { type: 'WELCOMED'; id: string; isResumed: boolean }
  | { type: 'PAIRED'; peerId: string; isInitiator: boolean; isPolite: boolean }
  | { type: 'OFFER_RECEIVED' | 'ANSWER_RECEIVED' | 'CANDIDATE_RECEIVED' }
  | { type: 'PEER_DISCONNECTED' };

export type NegotiationEventFromTransport =
  /**
   * The WebSocket was lost or did not open; `random` (0 to 1) spreads returning clients, unless a restarting server has
   * done so by telling us when to come back.
   */
  { type: 'SOCKET_LOST'; mayReturn: boolean; random: number; afterMs?: number | undefined };

export type NegotiationEventFromConnection =
  | { type: 'LOCAL_OFFER_SET' | 'LOCAL_ANSWER_SET' | 'LOCAL_CANDIDATE_FOUND' | 'DESCRIPTION_REFUSED' }
  | { type: 'CONNECTION_ESTABLISHED' | 'CONNECTION_FAILED' | 'NETWORK_CHANGED' }
  /** The peer has received everything that was accepted for it. */
  | { type: 'DRAINED' }
  | { type: 'CANDIDATE_REFUSED'; reason: CandidateRefusal }
  /** The peer closed the connection; its signaling may not have told us yet. */
  | { type: 'CLOSED_BY_PEER' };

export type NegotiationEvent =
  | NegotiationEventFromUser
  | NegotiationEventFromServer
  | NegotiationEventFromTransport
  | NegotiationEventFromConnection;
