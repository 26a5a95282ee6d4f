/**
 * The messages between the nodes of a cluster, one schema per message. A pairing of clients of two nodes has a side on
 * each, with its own machine; its messages name the sender's session, the receiver's session, and the pairing's epoch.
 */
import type { Static } from 'typebox';
import { type ClientMessageType, clientSchemas } from '../native/client-messages.ts';
import { type ErrorCode, errorCodes } from '../native/error-codes.ts';
import { clientId, epoch, traceparent } from '../native/fields.ts';
import { MAX_REJECT_CHARS, MAX_ROOM_NAME_CHARS } from '../native/limits.ts';
import { topology } from '../native/room-fields.ts';
import { type MemberLeftReason, memberLeftReasons } from '../native/room-server-messages.ts';
import { type DisconnectReason, disconnectReasons } from '../native/server-messages.ts';
import { MAX_PEERJS_ID_CHARS } from '../peerjs/peerjs-messages.ts';
import { MAX_TOPIC_CHARS } from '../topics/topic-messages.ts';

const flag = { anyOf: [{ const: true }, { const: false }] } as const;
const count = { type: 'integer', minimum: 0 } as const;
const node = { type: 'integer', minimum: 1, maximum: 0xffff_ffff } as const;
// Typed as a list of one value that may be any of them, because the lists are built from the keys of tables.
const code = { enum: errorCodes as unknown as readonly [ErrorCode] } as const;
const clientMessageType = {
  enum: Object.keys(clientSchemas) as unknown as readonly [ClientMessageType],
} as const;
const disconnectReason = {
  enum: Object.keys(disconnectReasons) as unknown as readonly [DisconnectReason],
} as const;
/** A client's message as text; it is decoded and checked where it arrives, like a client's own. */
const text = { type: 'string' } as const;

/** An id that a client chose; before it, if its client has an app, that and a slash. */
const chosenId = { type: 'string', maxLength: MAX_PEERJS_ID_CHARS + 37 } as const;

/** Prefixed with the wire of its clients. */
const topic = { type: 'string', maxLength: MAX_TOPIC_CHARS + 32 } as const;

/** A frame that waits for an ack, with the number that its sender gave it. */
const passed = {
  type: 'object',
  required: ['sender_seq', 'text'],
  properties: { sender_seq: count, text },
} as const;

const pairingFields = { epoch, from: clientId, to: clientId } as const;

/** One of the session's pairings, with what waits for the peer. */
const pairing = {
  type: 'object',
  required: [
    'epoch',
    'peer_id',
    'peer_generation',
    'connected',
    'initiator',
    'is_resumable',
    'is_away',
    'last_sender_seq',
    'unacked',
  ],
  properties: {
    epoch,
    peer_id: clientId,
    peer_generation: count,
    /** The sides that reported that they are connected, as in the pairing machine. */
    connected: { type: 'array', maxItems: 2, items: { enum: ['initiator', 'responder'] } },
    initiator: flag,
    is_resumable: flag,
    /** Whether the client was told that its peer is away. */
    is_away: flag,
    /** The peer's node; left out if it is unknown. */
    node,
    last_sender_seq: count,
    /** The room that formed it. */
    room: { type: 'string', maxLength: MAX_ROOM_NAME_CHARS },
    /** The initiator's span, of whose trace the pairing's is a part. */
    traceparent,
    unacked: { type: 'array', items: passed },
  },
} as const;

