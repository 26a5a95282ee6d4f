/** What the server says about rooms; part of {@link serverSchemas}. */
import { clientId } from './fields.ts';
import { flag, leader, metadata, peer, room, topology } from './room-fields.ts';

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
