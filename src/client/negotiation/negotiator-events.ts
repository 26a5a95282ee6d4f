/** The machine's events as the shell sends them, with what the effects need and the machine does not. */
import type { NegotiationEvent } from '../../machines/index.ts';
import type { ServerMessage } from '../../protocol/index.ts';
import type { IceCandidate, IceServer } from '../rtc/types.ts';

interface Payloads {
  WELCOMED: { iceServers: readonly IceServer[] | undefined };
  PAIRED: { epoch: number | undefined; iceServers: readonly IceServer[] | undefined };
  PEER_DISCONNECTED: { reason: string | undefined };
  OFFER_RECEIVED: { sdp: string };
  ANSWER_RECEIVED: { sdp: string };
  CANDIDATE_RECEIVED: { candidate: IceCandidate | null };
  LOCAL_OFFER_SET: { sdp: string };
  LOCAL_ANSWER_SET: { sdp: string };
  LOCAL_CANDIDATE_FOUND: { candidate: IceCandidate | null };
}

type EventType = NegotiationEvent['type'];

type FieldsOf<Event, Type> = Event extends { type: unknown }
  ? Type extends Event['type']
    ? Omit<Event, 'type'>
    : never
  : never;

/** One of the events by its type. */
export type PeerEventOf<Type extends EventType> = { type: Type } & FieldsOf<NegotiationEvent, Type> &
  (Type extends keyof Payloads ? Payloads[Type] : unknown);

export type PeerEvent = { [Type in EventType]: PeerEventOf<Type> }[EventType];

/** The server's messages that are facts for the machine. */
export function eventFrom(message: ServerMessage, isResumed: boolean): PeerEvent | undefined {
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
      return { type: 'OFFER_RECEIVED', sdp: message.sdp };
    case 'answer':
      return { type: 'ANSWER_RECEIVED', sdp: message.sdp };
    case 'candidate':
      return { type: 'CANDIDATE_RECEIVED', candidate: message.candidate };
    default:
      return undefined;
  }
}
