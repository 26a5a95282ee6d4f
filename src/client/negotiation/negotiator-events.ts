/** The machine's events as they are dispatched, with data that only the effects need. */
import type { NegotiationEvent } from '../../machines/without-xstate.ts';
import type { IceCandidate, IceServer } from '../rtc/types.ts';

interface Payloads {
  WELCOMED: { iceServers: readonly IceServer[] | undefined };
  PAIRED: {
    epoch: number | undefined;
    iceServers: readonly IceServer[] | undefined;
    metadata?: unknown;
    /** The room that pairs us, if neither client asked for the pairing. */
    room?: string | undefined;
    traceparent?: string | undefined;
    /** Whether the server wants evidence of how the connection is made. */
    wantsEvidence?: boolean | undefined;
    /** The SDP of the offer that we sent ahead and the peer gets; empty if it is one that we have given up. */
    offered?: string | undefined;
  };
  PEER_DISCONNECTED: { reason: string | undefined; epoch?: number | undefined; message?: string | undefined };
  OFFER_RECEIVED: { sdp: string; epoch?: number | undefined };
  ANSWER_RECEIVED: { sdp: string; epoch?: number | undefined };
  CANDIDATE_RECEIVED: { candidate: IceCandidate | null; epoch?: number | undefined };
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
