/** Sessions that are asked for while they are still on their way, and nodes that know only where a session went. */
import { describe, expect, it } from '@jest/globals';
import { comesTo, has, heard, says } from '../../../support/network/cluster-assertions.ts';
import { HeldPairs, keepsTryingAt, startTestCluster } from '../../../support/servers/test-cluster.ts';
import { pairUp, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

/** Nodes whose clients answer no ping: only the test decides who is lost. */
async function quietNodes() {
  const cluster = await startTestCluster(3, { pingIntervalMs: 0 });
  const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
  return { ...cluster, one, two, three };
}

describe('a session that is on its way to a node that its client has left already', () => {
  it('goes on to the node that its client is at, as soon as it has come', async () => {
    const { hub, one, two, three } = await quietNodes();
    const [a, b] = [await one.connectResumable(), await three.connectResumable()];
    await pairUp(a, b);
    const held = new HeldPairs(hub, '1 2');
    const gone = await a.knock(two.server.url);
    await until(() => !has(one, a), 'the move');
    await gone.close();
    const coming = comesTo(three, a);
    // The first node sends the third one on to the second, which has nothing yet.
    await until(() => held.deliveredTo('3 2') > 0, 'the request to the second node');
    expect([one, two, three].map((node) => has(node, a))).toEqual([false, false, false]);
    held.release();
    const back = await coming;
    expect(back.id).toBe(a.id);
    says(b, 'hello');
    await back.until(() => heard(back).length === 1, 'what its peer says');
    expect([one, two, three].map((node) => has(node, a))).toEqual([false, false, true]);
  });
});

describe('two copies of a session that were made of one secret', () => {
  it('leave the one that its client comes from, also where both are of one generation', async () => {
    const { one, two, sever, advance } = await quietNodes();
    const a = await one.connectResumable();
    sever(one);
    await advance(5_000);
    await keepsTryingAt(two, a, advance);
    // It has not heard of the second node's secret, and comes back to the first with the old one.
    const atOne = await comesTo(one, a);
    const generationAt = ({ server }: TestServer) => server.parts.sessions.get(a.id)?.generation;
    expect([atOne.id, generationAt(one)]).toEqual([a.id, generationAt(two)]);
    const back = await keepsTryingAt(two, atOne, advance);
    expect([back.id, back.inbox]).toEqual([a.id, []]);
    expect(generationAt(two)).toBeGreaterThan(Number(generationAt(one)));
  });
});

describe('a client whose node changes while its peer is cut off', () => {
  it('is found by way of the node that it left', async () => {
    const { hub, one, two, three, sever, advance } = await quietNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    const mend = sever(one);
    await advance(5_000);
    const back = await comesTo(three, b);
    // The third node and the first cannot speak yet: only the second can say where the client is.
    const held = new HeldPairs(hub, '1 3', '3 1');
    mend();
    await advance(3_000);
    held.release();
    await advance(3_000);
    says(a, 'are you there?');
    await back.until(() => heard(back).length === 1, 'the question');
    says(back, 'here');
    await a.until(() => heard(a).length === 1, 'the answer');
    expect(a.inbox.map(({ type }) => type)).not.toContain('peer_disconnected');
    expect([one, two, three].map(({ server }) => server.parts.pairings.size)).toEqual([1, 0, 1]);
  });
});

describe('a client that goes to another node and is not heard of from there', () => {
  /** b leaves the second node for the third, and what these nodes say to each other waits. */
  async function leaving(...silent: string[]) {
    const cluster = await quietNodes();
    const { hub, one, two, three } = cluster;
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    const held = new HeldPairs(hub, ...silent);
    await b.knock(three.server.url);
    await until(() => !has(two, b), 'the move');
    return { ...cluster, a, b, held };
  }

  it('is away for its peer as soon as that node is lost', async () => {
    const { a, b, three, kill, advance } = await leaving('3 1');
    await kill(three);
    await advance(5_000);
    expect(await a.next('peer_away')).toEqual({ type: 'peer_away', peer_id: b.id });
  });

  it('is given up by its peer after 30 s', async () => {
    const { a, b, advance } = await leaving('2 3');
    await advance(29_500);
    await a.settled();
    expect(a.inbox).toEqual([]);
    await advance(1_000);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'timed_out' });
  });
});
