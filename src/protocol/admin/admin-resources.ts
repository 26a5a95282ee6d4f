/**
 * What the admin API shows of sessions, pairings, rooms and apps: JSON Schema literals, for the checks and the
 * document.
 */
import { MAX_ROOM_NAME_CHARS } from '../native/limits.ts';
import { topology } from '../native/room-messages.ts';

const flag = { anyOf: [{ const: true }, { const: false }] } as const;
const count = { type: 'integer', minimum: 0 } as const;
const text = { type: 'string' } as const;
const time = { ...count, description: 'Milliseconds since 1970.' } as const;

export const app = {
  type: 'string',
  maxLength: 256,
  description: 'Empty for the app without a name.',
} as const;
const node = { ...count, description: 'The node that tells of it.' } as const;
export const sessionId = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  description:
    'The server’s own name of the session: with its app and a slash in front, where clients bring tokens.',
} as const;
export const pairingEpoch = {
  ...count,
  description: 'The number of the pairing, unique over nodes.',
} as const;
export const roomName = { type: 'string', minLength: 1, maxLength: MAX_ROOM_NAME_CHARS } as const;

const names = { type: 'array', items: text } as const;

export const session = {
  type: 'object',
  description: 'A client that is here, or that is waited for.',
  required: ['id', 'public_id', 'app', 'node', 'is_online', 'opened_at', 'peers', 'rooms', 'keys'],
  properties: {
    id: sessionId,
    public_id: { ...text, description: 'The id by which its client and its peers know it.' },
    app,
    node,
    is_online: flag,
    opened_at: time,
    dialect: { ...text, description: 'The wire that it speaks, where that is not our own.' },
    peers: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'epoch'],
        properties: { id: sessionId, epoch: pairingEpoch },
      },
    },
    rooms: { ...names, description: 'The names of the rooms that it is a member of.' },
    keys: { ...count, description: 'How many pairing keys of it are alive.' },
    metadata: { description: 'What its token, or whoever let it in, says of it: any JSON value.' },
  },
} as const;

export const pairing = {
  type: 'object',
  description: 'Two clients that were brought together.',
  required: ['epoch', 'app', 'node', 'initiator_id', 'responder_id', 'state', 'started_at'],
  properties: {
    epoch: pairingEpoch,
    app,
    node,
    initiator_id: sessionId,
    responder_id: sessionId,
    state: { ...text, description: 'The state of its machine: paired, negotiating or connected.' },
    started_at: time,
    room: { ...text, description: 'The room that formed it.' },
  },
} as const;

const roomFields = {
  app,
  name: roomName,
  node,
  topology: { enum: topology.enum },
  members: { ...count, description: 'Those at other nodes as well.' },
  max_size: count,
  is_locked: flag,
  has_password: flag,
  is_public: flag,
  leader: { anyOf: [sessionId, { type: 'null' }] },
  opened_at: time,
  metadata: { description: 'What lists show of it: any JSON value.' },
} as const;
const roomRequired = [
  'app',
  'name',
  'node',
  'topology',
  'members',
  'max_size',
  'is_locked',
  'has_password',
  'is_public',
  'leader',
  'opened_at',
] as const;

export const room = {
  type: 'object',
  description: 'A room of our own wire.',
  required: roomRequired,
  properties: roomFields,
} as const;

export const roomWithMembers = {
  type: 'object',
  description: 'A room and who is in it.',
  required: [...roomRequired, 'ids'],
  properties: { ...roomFields, ids: { ...names, description: 'Its members, the oldest first.' } },
} as const;

export const appCounts = {
  type: 'object',
  description: 'What an app has, over all nodes that answered.',
  required: ['app', 'sessions', 'online', 'pairings', 'connected', 'rooms', 'members', 'keys'],
  properties: {
    app,
    sessions: count,
    online: { ...count, description: 'Sessions whose client is connected.' },
    pairings: count,
    connected: { ...count, description: 'Pairings whose two clients report that they are connected.' },
    rooms: { ...count, description: 'Rooms with a member.' },
    members: { ...count, description: 'Memberships in rooms.' },
    keys: { ...count, description: 'Pairing keys that are alive.' },
  },
} as const;

export const key = {
  type: 'object',
  description: 'A pairing key.',
  required: ['key'],
  properties: {
    key: { ...text, description: 'For whoever is to pair with the session.' },
    expires_at: { ...time, description: 'Left out: it lives as long as the session.' },
  },
} as const;

export const error = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: text, message: { ...text, description: 'What is wrong, and how to mend it.' } },
    },
  },
} as const;

/** One page of a list that spans all nodes. */
export function pageOf<Item extends object>(items: Item) {
  return {
    type: 'object',
    required: ['items', 'nodes', 'missing'],
    properties: {
      items: { type: 'array', items },
      next: { ...text, description: 'There are more: give this as `after`.' },
      nodes: { type: 'array', items: count, description: 'The nodes that answered.' },
      missing: {
        type: 'array',
        items: count,
        description: 'Nodes that did not answer in time: what they have is not in the list.',
      },
    },
  } as const;
}
