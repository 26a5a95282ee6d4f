/** Schemas of the fields that both directions share. */
import { MAX_CANDIDATE_CHARS } from './limits.ts';

/** A client's id as the server gave it: a UUID today, so a bound is enough; a wrong one is simply not found. */
export const clientId = { type: 'string', maxLength: 128 } as const;

export const sdp = { type: 'string' } as const;

/** RTCIceCandidateInit (W3C WebRTC 4.8.1); null says that there are no more. */
export const candidate = {
  anyOf: [
    { type: 'null' },
    {
      type: 'object',
      required: ['candidate'],
      properties: {
        candidate: { type: 'string', maxLength: MAX_CANDIDATE_CHARS },
        sdpMid: { anyOf: [{ type: 'string', maxLength: 256 }, { type: 'null' }] },
        sdpMLineIndex: { anyOf: [{ type: 'integer', minimum: 0, maximum: 65_535 }, { type: 'null' }] },
        usernameFragment: { anyOf: [{ type: 'string', maxLength: 256 }, { type: 'null' }] },
      },
    },
  ],
} as const;

/**
 * Which pairing a signal belongs to. `paired` brings it; a client that sends it back along with its signals is
 * sure that none of them reaches a later peer. Clients that do not know it leave it out.
 */
export const epoch = { type: 'integer', minimum: 0 } as const;

/** RTCPeerConnectionState (W3C WebRTC 4.3.3). */
export const connectionState = {
  enum: ['new', 'connecting', 'connected', 'disconnected', 'failed', 'closed'],
} as const;
