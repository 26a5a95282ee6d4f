/** Turns native messages into events of a negotiation, and our pairings into the claims of a resume. */
import type { ClientMessageOf, ServerMessage, ServerMessageOf } from '../../protocol/index.ts';
import type { OwnSignal, SignalingEvent } from '../negotiation/signaling.ts';

type IceServers = ServerMessageOf<'paired'>['ice_servers'];

/** Events that arrive over the link, except its own loss. */
export type HeardEvent = Exclude<SignalingEvent, { type: 'SOCKET_LOST' }> | OwnSignal;

/** What the link knows about a message. */
export interface Circumstances {
  /** For `your_id`: whether it is our previous session. */
  readonly isResumed?: boolean;
  /**
   * For `paired`, if it names our last request: the SDP of the offer that we sent ahead and the peer gets, empty if
   * there is none.
   */
  readonly offered?: string | undefined;
}

/** The server's messages that are facts for the machine. */
export function eventFrom(
  message: ServerMessage,
  { isResumed, offered }: Circumstances,
): HeardEvent | undefined {
  switch (message.type) {
    case 'your_id':
      return {
        type: 'WELCOMED',
        id: message.id,
        isResumed: isResumed === true,
        iceServers: usableIceServers(message.ice_servers),
      };
    case 'paired':
      return {
        type: 'PAIRED',
        peerId: message.peer_id,
        isInitiator: message.initiator,
        // A server of the original protocol does not say; one of two peers must yield.
        isPolite: message.polite ?? !message.initiator,
        epoch: message.epoch,
        iceServers: usableIceServers(message.ice_servers),
        metadata: message.metadata,
        room: message.room,
        traceparent: message.traceparent,
        wantsEvidence: message.evidence,
        offered,
      };
    case 'peer_disconnected':
      return {
        type: 'PEER_DISCONNECTED',
        epoch: message.epoch,
        reason: message.reason,
        message: message.message,
      };
    case 'offer':
      return { type: 'OFFER_RECEIVED', sdp: message.sdp, epoch: message.epoch };
    case 'answer':
      return { type: 'ANSWER_RECEIVED', sdp: message.sdp, epoch: message.epoch };
    case 'candidate':
      return { type: 'CANDIDATE_RECEIVED', candidate: message.candidate, epoch: message.epoch };
    case 'signal':
      return { type: 'SIGNAL_RECEIVED', data: message.data, epoch: message.epoch };
    default:
      return undefined;
  }
}

/** Chromium creates no connection with more than 64, and each of them is asked for a candidate. */
const MAX_ICE_URLS = 32;
/** A host name has at most 253 characters. */
const ICE_URL = /^(stuns?|turns?):\S{1,300}$/i;

/** A server may name anything; an ICE server that no engine accepts would cost the whole connection. */
function usableIceServers(given: IceServers): IceServers {
  let left = MAX_ICE_URLS;
  return given?.flatMap((server) => {
    const urls = [server.urls]
      .flat()
      .filter((url) => ICE_URL.test(url))
      .slice(0, left);
    left -= urls.length;
    return urls.length > 0 ? [{ ...server, urls }] : [];
  });
}

/** Our pairings, as claimed to a server that has lost them. */
export type Claims = Pick<ClientMessageOf<'resume'>, 'pairing' | 'pairings'>;

export interface Claimable {
  readonly peerId: string;
  readonly epoch: number | undefined;
  readonly initiator: boolean;
  /** The room that formed it. */
  readonly room?: string | undefined;
}

/**
 * A server of the original protocol gives pairings no epochs, and restores none.
 * @param isMany whether we told the server that we may have several
 */
export function claimsOf(pairings: readonly Claimable[], isMany: boolean): Claims {
  const claims = pairings.flatMap(({ peerId, epoch, initiator, room }) =>
    epoch === undefined ? [] : [{ peer_id: peerId, epoch, initiator, ...(room !== undefined && { room }) }],
  );
  const [pairing] = claims;
  if (!pairing) return {};
  return isMany ? { pairings: claims } : { pairing };
}
