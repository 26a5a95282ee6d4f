/** The pairings of players as tests look at them: by game and by the ids that the players chose. */
import { Seat } from '../../../src/server/signaling/seat.ts';
import type { TestServer } from './test-server.ts';

export function playerPairings({ server }: Pick<TestServer, 'server'>) {
  return [...server.parts.pairings].map(({ initiator, responder, value, context: { offerer } }) => {
    const [one, other] = [initiator, responder].map((party) =>
      party instanceof Seat ? party.session.client : undefined,
    );
    return { game: one?.game, initiator: one?.knownAs, responder: other?.knownAs, value, offerer };
  });
}
