/** What a client may send, one schema a message. A field that no schema names is allowed, and travels along. */
import type { Static } from 'typebox';
import { candidate, clientId, connectionState, epoch, sdp } from './fields.ts';
import { MAX_KEY_TTL_S, MAX_KEY_USES } from './limits.ts';

export const clientSchemas = {
  pair_request: {
    type: 'object',
    description: 'Pair me with that client, or with the one that made that key.',
    required: ['type'],
    properties: {
      type: { const: 'pair_request' },
      target_id: clientId,
      key: { type: 'string', maxLength: 64 },
    },
    oneOf: [{ required: ['target_id'] }, { required: ['key'] }],
  },
  create_key: {
    type: 'object',
    description: 'Make a pairing key for others to pair with me.',
    required: ['type'],
    properties: {
      type: { const: 'create_key' },
      ttl_s: { type: 'integer', minimum: 1, maximum: MAX_KEY_TTL_S },
      uses: { type: 'integer', minimum: 1, maximum: MAX_KEY_USES },
    },
  },
  offer: {
    type: 'object',
    description: 'Relayed to the peer.',
    required: ['type', 'sdp'],
    properties: { type: { const: 'offer' }, sdp, epoch },
  },
  answer: {
    type: 'object',
    description: 'Relayed to the peer.',
    required: ['type', 'sdp'],
    properties: { type: { const: 'answer' }, sdp, epoch },
  },
  candidate: {
    type: 'object',
    description: 'Relayed to the peer.',
    required: ['type', 'candidate'],
    properties: { type: { const: 'candidate' }, candidate, epoch },
  },
  report: {
    type: 'object',
    description: 'The state of my peer connection.',
    required: ['type', 'state'],
    properties: { type: { const: 'report' }, state: connectionState, epoch },
  },
  unpair: {
    type: 'object',
    description: 'Leave the pairing, stay connected here.',
    required: ['type'],
    properties: { type: { const: 'unpair' }, epoch },
  },
  resume: {
    type: 'object',
    description: 'The first message on a socket opened with ?resume=back: give me my session again.',
    required: ['type', 'id', 'token', 'received'],
    properties: {
      type: { const: 'resume' },
      id: clientId,
      token: { type: 'string', maxLength: 1024 },
      received: { type: 'integer', minimum: 0 },
      // Both for a server that has forgotten everything: where my numbers go on, and with whom I was paired.
      first: { type: 'integer', minimum: 1 },
      pairing: {
        type: 'object',
        required: ['peer_id', 'epoch', 'initiator'],
        properties: {
          peer_id: clientId,
          epoch,
          initiator: { anyOf: [{ const: true }, { const: false }] },
        },
      },
    },
  },
  ack: {
    type: 'object',
    description: 'I have your numbered frames up to this one.',
    required: ['type', 'received'],
    properties: { type: { const: 'ack' }, received: { type: 'integer', minimum: 0 } },
  },
  inspect: {
    type: 'object',
    description: "A step of my own state machine, for the server's visualizer; see RecordStep.",
    required: ['type', 'step'],
    properties: { type: { const: 'inspect' }, step: { type: 'object' } },
  },
  pong: {
    type: 'object',
    description: 'The answer to ping.',
    required: ['type'],
    properties: { type: { const: 'pong' } },
  },
} as const;

export type ClientMessageType = keyof typeof clientSchemas;

/** One of the client's messages by its type. */
export type ClientMessageOf<T extends ClientMessageType> = Static<(typeof clientSchemas)[T]>;

export type ClientMessage = { [T in ClientMessageType]: ClientMessageOf<T> }[ClientMessageType];

/** The messages that go to the peer as they came. */
export type SignalType = 'offer' | 'answer' | 'candidate';