/** A session on its way to another node, with what waits for its client. */
const session = {
  type: 'object',
  required: [
    'generation',
    'sent',
    'received',
    'deferred',
    'unacked',
    'secrets',
    'keys',
    'rate',
    'is_key_only',
    'pairings',
  ],
  properties: {
    generation: count,
    /** How many peers its client asked for; left out if it did not ask. */
    max_peers: { type: 'integer', minimum: 1 },
    sent: count,
    received: count,
    deferred: { type: 'array', items: count },
    unacked: {
      type: 'array',
      items: {
        type: 'object',
        required: ['seq', 'text'],
        /** The epoch of the pairing in which a peer sent it. */
        properties: { seq: count, text, sender_seq: count, epoch },
      },
    },
    /** The secrets that its client may come back with. */
    secrets: { type: 'array', minItems: 1, items: { type: 'string', maxLength: 1024 } },
    /** The one with which it came back after its node was lost: whoever comes with it has not heard of that. */
    restored_with: { type: 'string', maxLength: 1024 },
    /** Its last pair request: the number that its client gave it, and the epoch of the pairing that it formed. */
    asked: { type: 'object', required: ['request', 'epoch'], properties: { request: count, epoch } },
    keys: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'ttl_ms', 'uses'],
        /** 0: as long as the session; any number of times. */
        properties: { key: { type: 'string', maxLength: 64 }, ttl_ms: count, uses: count },
      },
    },
    /** How far the client is ahead of its rate: milliseconds until it may send a whole burst again. */
    rate: {
      type: 'object',
      required: ['messages_ms', 'bytes_ms'],
      properties: {
        messages_ms: count,
        bytes_ms: count,
        peer_messages_ms: count,
        peer_bytes_ms: count,
      },
    },
    /** Whether its client can be paired by key only. */
    is_key_only: flag,
    /** The claims of its client's token, if it brought one. */
    claims: { type: 'object' },
    /** When and where it became the holder of its id; see `holding`. */
    since: count,
    claimed_at: node,
    pairings: { type: 'array', items: pairing },
  },
} as const;

/** An app, and the name of one of its rooms. */
const roomName = {
  app: { type: 'string', maxLength: 256 },
  room: { type: 'string', maxLength: MAX_ROOM_NAME_CHARS },
} as const;

const memberLeftReason = {
  enum: [...Object.keys(memberLeftReasons), 'moved'] as unknown as readonly [MemberLeftReason, 'moved'],
} as const;

