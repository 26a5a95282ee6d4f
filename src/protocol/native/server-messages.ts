/** What the server may send, one schema per message. A client ignores types and fields that it does not know. */
import type { Static } from 'typebox';
import { candidate, clientId, epoch, sdp, signalData, traceparent } from './fields.ts';
import { MAX_REJECT_CHARS, MAX_RESTART_AFTER_MS } from './limits.ts';
import { roomServerSchemas } from './room-server-messages.ts';

const fromPeer = { const: true, description: 'It comes from the peer, not from the server.' } as const;

const iceServers = {
  type: 'array',
  description: 'RTCIceServer (W3C WebRTC 4.2.2): the STUN and TURN servers to use.',
  maxItems: 32,
  items: {
    type: 'object',
    required: ['urls'],
    properties: {
      urls: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      username: { type: 'string' },
      credential: { type: 'string' },
    },
  },
} as const;

export const serverSchemas = {
  your_id: {
    type: 'object',
    description: 'The first message of every connection.',
    required: ['type', 'id', 'ping_interval_ms'],
    properties: {
      type: { const: 'your_id' },
      id: { ...clientId, description: 'Your id. Others can ask for you by it.' },
      ping_interval_ms: {
        type: 'integer',
        minimum: 0,
        description: 'Milliseconds of silence after which you are pinged; 0: never.',
      },
      max_peers: {
        type: 'integer',
        minimum: 1,
        description: 'How many pairings you can have at once. For a client that connected with `?peers`.',
      },
      ice_servers: iceServers,
      resume: {
        type: 'string',
        maxLength: 1024,
        description: 'The secret to come back with. For a client that connected with `?resume`.',
      },
      received: {
        type: 'integer',
        minimum: 0,
        description: 'This is your old session, and I have your numbered frames up to this seq.',
      },
      restarted: {
        const: true,
        description: 'The server has forgotten everything: its numbers begin with 1 again, yours go on.',
      },
    },
  },
  key: {
    type: 'object',
    description: 'The pairing key that you asked for.',
    required: ['type', 'key'],
    properties: {
      type: { const: 'key' },
      key: { type: 'string', maxLength: 64, description: 'As people read it: `XXXX-XXXX-XXXX`.' },
      expires_at: {
        type: 'integer',
        minimum: 0,
        description:
          'Milliseconds since 1970 (Unix time). Missing: the key is valid as long as your session.',
      },
    },
  },
  key_expired: {
    type: 'object',
    description: 'A key of yours has expired; nobody can use it any longer.',
    required: ['type', 'key'],
    properties: { type: { const: 'key_expired' }, key: { type: 'string', maxLength: 64 } },
  },
  paired: {
    type: 'object',
    description: 'You are paired. Sent to both.',
    required: ['type', 'peer_id', 'initiator'],
    properties: {
      type: { const: 'paired' },
      peer_id: clientId,
      initiator: {
        anyOf: [{ const: true }, { const: false }],
        description: 'Whether you make the first offer. The client that asked for the pairing does.',
      },
      polite: {
        anyOf: [{ const: true }, { const: false }],
        description: 'Whether your offer yields when both offer at once (perfect negotiation).',
      },
      epoch,
      metadata: { description: 'The `metadata` of the initiator’s `pair_request`. Only for the responder.' },
      request: {
        type: 'integer',
        minimum: 1,
        description:
          'The seq of your `pair_request` that formed the pairing. Do not send an offer again that names it.',
      },
      ice_servers: iceServers,
      room: { type: 'string', description: 'The room that paired you. Missing: one of you asked.' },
      traceparent: {
        ...traceparent,
        description:
          'The pairing’s trace (W3C Trace Context), the same for both of you. Only if the server makes traces.',
      },
      evidence: {
        const: true,
        description:
          'Send `evidence` until you are connected. For a client that connected with `?evidence=1`.',
      },
    },
  },
  evidence: {
    type: 'object',
    description:
      'Someone is looking at your pairing: send `evidence` with `flow` now, and then every five seconds for the given time. For a client that connected with `?evidence=2`.',
    required: ['type', 'epoch', 'seconds'],
    properties: {
      type: { const: 'evidence' },
      epoch,
      seconds: { type: 'integer', minimum: 1, maximum: 3_600 },
    },
  },
  offer: {
    type: 'object',
    description: "The peer's offer.",
    required: ['type', 'sdp', 'from_peer'],
    properties: { type: { const: 'offer' }, sdp, epoch, from_peer: fromPeer },
  },
  answer: {
    type: 'object',
    description: "The peer's answer.",
    required: ['type', 'sdp', 'from_peer'],
    properties: { type: { const: 'answer' }, sdp, epoch, from_peer: fromPeer },
  },
  candidate: {
    type: 'object',
    description: "One of the peer's ICE candidates.",
    required: ['type', 'candidate', 'from_peer'],
    properties: { type: { const: 'candidate' }, candidate, epoch, from_peer: fromPeer },
  },
  signal: {
    type: 'object',
    description: 'Something else from the peer, for a connection of its own.',
    required: ['type', 'data', 'from_peer'],
    properties: { type: { const: 'signal' }, data: signalData, epoch, from_peer: fromPeer },
  },
  peer_disconnected: {
    type: 'object',
    description: 'The peer is gone; both are unpaired.',
    required: ['type', 'peer_id'],
    properties: {
      type: { const: 'peer_disconnected' },
      peer_id: clientId,
      epoch,
      reason: { type: 'string', description: 'See “reasons” below.' },
      message: {
        type: 'string',
        maxLength: MAX_REJECT_CHARS,
        description: 'The `reason` that it gave when it rejected you.',
      },
    },
  },
  peer_away: {
    type: 'object',
    description: 'The peer lost its link to the server, and may come back. The data channel is not affected.',
    required: ['type', 'peer_id'],
    properties: { type: { const: 'peer_away' }, peer_id: clientId, epoch },
  },
  peer_back: {
    type: 'object',
    description: 'The peer that was away is back.',
    required: ['type', 'peer_id'],
    properties: { type: { const: 'peer_back' }, peer_id: clientId, epoch },
  },
  ...roomServerSchemas,
  ack: {
    type: 'object',
    description: 'I have your numbered frames up to this one.',
    required: ['type', 'received'],
    properties: {
      type: { const: 'ack' },
      received: {
        type: 'integer',
        minimum: 0,
        description: 'The seq of the last numbered frame that I received.',
      },
    },
  },
  ping: {
    type: 'object',
    description: 'Are you still there? Sent only to a client that was silent for the ping interval.',
    required: ['type'],
    properties: { type: { const: 'ping' } },
  },
  restarting: {
    type: 'object',
    description: 'The server is going away, and closes this socket (1012).',
    required: ['type', 'after_ms'],
    properties: {
      type: { const: 'restarting' },
      after_ms: {
        type: 'integer',
        minimum: 0,
        maximum: MAX_RESTART_AFTER_MS,
        description: 'Milliseconds to wait before you come back.',
      },
    },
  },
  token_expiring: {
    type: 'object',
    description: 'Your token is about to expire, and your session with it: send `refresh_token`.',
    required: ['type', 'expires_at'],
    properties: {
      type: { const: 'token_expiring' },
      expires_at: { type: 'integer', minimum: 0, description: 'Milliseconds since 1970 (Unix time).' },
    },
  },
  error: {
    type: 'object',
    description: 'Something that you sent was refused. The connection stays.',
    required: ['type', 'message'],
    properties: {
      type: { const: 'error' },
      message: { type: 'string', description: 'For people.' },
      epoch: { ...epoch, description: 'The pairing that it is about, if it is about one.' },
      code: { type: 'string', description: 'For programs; see “error codes” below.' },
      for: { type: 'string', description: 'The type of the message that caused it.' },
      request: {
        type: 'integer',
        minimum: 1,
        description: 'The seq of the `pair_request` that caused it.',
      },
      room: { type: 'string', description: 'The room that it is about, if it is about one.' },
    },
  },
} as const;

export type ServerMessageType = keyof typeof serverSchemas;

/** One of the server's messages by its type. */
export type ServerMessageOf<T extends ServerMessageType> = Static<(typeof serverSchemas)[T]>;

export type ServerMessage = { [T in ServerMessageType]: ServerMessageOf<T> }[ServerMessageType];

/** Why a peer was disconnected: the `reason` of `peer_disconnected`. */
export const disconnectReasons = {
  unpaired: 'It left the pairing, and is still connected to the server.',
  disconnected: 'It closed its socket, or lost it and did not come back in time.',
  timed_out: 'It answered no ping, and did not come back in time.',
  refused: 'It exceeded a limit, and was closed.',
  overfull: 'It did not read what it was sent, or too much was sent to it; it may still be connected.',
  rejected: 'It does not want this pairing; it is still connected.',
  closed: 'The operator of the server ended the pairing; both are still connected to the server.',
  failed: 'Something failed inside the server that affects only this pairing; both are still connected.',
} as const;
export type DisconnectReason = keyof typeof disconnectReasons;
