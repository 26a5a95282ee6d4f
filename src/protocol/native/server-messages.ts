/** What the server may send, one schema a message. A client passes over types and fields that it does not know. */
import type { Static } from 'typebox';
import { candidate, clientId, epoch, sdp } from './fields.ts';
import { MAX_RESTART_AFTER_MS } from './limits.ts';

const fromPeer = { const: true } as const;

/** RTCIceServer (W3C WebRTC 4.2.2). */
const iceServers = {
  type: 'array',
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
      id: clientId,
      ping_interval_ms: { type: 'integer', minimum: 0 },
      ice_servers: iceServers,
      resume: { type: 'string', maxLength: 1024 },
      received: { type: 'integer', minimum: 0 },
      restarted: { const: true },
    },
  },
  key: {
    type: 'object',
    description: 'The pairing key asked for; expires_at is in milliseconds since 1970.',
    required: ['type', 'key', 'expires_at'],
    properties: {
      type: { const: 'key' },
      key: { type: 'string', maxLength: 64 },
      expires_at: { type: 'integer', minimum: 0 },
    },
  },
  paired: {
    type: 'object',
    description: 'Sent to both; the one who asked is the initiator.',
    required: ['type', 'peer_id', 'initiator'],
    properties: {
      type: { const: 'paired' },
      peer_id: clientId,
      initiator: { anyOf: [{ const: true }, { const: false }] },
      polite: { anyOf: [{ const: true }, { const: false }] },
      epoch,
      ice_servers: iceServers,
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
  peer_disconnected: {
    type: 'object',
    description: 'The peer is gone; both are unpaired.',
    required: ['type', 'peer_id'],
    properties: { type: { const: 'peer_disconnected' }, peer_id: clientId, reason: { type: 'string' } },
  },
  peer_away: {
    type: 'object',
    description: 'The peer lost its link to the server, and may come back; the data channel is not touched.',
    required: ['type', 'peer_id'],
    properties: { type: { const: 'peer_away' }, peer_id: clientId },
  },
  peer_back: {
    type: 'object',
    description: 'The peer that was away is back.',
    required: ['type', 'peer_id'],
    properties: { type: { const: 'peer_back' }, peer_id: clientId },
  },
  ack: {
    type: 'object',
    description: 'I have your numbered frames up to this one.',
    required: ['type', 'received'],
    properties: { type: { const: 'ack' }, received: { type: 'integer', minimum: 0 } },
  },
  ping: {
    type: 'object',
    description: 'Only to a client that was not heard from for an interval.',
    required: ['type'],
    properties: { type: { const: 'ping' } },
  },
  restarting: {
    type: 'object',
    description: 'The server goes, and closes this socket (1012): come back after so many milliseconds.',
    required: ['type', 'after_ms'],
    properties: {
      type: { const: 'restarting' },
      after_ms: { type: 'integer', minimum: 0, maximum: MAX_RESTART_AFTER_MS },
    },
  },
  error: {
    type: 'object',
    description: 'message is for people, code for programs, for names the type that caused it.',
    required: ['type', 'message'],
    properties: {
      type: { const: 'error' },
      message: { type: 'string' },
      code: { type: 'string' },
      for: { type: 'string' },
    },
  },
} as const;

export type ServerMessageType = keyof typeof serverSchemas;

/** One of the server's messages by its type. */
export type ServerMessageOf<T extends ServerMessageType> = Static<(typeof serverSchemas)[T]>;

export type ServerMessage = { [T in ServerMessageType]: ServerMessageOf<T> }[ServerMessageType];

/** Why a peer was disconnected, as `peer_disconnected` tells it. */
export type DisconnectReason = 'unpaired' | 'disconnected' | 'timed_out' | 'refused' | 'overfull';
