/** The native wire's messages as what a negotiation hears, and its pairing as a resume claims it. */
import type { ClientMessageOf, ServerMessage } from '../../protocol/index.ts';
import type { Pairing } from '../negotiation/negotiation-effects.ts';
import type { SignalingEvent } from '../negotiation/signaling.ts';

/** The server's messages that are facts for the machine. */
export function eventFrom(message: ServerMessage, isResumed: boolean): SignalingEvent | undefined {
  switch (message.type) {
    case 'your_id':
      return { type: 'WELCOMED', id: message.id, isResumed, iceServers: message.ice_servers };
    case 'paired':
      return {
        type: 'PAIRED',
        peerId: message.peer_id,
        isInitiator: message.initiator,
        // A server of the seed's protocol does not say; of two peers one must yield.
        isPolite: message.polite ?? !message.initiator,
        epoch: message.epoch,
        iceServers: message.ice_servers,
      };
    case 'peer_disconnected':
      return { type: 'PEER_DISCONNECTED', reason: message.reason };
    case 'offer':
      return { type: 'OFFER_RECEIVED', sdp: message.sdp, epoch: message.epoch };
    case 'answer':
      return { type: 'ANSWER_RECEIVED', sdp: message.sdp, epoch: message.epoch };
    case 'candidate':
      return { type: 'CANDIDATE_RECEIVED', candidate: message.candidate, epoch: message.epoch };
    default:
      return undefined;
  }
}

/** A pairing for a server that has forgotten it; a server of the seed's protocol, without epochs, keeps none. */
export function claimOf(pairing: Pairing | undefined): ClientMessageOf<'resume'>['pairing'] {
  if (pairing?.epoch === undefined) return undefined;
  return { peer_id: pairing.peerId, epoch: pairing.epoch, initiator: pairing.initiator };
}
