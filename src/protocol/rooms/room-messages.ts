/**
 * The `webrtc_signal` dialect: the messages between the players of a game room and the server over Socket.IO. The names
 * are those that existing game clients use, and a client that knows only these works.
 */
import type { Static } from 'typebox';
import { MAX_ROOM_ID_CHARS } from '../native/limits.ts';

/** A game's or a player's id. `1` and `"1"` are the same; see {@link roomIdKey}. */
const roomId = {
  anyOf: [
    { type: 'string', minLength: 1, maxLength: MAX_ROOM_ID_CHARS },
    { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  ],
} as const;

/** What a client may emit. Fields that no schema names are ignored. */
export const roomSchemas = {
  join_game: {
    type: 'object',
    description: 'Enter a game as that player; acknowledged with who is in it.',
    required: ['game_id', 'player_id'],
    properties: {
      game_id: roomId,
      player_id: roomId,
      resume: {
        anyOf: [{ const: true }, { const: false }],
        description: 'Whether I come back after a lost socket: the acknowledgement then has a `token`.',
      },
      token: {
        type: 'string',
        maxLength: 128,
        description:
          'That of my last acknowledgement: my place in the game is kept for it, and is mine again.',
      },
    },
  },
  leave_game: {
    type: 'object',
    description: 'Leave the game.',
    required: [],
    properties: { game_id: roomId },
  },
  webrtc_signal: {
    type: 'object',
    description: "For another player of the sender's game; the payload reaches it untouched.",
    required: ['game_id', 'target_player_id', 'type', 'payload'],
    properties: {
      game_id: roomId,
      target_player_id: roomId,
      type: { enum: ['offer', 'answer', 'ice-candidate'] },
      payload: {},
    },
  },
} as const;

export type RoomRequestType = keyof typeof roomSchemas;
export type RoomRequestOf<Type extends RoomRequestType> = Static<(typeof roomSchemas)[Type]>;

export type RoomId = string | number;
export type RoomSignalType = RoomRequestOf<'webrtc_signal'>['type'];

/** Why a player is gone: it left, or its socket was lost. */
export type PlayerLeftReason = 'left' | 'disconnected';

/** What the server emits. Each id has the form in which the player it names gave it. */
export interface RoomEvents {
  player_joined: { game_id: RoomId; player_id: RoomId };
  player_left: { game_id: RoomId; player_id: RoomId; reason: PlayerLeftReason };
  webrtc_signal: { type: RoomSignalType; from_player_id: RoomId; game_id: RoomId; payload: unknown };
  signal_error: { code: string; message: string };
}

/** The normalized form by which ids are compared and looked up. */
export function roomIdKey(id: RoomId): string {
  return String(id);
}

const WHOLE_NUMBER = /^-?\d+$/;

/**
 * Whether a player has the lower id of two, and so initiates: whole numbers are compared as numbers, other ids as text.
 * Two clients must never disagree about this, so numbers of any length are compared exactly.
 */
export function isLowerPlayer(id: RoomId, than: RoomId): boolean {
  const [one, other] = [roomIdKey(id), roomIdKey(than)];
  if (WHOLE_NUMBER.test(one) && WHOLE_NUMBER.test(other) && BigInt(one) !== BigInt(other)) {
    return BigInt(one) < BigInt(other);
  }
  return one < other;
}
