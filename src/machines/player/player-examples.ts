/** An event of every kind that a player tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { playerMachine } from './player-machine.ts';

export const playerExamples: MachineExamples<typeof playerMachine> = {
  machine: playerMachine,
  inputs: [undefined],
  events: {
    JOIN_REQUESTED: ['here', 'there'].flatMap((gameId) =>
      (['free', 'taken', 'full', 'one_game_too_many'] as const).map((place) => ({
        type: 'JOIN_REQUESTED',
        gameId,
        playerId: '1',
        place,
      })),
    ),
    LEAVE_REQUESTED: ['here', 'there', undefined].map((gameId) => ({ type: 'LEAVE_REQUESTED', gameId })),
    SIGNAL_RECEIVED: ['here', 'there'].flatMap((gameId) =>
      (['player', 'self', 'unknown_player', 'unknown_game'] as const).map((target) => ({
        type: 'SIGNAL_RECEIVED',
        gameId,
        target,
      })),
    ),
    SOCKET_CLOSED: [{ type: 'SOCKET_CLOSED' }],
  },
};
