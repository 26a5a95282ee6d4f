/** Schemas of the fields that both directions share. Their descriptions go into docs/protocol.md (`npm run docs`). */
import { MAX_CANDIDATE_CHARS } from './limits.ts';
import { MAX_TOKEN_BYTES } from './permissions.ts';

/** W3C Trace Context, version 00: neither of its ids may be all zeros. */
export const traceparent = {
  type: 'string',
  maxLength: 55,
  pattern: '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$',
} as const;

/** A UUID, or an app and a name of the client's own; a length limit is enough: a wrong id is simply not found. */
export const clientId = {
  type: 'string',
  maxLength: 128,
  description: 'A client’s id, as `your_id` gave it.',
} as const;

export const sdp = {
  type: 'string',
  description: 'The session description (RFC 8866), relayed unchanged.',
} as const;

export const candidate = {
  description: 'RTCIceCandidateInit (W3C WebRTC 4.8.1); null: no more will follow.',
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

/** Opaque; its size is limited as part of the message, and its depth like that of any field. */
export const signalData = { description: 'Any JSON value. The server does not look into it.' } as const;

/**
 * The pairing that a signal belongs to, as told by `paired`. A client that sends it with its signals can be sure that
 * none reaches a later peer; clients that do not know it leave it out.
 */
export const epoch = {
  type: 'integer',
  minimum: 0,
  description: 'The number of the pairing that this belongs to. Missing: the only pairing there is.',
} as const;

export const token = {
  type: 'string',
  minLength: 1,
  maxLength: MAX_TOKEN_BYTES,
  description: 'A signed JWT (RFC 7519).',
} as const;

export const connectionState = {
  description: 'RTCPeerConnectionState (W3C WebRTC 4.3.3).',
  enum: ['new', 'connecting', 'connected', 'disconnected', 'failed', 'closed'],
} as const;
