/**
 * A client of the game rooms, as the server sees it: outside of any game, or joined to one as a player. What it
 * signals to another player goes on to their pairing's machine; what it may not do is refused here, and says why.
 */
import { assign, setup } from 'xstate';
import type { ErrorCode, PlayerLeftReason } from '../../protocol/index.ts';
import { effect, eventOf } from '../host/hosted.ts';

export interface PlayerContext {
  /** Both undefined while it is outside. */
  readonly gameId: string | undefined;
  readonly playerId: string | undefined;
}

/** What the server knows of the place that a client wants to take. */
export type PlaceInGame = 'free' | 'taken' | 'full' | 'one_game_too_many';

/** What the server knows of the player that a signal names. */
export type SignalTarget = 'player' | 'self' | 'unknown_player' | 'unknown_game';

export type PlayerEventFromClient =
  | { type: 'JOIN_REQUESTED'; gameId: string; playerId: string; place: PlaceInGame }
  /** @property gameId undefined: whichever it is in */
  | { type: 'LEAVE_REQUESTED'; gameId: string | undefined }
  | { type: 'SIGNAL_RECEIVED'; gameId: string; target: SignalTarget };

export type PlayerEventFromTransport = { type: 'SOCKET_CLOSED' };

export type PlayerEvent = PlayerEventFromClient | PlayerEventFromTransport;

const effects = {
  enterGame: effect(),
  confirmJoin: effect(),
  leaveGame: effect<{ reason: PlayerLeftReason }>(),
  confirmLeave: effect(),
  passSignal: effect(),
  refuse: effect<{ code: ErrorCode }>(),
};
export type PlayerEffects = typeof effects;

const refuse = (code: ErrorCode) => ({ type: 'refuse', params: { code } }) as const;
const isPlace = (place: PlaceInGame) => ({ type: 'isPlace', params: { place } }) as const;
const isTarget = (target: SignalTarget) => ({ type: 'isTarget', params: { target } }) as const;

export const playerMachine = setup({
  types: {
    context: {} as PlayerContext,
    events: {} as PlayerEvent,
  },
  actions: {
    ...effects,
    rememberGame: assign(({ event }) => {
      const { gameId, playerId } = eventOf(event, 'JOIN_REQUESTED');
      return { gameId, playerId };
    }),
    forgetGame: assign({ gameId: undefined, playerId: undefined }),
  },
  guards: {
    isPlace: ({ event }, params: { place: PlaceInGame }) =>
      event.type === 'JOIN_REQUESTED' && event.place === params.place,
    isTarget: ({ event }, params: { target: SignalTarget }) =>
      event.type === 'SIGNAL_RECEIVED' && event.target === params.target,
    isSamePlace: ({ context, event }) =>
      event.type === 'JOIN_REQUESTED' &&
      event.gameId === context.gameId &&
      event.playerId === context.playerId,
    isOtherGame: ({ context, event }) =>
      'gameId' in event && event.gameId !== undefined && event.gameId !== context.gameId,
  },
}).createMachine({
  id: 'player',
  description: 'A client of the game rooms.',
  context: { gameId: undefined, playerId: undefined },
  initial: 'outside',
  states: {
    outside: {
      description: 'Connected, and in no game.',
      entry: 'forgetGame',
      on: {
        JOIN_REQUESTED: [
          { guard: isPlace('taken'), actions: refuse('player_taken') },
          { guard: isPlace('full'), actions: refuse('game_full') },
          { guard: isPlace('one_game_too_many'), actions: refuse('too_many_games') },
          { target: 'joined', actions: ['rememberGame', 'enterGame'] },
        ],
        LEAVE_REQUESTED: { actions: refuse('not_in_game') },
        SIGNAL_RECEIVED: [
          { guard: isTarget('unknown_game'), actions: refuse('game_not_found') },
          { actions: refuse('not_in_game') },
        ],
        SOCKET_CLOSED: { target: 'gone' },
      },
    },
    joined: {
      description: 'In a game, as one of its players.',
      on: {
        JOIN_REQUESTED: [
          // A client that does not know whether its first request arrived asks again.
          { guard: 'isSamePlace', actions: 'confirmJoin' },
          { actions: refuse('already_in_game') },
        ],
        LEAVE_REQUESTED: [
          { guard: 'isOtherGame', actions: refuse('not_in_game') },
          {
            target: 'outside',
            actions: [{ type: 'leaveGame', params: { reason: 'left' } }, 'confirmLeave'],
          },
        ],
        SIGNAL_RECEIVED: [
          { guard: isTarget('unknown_game'), actions: refuse('game_not_found') },
          { guard: 'isOtherGame', actions: refuse('not_in_game') },
          { guard: isTarget('self'), actions: refuse('self_signal') },
          { guard: isTarget('unknown_player'), actions: refuse('player_not_found') },
          { actions: 'passSignal' },
        ],
        SOCKET_CLOSED: {
          target: 'gone',
          actions: { type: 'leaveGame', params: { reason: 'disconnected' } },
        },
      },
    },
    gone: {
      description: 'Its socket is closed.',
      type: 'final',
    },
  },
});
