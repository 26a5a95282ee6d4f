/** What clients say about rooms; part of {@link clientSchemas}. A client needs none of it, so its bundle has none. */
import { clientId } from './fields.ts';
import { DEFAULT_MAX_MEMBERS_PER_ROOM, MAX_METADATA_BYTES } from './limits.ts';
import { flag, metadata, password, room, topology } from './room-fields.ts';

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