export const nodeSchemas = {
  room: {
    type: 'object',
    description:
      'These members of the room are on my node: they joined, came to me, or have changed their metadata.',
    required: ['type', 'app', 'room', 'options', 'lock', 'members'],
    properties: {
      type: { const: 'room' },
      ...roomName,
      options: {
        type: 'object',
        required: ['topology', 'max_size', 'leader', 'is_public', 'created_at', 'created_by'],
        properties: {
          topology,
          max_size: count,
          leader: clientId,
          is_public: flag,
          created_at: count,
          created_by: clientId,
          metadata: {},
          /** Salted and hashed. */
          password: {
            type: 'object',
            required: ['salt', 'hash'],
            properties: {
              salt: { type: 'string', maxLength: 64 },
              hash: { type: 'string', maxLength: 64 },
            },
          },
        },
      },
      lock: {
        type: 'object',
        required: ['is_locked', 'version', 'by'],
        properties: { is_locked: flag, version: count, by: clientId },
      },
      members: {
        type: 'array',
        items: {
          type: 'object',
          required: ['id', 'joined_at', 'generation', 'is_resumable'],
          properties: { id: clientId, joined_at: count, generation: count, is_resumable: flag, metadata: {} },
        },
      },
    },
  },
  room_left: {
    type: 'object',
    description: 'A client of mine is no longer a member; or it has moved, and another node will say so.',
    required: ['type', 'app', 'room', 'id', 'reason'],
    properties: { type: { const: 'room_left' }, ...roomName, id: clientId, reason: memberLeftReason },
  },
  rooms_told: {
    type: 'object',
    description: 'Those were all of my members. Sent when our link was opened.',
    required: ['type'],
    properties: { type: { const: 'rooms_told' } },
  },
  pair_members: {
    type: 'object',
    description: 'The room wants my member (`from`) paired with yours (`to`), as the pairing `epoch`.',
    required: ['type', 'app', 'room', 'epoch', 'from', 'to', 'is_resumable'],
    properties: { type: { const: 'pair_members' }, ...roomName, ...pairingFields, is_resumable: flag },
  },
  members_paired: {
    type: 'object',
    description: 'My side of the pairing that a room wants exists now.',
    required: ['type', 'epoch', 'from', 'to', 'is_resumable'],
    properties: { type: { const: 'members_paired' }, ...pairingFields, is_resumable: flag },
  },
  members_not_paired: {
    type: 'object',
    description: 'My member cannot be paired with yours at present.',
    required: ['type', 'epoch', 'to', 'reason'],
    properties: {
      type: { const: 'members_not_paired' },
      epoch,
      to: clientId,
      reason: { type: 'string', maxLength: 64 },
    },
  },
  edge_missing: {
    type: 'object',
    description:
      'The room wants my member (`from`) paired with yours (`to`), but I cannot ask for it at present.',
    required: ['type', 'app', 'room', 'from', 'to', 'reason'],
    properties: {
      type: { const: 'edge_missing' },
      ...roomName,
      from: clientId,
      to: clientId,
      reason: { type: 'string', maxLength: 64 },
    },
  },
  hello: {
    type: 'object',
    description:
      'The first message on every link: a fingerprint of the secret that signs my clients’ secrets.',
    required: ['type', 'fingerprint'],
    properties: { type: { const: 'hello' }, fingerprint: { type: 'string', maxLength: 64 } },
  },
  ask: {
    type: 'object',
    description:
      'A client of mine asks for one of yours, by its id or by a key, to form the pairing `epoch`.',
    required: ['type', 'epoch', 'from', 'is_resumable'],
    properties: {
      type: { const: 'ask' },
      epoch,
      from: clientId,
      is_resumable: flag,
      target_id: clientId,
      key: { type: 'string', maxLength: 64 },
      /** For the requested client, as the asking client gave it. */
      metadata: {},
      /** The asking client's span, of which the pairing's trace becomes a part. */
      traceparent,
    },
    oneOf: [{ required: ['target_id'] }, { required: ['key'] }],
  },
  granted: {
    type: 'object',
    description: 'The client that you asked for (`from`) is paired with yours (`to`); my side exists now.',
    required: ['type', 'epoch', 'from', 'to', 'is_resumable'],
    properties: { type: { const: 'granted' }, ...pairingFields, is_resumable: flag },
  },
  denied: {
    type: 'object',
    description:
      'Your client cannot have the one it asked for. If that client is elsewhere, `node` says where.',
    required: ['type', 'epoch', 'to', 'code'],
    properties: { type: { const: 'denied' }, epoch, to: clientId, code, node },
  },
  signal: {
    type: 'object',
    description:
      "An offer, answer, candidate or report from my client, unchanged; `sender_seq` is the client's number for it.",
    required: ['type', 'epoch', 'from', 'to', 'text'],
    properties: { type: { const: 'signal' }, ...pairingFields, text, sender_seq: count },
  },
  acked: {
    type: 'object',
    description: 'My client has the message with that number from yours, or it was refused.',
    required: ['type', 'epoch', 'from', 'to', 'sender_seq'],
    properties: { type: { const: 'acked' }, ...pairingFields, sender_seq: count },
  },
  refused: {
    type: 'object',
    description: 'My side of the pairing refused a message from your client.',
    required: ['type', 'epoch', 'from', 'to', 'code'],
    properties: { type: { const: 'refused' }, ...pairingFields, code, for: clientMessageType },
  },
  away: {
    type: 'object',
    description: 'My client lost its socket, and may come back.',
    required: ['type', 'epoch', 'from', 'to'],
    properties: { type: { const: 'away' }, ...pairingFields },
  },
  ended: {
    type: 'object',
    description: 'There is no such pairing, or it is over.',
    required: ['type', 'epoch', 'from', 'to', 'reason'],
    properties: {
      type: { const: 'ended' },
      ...pairingFields,
      reason: disconnectReason,
      /** The reason of the sender's client, which rejected the pairing. */
      message: { type: 'string', maxLength: MAX_REJECT_CHARS },
      /** In answer to a `reclaim`: the generation that it named. */
      generation: count,
    },
  },
  reclaim: {
    type: 'object',
    description: 'I have this side, for a client of mine (`from`), in this state: do you have the other?',
    required: [
      'type',
      'epoch',
      'from',
      'to',
      'generation',
      'initiator',
      'is_resumable',
      'is_away',
      'is_for_all',
    ],
    properties: {
      type: { const: 'reclaim' },
      ...pairingFields,
      generation: count,
      initiator: flag,
      is_resumable: flag,
      is_away: flag,
      /** Whether all nodes were asked: then a node without the other client stays silent. */
      is_for_all: flag,
    },
  },
  reclaimed: {
    type: 'object',
    description: 'I have the other side.',
    required: ['type', 'epoch', 'from', 'to', 'generation', 'is_resumable', 'is_away'],
    properties: {
      type: { const: 'reclaimed' },
      ...pairingFields,
      generation: count,
      is_resumable: flag,
      is_away: flag,
    },
  },
  moving: {
    type: 'object',
    description: 'My client has gone to that node, which will say so.',
    required: ['type', 'epoch', 'from', 'to', 'node', 'generation'],
    properties: { type: { const: 'moving' }, ...pairingFields, node, generation: count },
  },
  move: {
    type: 'object',
    description: 'A client came to me and claims a session of yours: give it to me.',
    required: ['type', 'number', 'id', 'token', 'received'],
    properties: {
      type: { const: 'move' },
      number: count,
      id: clientId,
      token: { type: 'string', maxLength: 1024 },
      received: count,
    },
  },
  moved: {
    type: 'object',
    description: 'Here is the session; I no longer have it.',
    required: ['type', 'number', 'session'],
    properties: { type: { const: 'moved' }, number: count, session },
  },
  not_moved: {
    type: 'object',
    description:
      'I do not have the session, or it is not the client’s. `node` has it, or I may have had it before I was restarted.',
    required: ['type', 'number', 'may_restore'],
    properties: { type: { const: 'not_moved' }, number: count, may_restore: flag, node },
  },
  hosting: {
    type: 'object',
    description:
      'These sessions are on my node, or `at` that node: they began on yours, or your copy is out of date.',
    required: ['type', 'sessions'],
    properties: {
      type: { const: 'hosting' },
      sessions: {
        type: 'array',
        items: {
          type: 'object',
          required: ['id', 'generation'],
          properties: { id: clientId, generation: count },
        },
      },
      at: node,
    },
  },
  holding: {
    type: 'object',
    description:
      'My clients came with tokens for these ids, at these times (microseconds since 1970) and nodes. A client that came earlier with the same id is replaced; of two that came at the same time, the one at the node with the higher number.',
    required: ['type', 'holders'],
    properties: {
      type: { const: 'holding' },
      holders: {
        type: 'array',
        items: {
          type: 'object',
          required: ['id', 'since', 'at'],
          properties: { id: clientId, since: count, at: node },
        },
      },
    },
  },
  left: {
    type: 'object',
    description: 'A session that began on your node is over.',
    required: ['type', 'id'],
    properties: { type: { const: 'left' }, id: clientId },
  },
  admin_ask: {
    type: 'object',
    description: 'I was asked this over the admin API: what do you have? The operation, and its input.',
    required: ['type', 'id', 'operation', 'input'],
    properties: {
      type: { const: 'admin_ask' },
      id: count,
      operation: { type: 'string', maxLength: 64 },
      input: { type: 'object' },
    },
  },
  admin_answer: {
    type: 'object',
    description: 'What I have for your question; without `answer`, nothing.',
    required: ['type', 'id'],
    properties: { type: { const: 'admin_answer' }, id: count, answer: { type: 'object' } },
  },
  ids_taken: {
    type: 'object',
    description: 'My clients have these ids, which they chose.',
    required: ['type', 'holders'],
    properties: {
      type: { const: 'ids_taken' },
      holders: {
        type: 'array',
        items: {
          type: 'object',
          required: ['id', 'proof', 'online', 'session', 'version'],
          properties: {
            id: chosenId,
            proof: { type: 'string', maxLength: 64 },
            online: flag,
            session: clientId,
            /** One more than that of the holder before, as far as the node knew: of two, the higher one came later. */
            version: count,
          },
        },
      },
    },
  },
  ids_left: {
    type: 'object',
    description: 'My clients no longer have these ids.',
    required: ['type', 'ids'],
    properties: { type: { const: 'ids_left' }, ids: { type: 'array', items: chosenId } },
  },
  said: {
    type: 'object',
    description:
      'For your client with that id, in the form of its wire; and the pairing that it belongs to, which names the sessions.',
    required: ['type', 'to', 'from', 'text'],
    properties: {
      type: { const: 'said' },
      to: chosenId,
      from: chosenId,
      text,
      pairing: {
        type: 'object',
        required: ['epoch', 'from', 'to', 'is_new'],
        /** `is_new`: my side was formed for this message, and yours is to be. */
        properties: { ...pairingFields, is_new: flag },
      },
    },
  },
  pairing_kept: {
    type: 'object',
    description:
      'Your client with that id was paired with mine before it came to you. They go on in this pairing, which names their sessions: form your side.',
    required: ['type', 'to', 'from', 'pairing'],
    properties: {
      type: { const: 'pairing_kept' },
      to: chosenId,
      from: chosenId,
      pairing: { type: 'object', required: ['epoch', 'from', 'to'], properties: pairingFields },
    },
  },
  not_said: {
    type: 'object',
    description: 'That client is not here, or does not read.',
    required: ['type', 'to', 'from'],
    properties: { type: { const: 'not_said' }, to: chosenId, from: chosenId },
  },
  topics_joined: {
    type: 'object',
    description: 'I have subscribers to these topics. Sent again when there are twice or a quarter as many.',
    required: ['type', 'topics'],
    /** How many subscribers each topic has, in the same order; left out: one each. */
    properties: {
      type: { const: 'topics_joined' },
      topics: { type: 'array', items: topic },
      subscribers: { type: 'array', items: count },
    },
  },
  topics_left: {
    type: 'object',
    description: 'I no longer have subscribers to these topics.',
    required: ['type', 'topics'],
    properties: { type: { const: 'topics_left' }, topics: { type: 'array', items: topic } },
  },
  published: {
    type: 'object',
    description: 'For your subscribers to that topic, in the form of their wire.',
    required: ['type', 'topic', 'text'],
    properties: { type: { const: 'published' }, topic, text },
  },
} as const;

export type NodeMessageType = keyof typeof nodeSchemas;

/** One of the node messages by its type. */
export type NodeMessageOf<T extends NodeMessageType> = Static<(typeof nodeSchemas)[T]>;

export type NodeMessage = { [T in NodeMessageType]: NodeMessageOf<T> }[NodeMessageType];

/** A session on its way to another node. */
export type SessionSnapshot = Static<typeof session>;

/**
 * The unit that is sent over the bus: the messages of one turn, with the seq of the first; or, with seq 0, a sign of
 * life. `link` is the sender's number for its link, greater than that of any earlier link; `to_link` is the receiver's
 * number, 0 if it is not known yet.
 */
export const envelopeSchema = {
  type: 'object',
  required: ['node', 'link', 'to_link', 'seq', 'ack'],
  properties: {
    node,
    link: count,
    to_link: count,
    seq: count,
    ack: count,
    /** The sender leaves, and forgets the link. */
    is_goodbye: flag,
    messages: { type: 'array', items: { type: 'object' } },
  },
} as const;

export type Envelope = Static<typeof envelopeSchema>;
