/** How many sessions one node is asked for at once. */
import { describe, expect, it } from '@jest/globals';
import { MoveLines } from '../../../../src/server/cluster/migration/move-lines.ts';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { comesTo, has } from '../../../support/network/cluster-assertions.ts';
import { HeldPairs, startTestCluster, threeNodes } from '../../../support/servers/test-cluster.ts';
import type { TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const MOVES_AT_ONCE = 8;
const MANY = 3 * MOVES_AT_ONCE;
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

/** Lines in which that many sessions wait for each node, and what was asked: the node and the session's number. */
function started(nodes: readonly number[]) {
  const lines = new MoveLines();
  const asked: (readonly [number, number])[] = [];
  for (const number of numbers(0, MANY))
    for (const node of nodes) lines.add(node, number, () => asked.push([node, number]));
  const askedOf = (node: number) => asked.filter(([one]) => one === node).map(([, number]) => number);
  return { lines, askedOf };
}

describe('sessions that a node is asked for', () => {
  it('are eight at once for each node, in the order in which their clients came', () => {
    const { askedOf } = started([1, 2]);
    expect([askedOf(1), askedOf(2)]).toEqual([numbers(0, MOVES_AT_ONCE), numbers(0, MOVES_AT_ONCE)]);
  });

  it('are followed by the next one with each answer, until none is left', () => {
    const { lines, askedOf } = started([1, 2]);
    for (const number of numbers(0, MANY)) {
      expect(askedOf(1)).toEqual(numbers(0, Math.min(MANY, number + MOVES_AT_ONCE)));
      lines.remove(1, number);
    }
    expect(askedOf(2)).toEqual(numbers(0, MOVES_AT_ONCE));
  });

  it('are not asked for if they are given up while they wait, and make no room by that', () => {
    const { lines, askedOf } = started([1]);
    lines.remove(1, MOVES_AT_ONCE);
    expect(askedOf(1)).toEqual(numbers(0, MOVES_AT_ONCE));
    lines.remove(1, 0);
    expect(askedOf(1).at(-1)).toBe(MOVES_AT_ONCE + 1);
  });

  it('are not asked for if the node is lost; once it is back, there is room for as many as before', () => {
    const { lines, askedOf } = started([1]);
    lines.lost(1);
    for (const number of numbers(0, MANY)) lines.remove(1, number);
    expect(askedOf(1)).toEqual(numbers(0, MOVES_AT_ONCE));
    const again: number[] = [];
    for (const number of numbers(0, MANY)) lines.add(1, number, () => again.push(number));
    expect(again).toEqual(numbers(0, MOVES_AT_ONCE));
  });
});

const connectMany = ({ connectResumable }: TestServer) =>
  Promise.all(numbers(0, MANY).map(() => connectResumable()));

const idOf = ({ inbox }: RawClient) => inbox.find(({ type }) => type === 'your_id')?.id;
const isAnswered = (client: RawClient) => Boolean(client.closed ?? idOf(client));

/** Clients of the first node that have come to the second, which hears nothing from the first. */
async function knockingAtOther() {
  const cluster = await startTestCluster(2, { pingIntervalMs: 0 });
  const [one, two] = cluster.nodes as [TestServer, TestServer];
  const clients = await connectMany(one);
  const held = new HeldPairs(cluster.hub, '1 2');
  const knocking = await Promise.all(clients.map((client) => client.knock(two.server.url)));
  const moved = () => clients.filter((client) => !has(one, client)).length;
  await until(() => moved() === MOVES_AT_ONCE, 'the first moves');
  return { ...cluster, clients, held, knocking, moved };
}

describe('more clients than that which come back to another node at once', () => {
  it('all have their sessions', async () => {
    const { one, two } = await threeNodes();
    const clients = await connectMany(one);
    const back = await Promise.all(clients.map((client) => comesTo(two, client)));
    expect(back.map(({ id }) => id)).toEqual(clients.map(({ id }) => id));
    expect(clients.filter((client) => has(one, client))).toEqual([]);
    expect(clients.every((client) => has(two, client))).toBe(true);
  });

  it('and whose node is dead: those not yet asked for have their sessions once it is known to be lost', async () => {
    const { clients, knocking, nodes, kill, advance } = await knockingAtOther();
    await kill(nodes[0] as TestServer);
    await advance(5_000);
    await until(() => knocking.every(isAnswered), 'the answers');
    const away = knocking.filter(({ closed }) => closed);
    // It is known to be lost after about 4 s, and each is waited for 2 s.
    expect(away.length).toBeLessThanOrEqual(2 * MOVES_AT_ONCE);
    expect(away.map(({ closed }) => closed?.code)).toEqual(away.map(() => 1013));
    expect(knocking.map((client, n) => idOf(client) === clients[n]?.id)).toEqual(
      knocking.map(({ closed }) => !closed),
    );
  });

  it('and whose node does not answer are sent away, and the next ones are asked for', async () => {
    const { knocking, moved, held, advance } = await knockingAtOther();
    await advance(2_000);
    await until(() => moved() === 2 * MOVES_AT_ONCE, 'the next moves');
    await until(() => knocking.filter(({ closed }) => closed).length === MOVES_AT_ONCE, 'those sent away');
    expect(knocking.flatMap(({ closed }) => closed?.code ?? [])).toEqual(Array(MOVES_AT_ONCE).fill(1013));
    held.release();
  });

  it('and whose node is cut off for a while: it is asked again once it is back', async () => {
    const { hub, one, two, three, sever, advance } = await threeNodes();
    // The node where their ids began is asked when the one that had them last is lost.
    const began = await connectMany(one);
    const clients = await Promise.all(began.map((client) => comesTo(three, client)));
    const later = await three.connectResumable();
    const held = new HeldPairs(hub, '2 3');
    const knocking = await Promise.all(clients.map((client) => client.knock(two.server.url)));
    const mend = sever(three);
    await advance(10_000);
    await until(() => knocking.every(isAnswered), 'the answers');
    mend();
    held.release();
    await advance(3_000);
    expect((await comesTo(two, later)).id).toBe(later.id);
  });
});
