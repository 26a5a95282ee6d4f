/**
 * Nodes and a bus that loses, delays, doubles and mixes up: whatever happens between them, when it is over there is no
 * half of a pairing without the other, the clients think what the servers think, and nothing that was said in a pairing
 * that stands is lost, doubled or out of order. Two clients have each other once at most. Clients come back to any node, also while the nodes have lost each other.
 */
import { describe, expect, it } from '@jest/globals';
import fc from '../../support/fast-check.ts';
import { type Action, ONE_PEER, SEVERAL_PEERS, World } from '../../support/network/cluster-world.ts';
import { runs } from '../../support/runs.ts';

const who = fc.nat(ONE_PEER.length - 1);
const which = fc.nat(50);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), who, target: who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unpair' as const), who, which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('say' as const), who, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), who, node: fc.nat(2) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('deliver' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('double' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 50, max: 2_500 }) }),
  },
);

/** The first asks each other in turn, and all that is under way between the nodes arrives: it has as many peers as it may. */
const everybodyIsAsked: Action[] = ONE_PEER.slice(1).flatMap((_peers, n) => [
  { do: 'ask' as const, who: 0, target: n + 1 },
  ...Array.from({ length: 12 }, () => ({ do: 'deliver' as const, which: 0 })),
]);

describe.each([
  ['two nodes', 2, ONE_PEER, false, runs(15, 80)],
  ['three nodes', 3, ONE_PEER, false, runs(15, 80)],
  ['three busy nodes', 3, ONE_PEER, true, runs(15, 80)],
  ['three nodes, clients with several peers', 3, SEVERAL_PEERS, false, runs(20, 100)],
  ['three busy nodes, clients with several peers', 3, SEVERAL_PEERS, true, runs(20, 100)],
])('%s and a bus that loses, delays, doubles and mixes up', (_what, nodes, peers, isBusy, numRuns) => {
  it('leave no half pair, and lose, double or reorder nothing of a pairing that stands', async () => {
    let mostPairings = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 120 }), async (actions) => {
        const world = await World.of(nodes, peers, isBusy);
        for (const step of actions) await world.act(step);
        // Long enough for a socket that a client has left to be missed, and for its session to wait in vain.
        await world.settle(110_000);
        expect(world.problems()).toEqual([]);
        mostPairings = Math.max(mostPairings, world.mostPairings);
        for (const { server } of world.nodes) await server.stop();
      }),
      { numRuns, examples: [[everybodyIsAsked]] },
    );
    // Or the walks would not show what they are for.
    expect(mostPairings).toBe(Math.max(...peers.map((most) => most ?? 1)));
  });
});
