/** What clients and the server say to each other of rooms; part of {@link clientSchemas} and {@link serverSchemas}. */
import { clientId } from './fields.ts';
import {
  DEFAULT_MAX_MEMBERS_PER_ROOM,
  MAX_METADATA_BYTES,
  MAX_PASSWORD_CHARS,
  MAX_ROOM_NAME_CHARS,
} from './limits.ts';

const flag = (description: string) => ({ anyOf: [{ const: true }, { const: false }], description }) as const;

const room = {
  type: 'string',
  minLength: 1,
  maxLength: MAX_ROOM_NAME_CHARS,
  description: 'The name of the room: printable characters.',
} as const;

const metadata = {
  description: `What the others see of you: any JSON value, at most ${MAX_METADATA_BYTES} bytes as text.`,
} as const;

const password = {
  type: 'string',
  maxLength: MAX_PASSWORD_CHARS,
} as const;

export const topology = {
  enum: ['mesh', 'star', 'none'],
  description:
    'Which members the room pairs: mesh: each with each; star: each with the leader; none: nobody, they ask.',
} as const;

const peer = {
  type: 'object',
  required: ['id'],
  properties: { id: clientId, metadata: { description: 'As it gave it; left out where it gave none.' } },
} as const;

const leader = {
  anyOf: [clientId, { type: 'null' }],
  description: 'Who leads the room; null: nobody does now.',
} as const;

export const roomClientSchemas = {
  join_room: {
    type: 'object',
    description: 'Make me a member of that room. One that is a member already is told the room again.',
    required: ['type', 'room'],
    properties: {
      type: { const: 'join_room' },
      room,
      metadata,
      password: { ...password, description: 'The password of the room, where it has one.' },
      create: {
        type: 'object',
        description:
          'Make the room where there is none of that name, with these options; left out: it has to be there.',
        required: [],
        properties: {
          topology: { ...topology, description: `${topology.description} Left out: mesh.` },
          max_size: {
            type: 'integer',
            minimum: 1,
            maximum: 1_000_000,
            description: `How many members it may have; ${DEFAULT_MAX_MEMBERS_PER_ROOM}, or what the server allows.`,
          },
          locked: flag('Nobody may join until its leader unlocks it.'),
          password: { ...password, minLength: 1, description: 'What the others have to say to join.' },
          leader: {
            ...clientId,
            description: 'Who leads: `oldest`, who has been in it longest; or the id of the one who does.',
          },
          is_public: flag('`list_rooms` shows it.'),
          metadata: {
            description: `What \`list_rooms\` shows of it: any JSON value, at most ${MAX_METADATA_BYTES} bytes as text.`,
          },
        },
      },
    },
  },
  leave_room: {
    type: 'object',
    description: 'I am no longer a member. The pairings that the room formed for me end.',
    required: ['type', 'room'],
    properties: { type: { const: 'leave_room' }, room },
  },
  update_metadata: {
    type: 'object',
    description: 'The other members of the room see this of me from now on.',
    required: ['type', 'room', 'metadata'],
    properties: { type: { const: 'update_metadata' }, room, metadata },
  },
  lock_room: {
    type: 'object',
    description: 'Nobody may join, or everybody may again. Only for the leader.',
    required: ['type', 'room', 'locked'],
    properties: {
      type: { const: 'lock_room' },
      room,
      locked: flag('False: unlock it.'),
    },
  },
  list_rooms: {
    type: 'object',
    description: 'Which rooms are there? Answered with those that are public.',
    required: ['type'],
    properties: { type: { const: 'list_rooms' } },
  },
} as const;

export const roomServerSchemas = {
  room_joined: {
    type: 'object',
    description:
      'You are a member. It may come again, when you asked again or when you did not read what changed: it says what holds now.',
    required: ['type', 'room', 'peers', 'leader', 'topology'],
    properties: {
      type: { const: 'room_joined' },
      room,
      peers: { type: 'array', items: peer, description: 'The other members, the oldest first.' },
      leader,
      topology,
      locked: flag('Whether nobody may join.'),
      max_size: { type: 'integer', minimum: 1, description: 'How many members it may have.' },
    },
  },
  peer_joined: {
    type: 'object',
    description: 'Another client is a member.',
    required: ['type', 'room', 'peer'],
    properties: { type: { const: 'peer_joined' }, room, peer },
  },
  peer_left: {
    type: 'object',
    description: 'It is a member no longer. Your own id: you are not, though you did not ask.',
    required: ['type', 'room', 'id', 'reason'],
    properties: {
      type: { const: 'peer_left' },
      room,
      id: clientId,
      reason: { type: 'string', description: 'See “reasons” below.' },
    },
  },
  peer_updated: {
    type: 'object',
    description: 'A member has other metadata.',
    required: ['type', 'room', 'id', 'metadata'],
    properties: { type: { const: 'peer_updated' }, room, id: clientId, metadata },
  },
  leader: {
    type: 'object',
    description: 'Another member leads the room.',
    required: ['type', 'room', 'id'],
    properties: { type: { const: 'leader' }, room, id: leader },
  },
  room_locked: {
    type: 'object',
    description: 'The leader locked or unlocked the room.',
    required: ['type', 'room', 'locked'],
    properties: { type: { const: 'room_locked' }, room, locked: flag('Whether nobody may join.') },
  },
  edge: {
    type: 'object',
    description: 'How far the connection is between you and a member that the room pairs you with.',
    required: ['type', 'room', 'id', 'state'],
    properties: {
      type: { const: 'edge' },
      room,
      id: clientId,
      state: {
        enum: ['connecting', 'connected', 'missing'],
        description: 'Missing: for the reason given; it is tried again.',
      },
      reason: {
        type: 'string',
        description: 'Of a missing one: an error code, a reason for which pairings end, or `not_connected`.',
      },
    },
  },
  rooms: {
    type: 'object',
    description: 'The answer to `list_rooms`.',
    required: ['type', 'rooms'],
    properties: {
      type: { const: 'rooms' },
      rooms: {
        type: 'array',
        items: {
          type: 'object',
          required: ['room', 'members', 'max_size', 'topology', 'locked', 'password'],
          properties: {
            room,
            members: { type: 'integer', minimum: 0, description: 'How many there are.' },
            max_size: { type: 'integer', minimum: 1, description: 'How many there may be.' },
            topology,
            locked: flag('Whether nobody may join.'),
            password: flag('Whether it has one.'),
            metadata: { description: 'As its creator gave it.' },
          },
        },
      },
      more: { const: true, description: 'There are more than fit into one answer.' },
    },
  },
} as const;

/** Why a member left, as `peer_left` tells it. */
export const memberLeftReasons = {
  left: 'It left the room, and may still be connected to the server.',
  disconnected: 'It closed its socket, or its server ended and it did not come back in time.',
  timed_out: 'It lost its socket, or answered no ping, and did not come back in time.',
  refused: 'It broke a limit, and was closed.',
  overfull: 'It did not read what it was sent.',
  full: 'Too many joined at once on different nodes: the last ones are out again.',
  closed: 'The room was ended by who operates the server.',
} as const;
export type MemberLeftReason = keyof typeof memberLeftReasons;

/** Why an edge is missing, beside the error codes, and the reasons for which pairings end. */
export const edgeReasons = {
  not_connected: 'They are paired, and not connected after 15 seconds; it goes on.',
  too_many_peers: 'One of the two has as many peers as it may have; see `?peers`.',
} as const;

export type Topology = (typeof topology)['enum'][number];
