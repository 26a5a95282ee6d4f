/**
 * A room over nodes on a bus that loses, delays, doubles and mixes up, whose members join, leave, move and lose their
 * nodes: when it is over all nodes and all clients have the same members and leader, no more than there may be, and each
 * two whom the room pairs are paired once or know why not.
 */
import { describe, expect, it } from '@jest/globals';
import fc from '../../../support/fast-check.ts';
import { type RoomAction, RoomWorld } from '../../../support/network/room-world.ts';

/** How many peers each may have; the first cannot come back. */
const ENOUGH = [3, 3, 3, 3];
const SCARCE = [3, 2, 1, undefined];

const who = fc.nat(ENOUGH.length - 1);
const which = fc.nat(50);
const size = fc.constantFrom(3, 4);
const node = fc.nat(2);
const action: fc.Arbitrary<RoomAction> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), who, size }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), who, node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), node }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('deliver' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('double' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 50, max: 12_000 }) }),
  },
);

const join = (n: number, size = 4): RoomAction => ({ do: 'join', who: n, size });
const arrive: RoomAction = { do: 'arrive' };
const everybody = [0, 1, 2, 3];

/** All join before any node has heard of another's members: the room is made on each, and one is too many. */
const madeEverywhere = [...everybody.map((n) => join(n, n === 0 ? 3 : 4)), arrive];
/** All are members, and two of them go to other nodes, one while its old node does not know yet. */
const moved: RoomAction[] = [
  ...everybody.flatMap((n) => [join(n), arrive]),
  { do: 'drop', who: 1 },
  { do: 'connect', who: 1, node: 2 },
  { do: 'connect', who: 2, node: 0 },
  arrive,
];
/** A node dies with its members, who come back to another one or leave. */
const died: RoomAction[] = [
  ...everybody.flatMap((n) => [join(n), arrive]),
  { do: 'die', node: 1 },
  { do: 'wait', ms: 6_000 },
  arrive,
  { do: 'connect', who: 1, node: 1 },
  arrive,
  { do: 'leave', who: 2 },
];
/** Long enough for the nodes to lose each other. */
const cutOff = Array.from({ length: 15 }, (): RoomAction[] => [
  { do: 'wait', ms: 500 },
  { do: 'loseAll' },
]).flat();
/** One leaves and joins again elsewhere while the nodes have lost each other. */
const apart: RoomAction[] = [
  ...everybody.flatMap((n) => [join(n), arrive]),
  ...cutOff,
  { do: 'leave', who: 3 },
  { do: 'connect', who: 3, node: 1 },
  join(3),
];

/** One leaves, moves and joins again, and the third node hears of that in another order. */
const rejoined: RoomAction[] = [
  ...everybody.flatMap((n) => [join(n), arrive]),
  { do: 'leave', who: 3 },
  { do: 'connect', who: 3, node: 1 },
  { do: 'arriveBut', node: 2 },
  { do: 'wait', ms: 100 },
  join(3),
  { do: 'arriveBut', node: 2 },
];

/**
 * One joins while its node has lost another one, which does not know yet; and comes back to that one, which makes its
 * session again and hears of its membership only then.
 */
const restored: RoomAction[] = [
  { do: 'wait', ms: 2_000 },
  { do: 'arriveBut', node: 1 },
  { do: 'wait', ms: 2_000 },
  join(1),
  { do: 'drop', who: 1 },
  { do: 'connect', who: 1, node: 2 },
  arrive,
];

/**
 * Two nodes that have lost each other make the room twice; one dies with two members, whom it had paired. They come to
 * the other one with their pairing, and the room has no place for both.
 */
const fullAfterDeath: RoomAction[] = [
  join(2, 3),
  join(0, 3),
  join(3, 3),
  { do: 'wait', ms: 8_000 },
  join(1, 3),
  { do: 'die', node: 1 },
];

describe.each([
  ['a mesh on two nodes', 2, 'mesh', ENOUGH],
  ['a mesh on three nodes', 3, 'mesh', ENOUGH],
  ['a mesh whose members may not have so many peers', 3, 'mesh', SCARCE],
  ['a star on three nodes', 3, 'star', ENOUGH],
] as const)('%s, and a bus that loses, delays, doubles and mixes up', (_what, nodes, topology, peers) => {
  it('has in the end the same members everywhere, no more than may be, and no edge that is missing without a reason', async () => {
    const seen = { members: 0, moves: 0, deaths: 0, evictions: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 20, maxLength: 120 }),
        fc.boolean(),
        async (actions, together) => {
          const world = await RoomWorld.of(nodes, peers);
          world.topology = topology;
          world.network.sendsTogether = together;
          for (const step of actions) await world.act(step);
          // Long enough for sessions to wait in vain, and then for what is missing to be tried once more.
          await world.settle(150_000);
          expect(world.problems()).toEqual([]);
          seen.members = Math.max(seen.members, world.mostMembers);
          seen.moves += world.moves;
          seen.deaths += world.deaths;
          seen.evictions += world.evictions;
          for (const { server } of world.nodes) await server.stop();
        },
      ),
      {
        numRuns: 40,
        examples: [madeEverywhere, moved, died, apart, rejoined, restored, fullAfterDeath].map((walk, i) => [
          walk,
          i % 2 === 0,
        ]),
      },
    );
    // Or the walks would not show what they are for.
    expect(seen.members).toBe(ENOUGH.length);
    for (const count of [seen.moves, seen.deaths, seen.evictions]) expect(count).toBeGreaterThan(0);
  });
});
