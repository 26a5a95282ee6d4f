/** The messages about rooms between clients and server; part of {@link clientSchemas} and {@link serverSchemas}. */
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
  description: `What the others see of you: any JSON value of at most ${MAX_METADATA_BYTES} bytes.`,
} as const;

const password = {
  type: 'string',
  maxLength: MAX_PASSWORD_CHARS,
} as const;

export const topology = {
  enum: ['mesh', 'star', 'none'],
  description:
    'Which members the room pairs. mesh: every two; star: each with the leader; none: only those that ask.',
} as const;

const peer = {
  type: 'object',
  required: ['id'],
  properties: { id: clientId, metadata: { description: 'As the member gave it. Missing: it gave none.' } },
} as const;

const leader = {
  anyOf: [clientId, { type: 'null' }],
  description: 'Who leads the room; null: nobody at present.',
} as const;

export const roomClientSchemas = {
  join_room: {
    type: 'object',
    description: 'Make me a member of that room. A client that is already a member gets `room_joined` again.',
    required: ['type', 'room'],
    properties: {
      type: { const: 'join_room' },
      room,
      metadata,
      password: { ...password, description: 'The password of the room, if it has one.' },
      create: {
        type: 'object',
        description:
          'Create the room with these options if there is none of that name. Missing: the room must exist.',
        required: [],
        properties: {
          topology: { ...topology, description: `${topology.description} Missing: mesh.` },
          max_size: {
            type: 'integer',
            minimum: 1,
            maximum: 1_000_000,
            description: `How many members it can have; default ${DEFAULT_MAX_MEMBERS_PER_ROOM}, or what the server allows.`,
          },
          locked: flag('Nobody can join until its leader unlocks it.'),
          password: { ...password, minLength: 1, description: 'What the others must send to join.' },
          leader: {
            ...clientId,
            description: 'Who leads: `oldest`, the member that has been in it longest; or a client’s id.',
          },
          is_public: flag('Whether `list_rooms` shows it.'),
          metadata: {
            description: `What \`list_rooms\` shows about it: any JSON value of at most ${MAX_METADATA_BYTES} bytes.`,
          },
        },
      },
    },
  },
  leave_room: {
    type: 'object',
    description: 'End my membership. The pairings that the room formed for me end.',
    required: ['type', 'room'],
    properties: { type: { const: 'leave_room' }, room },
  },
  update_metadata: {
    type: 'object',
    description: 'What the other members of the room see of me from now on.',
    required: ['type', 'room', 'metadata'],
    properties: { type: { const: 'update_metadata' }, room, metadata },
  },
  lock_room: {
    type: 'object',
    description: 'Let nobody join, or everybody again. Only for the leader.',
    required: ['type', 'room', 'locked'],
    properties: {
      type: { const: 'lock_room' },
      room,
      locked: flag('True: lock it; false: unlock it.'),
    },
  },
  list_rooms: {
    type: 'object',
    description: 'Asks which rooms there are. The answer has those that are public.',
    required: ['type'],
    properties: { type: { const: 'list_rooms' } },
  },
} as const;

export const roomServerSchemas = {
  room_joined: {
    type: 'object',
    description:
      'You are a member. It comes again if you ask again, or if you did not read the changes in time; it has the present state.',
    required: ['type', 'room', 'peers', 'leader', 'topology'],
    properties: {
      type: { const: 'room_joined' },
      room,
      peers: { type: 'array', items: peer, description: 'The other members, the oldest first.' },
      leader,
      topology,
      locked: flag('Whether it is locked: nobody can join.'),
      max_size: { type: 'integer', minimum: 1, description: 'How many members it can have.' },
    },
  },
  peer_joined: {
    type: 'object',
    description: 'Another client has become a member.',
    required: ['type', 'room', 'peer'],
    properties: { type: { const: 'peer_joined' }, room, peer },
  },
  peer_left: {
    type: 'object',
    description:
      'It is no longer a member. With your own id: you are no longer one, although you did not ask.',
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
    description: 'A member’s metadata has changed.',
    required: ['type', 'room', 'id', 'metadata'],
    properties: { type: { const: 'peer_updated' }, room, id: clientId, metadata },
  },
  leader: {
    type: 'object',
    description: 'The room has another leader.',
    required: ['type', 'room', 'id'],
    properties: { type: { const: 'leader' }, room, id: leader },
  },
  room_locked: {
    type: 'object',
    description: 'The leader locked or unlocked the room.',
    required: ['type', 'room', 'locked'],
    properties: {
      type: { const: 'room_locked' },
      room,
      locked: flag('Whether it is locked: nobody can join.'),
    },
  },
  edge: {
    type: 'object',
    description: 'The state of the connection between you and a member that the room pairs you with.',
    required: ['type', 'room', 'id', 'state'],
    properties: {
      type: { const: 'edge' },
      room,
      id: clientId,
      state: {
        enum: ['connecting', 'connected', 'missing'],
        description: '`missing`: see `reason`; the room tries again.',
      },
      reason: {
        type: 'string',
        description: 'Why it is missing: an error code, a reason why pairings end, or `not_connected`.',
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
            members: { type: 'integer', minimum: 0, description: 'How many members it has.' },
            max_size: { type: 'integer', minimum: 1, description: 'How many members it can have.' },
            topology,
            locked: flag('Whether it is locked: nobody can join.'),
            password: flag('Whether it has a password.'),
            metadata: { description: 'As the room’s creator gave it.' },
          },
        },
      },
      more: { const: true, description: 'There are more rooms than fit into one answer.' },
    },
  },
} as const;

/** Why a member left: the `reason` of `peer_left`. */
export const memberLeftReasons = {
  left: 'It left the room, and may still be connected to the server.',
  disconnected: 'It closed its socket, or its server ended and it did not come back in time.',
  timed_out: 'It lost its socket, or answered no ping, and did not come back in time.',
  refused: 'It exceeded a limit, and was closed.',
  overfull: 'It did not read what it was sent.',
  full: 'Too many joined at once on different nodes; those that came last were removed.',
  closed: 'The operator of the server ended the room.',
} as const;
export type MemberLeftReason = keyof typeof memberLeftReasons;

/** Why an edge is missing, besides the error codes and the reasons why pairings end. */
export const edgeReasons = {
  not_connected: 'They are paired, but not connected after 15 seconds. The pairing goes on.',
  too_many_peers: 'One of the two has as many peers as it can have; see `?peers`.',
} as const;

export type Topology = (typeof topology)['enum'][number];
