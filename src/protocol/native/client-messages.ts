/**
 * What a client may send, one schema per message. Fields that no schema names are allowed, and are relayed with the
 * rest.
 */
import type { Static } from 'typebox';
import { evidenceSchema } from '../inspect/evidence.ts';
import {
  candidate,
  clientId,
  connectionState,
  epoch,
  sdp,
  signalData,
  token,
  traceparent,
} from './fields.ts';
import {
  DEFAULT_KEY_TTL_S,
  MAX_KEY_TTL_S,
  MAX_KEY_USES,
  MAX_METADATA_BYTES,
  MAX_PEERS_PER_CLIENT,
  MAX_REJECT_CHARS,
  MAX_ROOM_NAME_CHARS,
} from './limits.ts';
import { MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES } from './reliable-delivery.ts';
import { roomClientSchemas } from './room-client-messages.ts';

const claimOfPairing = {
  peer_id: clientId,
  epoch,
  initiator: { anyOf: [{ const: true }, { const: false }] },
  room: {
    type: 'string',
    maxLength: MAX_ROOM_NAME_CHARS,
    description: 'The room that formed it, if one did.',
  },
} as const;

export const clientSchemas = {
  pair_request: {
    type: 'object',
    description: 'Pair me with that client, or with the client that made that key.',
    required: ['type'],
    properties: {
      type: { const: 'pair_request' },
      target_id: { ...clientId, description: 'The id of the client to be paired with.' },
      key: {
        type: 'string',
        maxLength: 64,
        description: 'A pairing key; case, spaces and dashes do not matter.',
      },
      metadata: {
        description: `For the other client, before it accepts: any JSON value of at most ${MAX_METADATA_BYTES} bytes.`,
      },
      traceparent: {
        ...traceparent,
        description:
          'The span of mine that the pairing’s trace is to be a part of (W3C Trace Context); if the server makes traces.',
      },
    },
    oneOf: [{ required: ['target_id'] }, { required: ['key'] }],
  },
  create_key: {
    type: 'object',
    description: 'Make a pairing key for others to pair with me.',
    required: ['type'],
    properties: {
      type: { const: 'create_key' },
      ttl_s: {
        type: 'integer',
        minimum: 0,
        maximum: MAX_KEY_TTL_S,
        description: `Seconds for which it is valid; default ${DEFAULT_KEY_TTL_S}. 0: as long as the session.`,
      },
      uses: {
        type: 'integer',
        minimum: 0,
        maximum: MAX_KEY_USES,
        description: 'How many times it can be used; default 1. 0: any number of times.',
      },
    },
  },
  offer: {
    type: 'object',
    description: 'Relayed to the peer.',
    required: ['type', 'sdp'],
    properties: {
      type: { const: 'offer' },
      sdp,
      epoch,
      request: {
        type: 'integer',
        minimum: 1,
        description:
          'Instead of `epoch`, if I have not heard of the pairing yet: the seq of my last `pair_request`. If that forms no pairing, the offer is forgotten. For a session that can be resumed.',
      },
    },
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
  signal: {
    type: 'object',
    description:
      'Anything else that two clients tell each other, for a connection of their own. Relayed to the peer. Two that begin with it may send offers and answers in any order, until both report `connected`.',
    required: ['type', 'data'],
    properties: { type: { const: 'signal' }, data: signalData, epoch },
  },
  report: {
    type: 'object',
    description: 'The state of my peer connection.',
    required: ['type', 'state'],
    properties: { type: { const: 'report' }, state: connectionState, epoch },
  },
  unpair: {
    type: 'object',
    description: 'Leave the pairing, and stay connected to the server.',
    required: ['type'],
    properties: { type: { const: 'unpair' }, epoch },
  },
  reject: {
    type: 'object',
    description: 'I do not want this pairing. It ends for both, and the other client is told.',
    required: ['type'],
    properties: {
      type: { const: 'reject' },
      epoch,
      reason: {
        type: 'string',
        maxLength: MAX_REJECT_CHARS,
        description: 'Why, for the other client. Unprintable characters are replaced.',
      },
    },
  },
  ...roomClientSchemas,
  auth: {
    type: 'object',
    description: 'The first message on a socket that brought no token, to a server that requires one.',
    required: ['type', 'token'],
    properties: { type: { const: 'auth' }, token },
  },
  refresh_token: {
    type: 'object',
    description: 'A newer token for the same client. From now on it decides what the client can do.',
    required: ['type', 'token'],
    properties: { type: { const: 'refresh_token' }, token },
  },
  resume: {
    type: 'object',
    description: 'The first message on a socket opened with `?resume=back`: give me my session again.',
    required: ['type', 'id', 'token', 'received'],
    properties: {
      type: { const: 'resume' },
      id: clientId,
      token: { type: 'string', maxLength: 1024, description: 'The secret: `resume` of the last `your_id`.' },
      received: {
        type: 'integer',
        minimum: 0,
        description: 'The seq of the last numbered frame that I received; 0: none.',
      },
      first: {
        type: 'integer',
        minimum: 1,
        description:
          'For a restarted server: where my numbers go on, the lowest unacked seq, or else the next one.',
      },
      unacked: {
        type: 'integer',
        minimum: 0,
        description: `How many numbered frames I send now, again or for the first time. So many, at most ${MAX_UNACKED_FRAMES}, may come at once above the rate; they still count.`,
      },
      unacked_bytes: {
        type: 'integer',
        minimum: 0,
        description: `The bytes of the messages in them. So many, at most ${MAX_UNACKED_BYTES}, may come at once above the rate; they still count.`,
      },
      pairing: {
        type: 'object',
        description: 'For a restarted server: the peer I was paired with, as `paired` named it.',
        required: ['peer_id', 'epoch', 'initiator'],
        properties: claimOfPairing,
      },
      pairings: {
        type: 'array',
        maxItems: MAX_PEERS_PER_CLIENT,
        description: 'The same for each pairing, from a client that connected with `?peers`.',
        items: {
          type: 'object',
          required: ['peer_id', 'epoch', 'initiator'],
          properties: claimOfPairing,
        },
      },
    },
  },
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
  inspect: {
    type: 'object',
    description: "A step of my own state machine, for the server's inspector.",
    required: ['type', 'step'],
    properties: {
      type: { const: 'inspect' },
      step: { type: 'object', description: '`RecordStep` of src/protocol/inspect/inspect-messages.ts.' },
    },
  },
  evidence: {
    ...evidenceSchema,
    description:
      'How far my connection has come: kinds, states and counts, no addresses. For a server that said `evidence` in `paired`.',
    required: ['type'],
    properties: { type: { const: 'evidence' }, epoch, ...evidenceSchema.properties },
  },
  pong: {
    type: 'object',
    description: 'The answer to `ping`. Any other message counts as an answer, too.',
    required: ['type'],
    properties: { type: { const: 'pong' } },
  },
} as const;

export type ClientMessageType = keyof typeof clientSchemas;

/** One of the client's messages by its type. */
export type ClientMessageOf<T extends ClientMessageType> = Static<(typeof clientSchemas)[T]>;

export type ClientMessage = { [T in ClientMessageType]: ClientMessageOf<T> }[ClientMessageType];

/** The messages that are relayed to the peer unchanged. */
export type SignalType = 'offer' | 'answer' | 'candidate' | 'signal';
