/**
 * Converts a PeerJS negotiation message into a signal of the core: what records and findings know, and the frame to
 * send.
 */
import { cutText } from '../../../common/cut-text.ts';
import { UndecodedDescription } from '../../../common/undecoded-description.ts';
import { isRecord, readPeerJsMessage } from '../../../protocol/index.ts';
import type { Signal, SignalMessage } from '../../signaling/signal.ts';
import type { PeerJsSignal } from './absent-peers.ts';

const MAX_CONNECTION_ID_CHARS = 128;

/** @returns undefined if the message neither is part of a negotiation nor ends one */
export function asSignal({ type, payload, frame }: PeerJsSignal): Signal | undefined {
  const message = messageOf(type, isRecord(payload) ? payload : {});
  if (!message) return undefined;
  const connectionId = isRecord(payload) ? payload.connectionId : undefined;
  return {
    bytes: frame,
    message,
    connectionId: typeof connectionId === 'string' ? cutText(connectionId, MAX_CONNECTION_ID_CHARS) : '',
  };
}

/**
 * The signal in a frame from another node.
 * @returns undefined if there is none
 */
export function signalIn(frame: Buffer): Signal | undefined {
  let message: ReturnType<typeof readPeerJsMessage>;
  try {
    message = readPeerJsMessage(JSON.parse(frame.toString()));
  } catch {}
  if (!message || message.type === 'HEARTBEAT') return undefined;
  const { type, dst = '', payload } = message;
  return asSignal({ type, dst, payload, frame });
}

function messageOf(type: PeerJsSignal['type'], payload: Record<string, unknown>): SignalMessage | undefined {
  const { sdp, candidate } = payload;
  switch (type) {
    case 'OFFER':
      return sdp instanceof UndecodedDescription ? sdp : { type: 'offer', sdp: textOf(sdp) };
    case 'ANSWER':
      return sdp instanceof UndecodedDescription ? sdp : { type: 'answer', sdp: textOf(sdp) };
    case 'CANDIDATE': {
      const line = isRecord(candidate) ? candidate.candidate : undefined;
      return { type: 'candidate', candidate: typeof line === 'string' ? { candidate: line } : null };
    }
    case 'LEAVE':
      return { type: 'unpair' };
    default:
      return undefined;
  }
}

/** The SDP of an RTCSessionDescription. */
function textOf(description: unknown): string {
  return isRecord(description) && typeof description.sdp === 'string' ? description.sdp : '';
}
