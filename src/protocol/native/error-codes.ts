import { JUST_LEFT_PAUSE_S } from './limits.ts';

/**
 * Every error that the server can send to a client: the code is for programs, the message for people. The messages of
 * the original protocol are unchanged; a client may match on either.
 */
export const errorMessages = {
  target_not_found: 'Target client not found',
  self_pairing: 'You cannot pair with yourself',
  already_paired: 'You are already paired',
  target_already_paired: 'Target client is already paired',
  too_many_peers: 'You have as many peers as you can have; leave one first',
  ambiguous_pairing: 'You have more than one peer; say which one by `epoch`',
  not_paired: 'You are not paired',
  request_pending: 'Your last pair request has no answer yet; wait for it',
  unavailable: 'Other nodes cannot be reached at the moment; try again later',
  key_required: 'That client can only be paired by key; ask it for one',
  just_left: `That client has just left you; wait ${JUST_LEFT_PAUSE_S} seconds, or ask it for a key`,
  key_not_found: 'Key not found',
  invalid_json: 'Invalid JSON',
  invalid_message: 'Invalid message',
  unknown_type: 'Unknown message type',
  message_too_large: 'Message too large',
  too_many_messages: 'Too many messages',
  too_many_bytes: 'Too many bytes per second',
  too_many_key_guesses: 'Too many wrong keys; wait before you try again',
  too_many_keys: 'Too many keys; use or let expire the ones you have',
  resume_failed: 'This session cannot be resumed; you have a new one',
  no_offer: 'There is no offer from your peer to answer',
  offer_collision: 'Your peer has already made an offer; answer that',
  peer_slow:
    'Your peer does not read as fast as you send; this message was dropped, wait before you send the next',
  room_not_found: 'There is no such room; send `create` to create it',
  room_full: 'The room is full',
  room_locked: 'The room is locked; its leader can unlock it',
  wrong_password: 'Wrong password for this room',
  too_many_password_guesses: 'Too many wrong passwords; wait before you try again',
  not_in_room: 'You are not a member of that room; join it first',
  not_leader: 'Only the leader of the room can do that',
  too_many_rooms: 'The server cannot have any more rooms',
  too_many_memberships: 'You are a member of as many rooms as you can be; leave one first',
  metadata_too_large: 'The metadata is too large; at most 2048 bytes of JSON are allowed',
  token_invalid: 'The token is not valid',
  token_expired: 'The token has expired; bring a new one',
  forbidden: 'Your token does not allow that',
  internal_error: 'The server failed to handle this message',
  // For game rooms.
  game_not_found: 'Game not found',
  not_in_game: 'You are not in that game; join it first',
  already_in_game: 'You are already in a game; leave it first',
  player_taken: 'That player is already in the game',
  player_not_found: 'There is no such player in your game',
  self_signal: 'You cannot signal to yourself',
  game_full: 'The game is full',
  too_many_games: 'The server cannot have any more games',
} as const;

/** What programs match on. */
export type ErrorCode = keyof typeof errorMessages;

export const errorCodes = Object.keys(errorMessages) as ErrorCode[];

/** Whether this version knows the code; a newer server may send others. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorMessages, code);
}
