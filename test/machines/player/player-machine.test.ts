/** What a client of the game rooms may do, told by hand. */
import { describe, expect, it } from '@jest/globals';
import { type PlayerEvent, playerMachine, type SignalTarget } from '../../../src/machines/index.ts';
import { walk } from '../../support/machines/walk.ts';

const player = (...events: PlayerEvent[]) => walk(playerMachine, undefined, ...events);
const join = (gameId = 'here', playerId = '1'): PlayerEvent => ({
  type: 'JOIN_REQUESTED',
  gameId,
  playerId,
  place: 'free',
});
const leave = (gameId?: string): PlayerEvent => ({ type: 'LEAVE_REQUESTED', gameId });
const refusal = (code: string) => [`refuse: {"code":"${code}"}`];

describe('a player whose socket is closed', () => {
  it('is gone, and leaves its game', () => {
    const { value, isDone, effects } = player(join(), { type: 'SOCKET_CLOSED' });
    expect([value, isDone, effects]).toEqual(['gone', true, ['leaveGame: {"reason":"disconnected"}']]);
  });

  it('is gone, and leaves no game when it is in none', () => {
    const { value, isDone, effects } = player({ type: 'SOCKET_CLOSED' });
    expect([value, isDone, effects]).toEqual(['gone', true, []]);
  });
});

it('a player that left may join another game, and is the player of that one', () => {
  const { effects, context } = player(join(), leave());
  expect([effects, context]).toEqual([
    ['leaveGame: {"reason":"left"}', 'confirmLeave'],
    { gameId: undefined, playerId: undefined },
  ]);
  expect(player(join(), leave('here'), join('there', '2')).context).toEqual({
    gameId: 'there',
    playerId: '2',
  });
});

it('a player that joins again is confirmed in its own place, and refused in any other', () => {
  expect(player(join(), join()).effects).toEqual(['confirmJoin']);
  for (const other of [join('there', '1'), join('here', '2')])
    expect(player(join(), other).effects).toEqual(refusal('already_in_game'));
});

it('a player leaves only the game that it is in', () => {
  expect(player(join(), leave('there')).effects).toEqual(refusal('not_in_game'));
  expect(player(leave()).effects).toEqual(refusal('not_in_game'));
});

it.each([
  ['here', 'player', ['passSignal']],
  ['here', 'self', refusal('self_signal')],
  ['here', 'unknown_player', refusal('player_not_found')],
  ['there', 'player', refusal('not_in_game')],
  ['there', 'self', refusal('not_in_game')],
  ['there', 'unknown_player', refusal('not_in_game')],
  ['there', 'unknown_game', refusal('game_not_found')],
] as const)(
  'a player that is here and signals into %s to a target that is %s: %j',
  (gameId, target, effects) => {
    const event = { type: 'SIGNAL_RECEIVED', gameId, target: target as SignalTarget } as const;
    expect(player(join(), event).effects).toEqual(effects);
  },
);
