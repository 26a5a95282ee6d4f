/**
 * What the admin API shows of sessions, pairings, rooms and apps: JSON Schema literals, for the checks and the
 * document.
 */
import { MAX_ROOM_NAME_CHARS } from '../native/limits.ts';
import { topology } from '../native/room-fields.ts';

const flag = { anyOf: [{ const: true }, { const: false }] } as const;
const count = { type: 'integer', minimum: 0 } as const;
const text = { type: 'string' } as const;
const time = { ...count, description: 'Milliseconds since 1970.' } as const;

export const app = {
  type: 'string',
  maxLength: 256,
  description: 'Empty for the app without a name.',
} as const;
const node = { ...count, description: 'The node that reports it.' } as const;
export const sessionId = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  description:
    'The session’s id within the server: where clients bring tokens, it begins with the app and a slash.',
} as const;
export const pairingEpoch = {
  ...count,
  description: 'The number of the pairing, unique across all nodes.',
} as const;
export const roomName = { type: 'string', minLength: 1, maxLength: MAX_ROOM_NAME_CHARS } as const;

const names = { type: 'array', items: text } as const;

export const session = {
  type: 'object',
  description: 'A client that is connected, or whose return the server waits for.',
  required: ['id', 'public_id', 'app', 'node', 'is_online', 'opened_at', 'peers', 'rooms', 'keys'],
  properties: {
    id: sessionId,
    public_id: { ...text, description: 'The id by which the client and its peers know the session.' },
    app,
    node,
    is_online: flag,
    opened_at: time,
    dialect: { ...text, description: 'The client’s dialect, if it does not use the native wire.' },
    peers: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'epoch'],
        properties: { id: sessionId, epoch: pairingEpoch },
      },
    },
    rooms: { ...names, description: 'The names of the rooms that it is a member of.' },
    keys: { ...count, description: 'How many pairing keys of the session are valid.' },
    metadata: {
      description:
        'What the client’s token, or the auth hook or webhook, says about the client: any JSON value.',
    },
  },
} as const;

export const pairing = {
  type: 'object',
  description: 'Two clients that exchange signals through the server.',
  required: ['epoch', 'app', 'node', 'initiator_id', 'responder_id', 'state', 'started_at'],
  properties: {
    epoch: pairingEpoch,
    app,
    node,
    initiator_id: sessionId,
    responder_id: sessionId,
    state: { ...text, description: 'The state of the pairing’s machine: paired, negotiating or connected.' },
    started_at: time,
    room: { ...text, description: 'The room that formed the pairing.' },
  },
} as const;

const roomFields = {
  app,
  name: roomName,
  node,
  topology: { enum: topology.enum },
  members: { ...count, description: 'The number of members, including those at other nodes.' },
  max_size: count,
  is_locked: flag,
  has_password: flag,
  is_public: flag,
  leader: { anyOf: [sessionId, { type: 'null' }] },
  opened_at: time,
  metadata: { description: 'What room lists show about the room: any JSON value.' },
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
  description: 'A room of the native wire.',
  required: roomRequired,
  properties: roomFields,
} as const;

export const roomWithMembers = {
  type: 'object',
  description: 'A room and its members.',
  required: [...roomRequired, 'ids'],
  properties: { ...roomFields, ids: { ...names, description: 'The members’ ids, oldest member first.' } },
} as const;

export const appCounts = {
  type: 'object',
  description: 'An app’s totals over all nodes that answered.',
  required: ['app', 'sessions', 'online', 'pairings', 'connected', 'rooms', 'members', 'keys'],
  properties: {
    app,
    sessions: count,
    online: { ...count, description: 'Sessions whose client is connected.' },
    pairings: count,
    connected: { ...count, description: 'Pairings whose two clients report that they are connected.' },
    rooms: { ...count, description: 'Rooms with a member.' },
    members: { ...count, description: 'Memberships in rooms.' },
    keys: { ...count, description: 'Pairing keys that are valid.' },
  },
} as const;

export const key = {
  type: 'object',
  description: 'A pairing key.',
  required: ['key'],
  properties: {
    key: { ...text, description: 'Given to the client that should pair with the session.' },
    expires_at: {
      ...time,
      description: 'When the key expires; if left out, it lives as long as the session.',
    },
  },
} as const;

export const error = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: text, message: { ...text, description: 'What is wrong, and how to fix it.' } },
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
      next: { ...text, description: 'Present if there are more items: pass it as `after`.' },
      nodes: { type: 'array', items: count, description: 'The nodes that answered.' },
      missing: {
        type: 'array',
        items: count,
        description: 'Nodes that did not answer in time: their items are missing from the list.',
      },
    },
  } as const;
}
