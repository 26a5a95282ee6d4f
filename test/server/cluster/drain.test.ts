/** A node that drains beside others: its sessions move to where their clients come back, and who cannot move says so. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../support/clients/raw-client.ts';
import type { ResumableClient } from '../../support/clients/resumable-client.ts';
import { says } from '../../support/network/cluster-assertions.ts';
import { heardBy } from '../../support/servers/restartable-server.ts';
import { startTestCluster } from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const DRAIN_MS = 10_000;

async function threeNodes(options = {}) {
  const cluster = await startTestCluster(3, { drainMs: DRAIN_MS, ...options });
  const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
  return { ...cluster, one, two, three };
}

/** Two clients that say that they are paired when a node has forgotten it. */
async function pairAcross(at: TestServer, peerAt: TestServer): Promise<[ResumableClient, ResumableClient]> {
  const [a, b] = [await at.connectResumable(), await peerAt.connectResumable()];
  const epoch = await pairUp(a, b);
  a.pairing = { peer_id: b.id, epoch, initiator: true };
  b.pairing = { peer_id: a.id, epoch, initiator: false };
  return [a, b];
}

const typesOf = ({ inbox }: RawClient) => inbox.map(({ type }) => type);

/** When the client was told to come back, once it was sent away. */
async function toldBy(client: RawClient): Promise<number> {
  expect(await client.whenClosed()).toEqual({ code: 1012, reason: 'Server is restarting' });
  return Number(client.inbox.findLast(({ type }) => type === 'restarting')?.after_ms);
}

describe('a node that drains beside others', () => {
  it('wants its clients back before it ends, each at another time', async () => {
    const { one, advance } = await threeNodes();
    const clients = await Promise.all(Array.from({ length: 12 }, () => one.connectResumable()));
    void one.server.drain();
    await advance(DRAIN_MS / 2);
    const times = await Promise.all(clients.map(toldBy));
    expect(new Set(times).size).toBe(12);
    expect(Math.max(...times)).toBeLessThan(DRAIN_MS / 2);
  });

  it('loses no pairing and no message of clients that move, with peers here and elsewhere', async () => {
    const { one, two, three, advance } = await threeNodes();
    const [a, b] = await pairAcross(one, one);
    const [c, d] = await pairAcross(two, one);
    says(a, 'a1');
    says(d, 'd1');
    void one.server.drain();
    await advance(DRAIN_MS / 2);
    await Promise.all([a, b, d].map(toldBy));
    // What is said while the other one has no socket waits for it.
    says(c, 'c1');
    await c.settled();
    const [a2, b2, d2] = [
      await a.comeBack(two.server.url),
      await b.comeBack(three.server.url),
      await d.comeBack(two.server.url),
    ];
    expect([a2.id, b2.id, d2.id]).toEqual([a.id, b.id, d.id]);
    says(a2, 'a2');
    says(b2, 'b1');
    says(c, 'c2');
    says(d2, 'd2');
    await Promise.all([
      a2.until(() => heardBy(a2).length === 1, "b's"),
      b2.until(() => heardBy(b2).length === 2, "a's"),
      c.until(() => heardBy(c).length === 2, "d's"),
      d2.until(() => heardBy(d2).length === 2, "c's"),
    ]);
    expect([a2, b2, c, d2].map(heardBy)).toEqual([['b1'], ['a1', 'a2'], ['d1', 'd2'], ['c1', 'c2']]);
    for (const client of [a2, b2, c, d2])
      expect(typesOf(client).filter((type) => type !== 'candidate' && type !== 'restarting')).toEqual([]);
  });

  it('ends as soon as all its sessions are elsewhere', async () => {
    const { one, two, advance } = await threeNodes();
    const client = await one.connectResumable();
    void one.server.drain();
    await advance(500);
    await toldBy(client);
    await client.comeBack(two.server.url);
    await until(() => one.server.parts.sessions.size === 0, 'the move');
    await advance(1_000);
    await one.server.ended;
  });

  it('keeps what nobody fetched until its time is over, and clients bring it back to the next process', async () => {
    const { hub, one, two, advance } = await threeNodes();
    const [a, b] = await pairAcross(one, two);
    void one.server.drain();
    await advance(500);
    await toldBy(a);
    says(b, 'b1');
    await b.settled();
    await advance(DRAIN_MS - 1_500);
    expect([one.server.parts.sessions.size, typesOf(b)]).toEqual([1, []]);
    await advance(1_000);
    await one.server.ended;
    await b.next('peer_away');
    const again = await startTestServer({ secret: 'of all nodes', node: 1 }, { bus: hub.bus(1) });
    await until(() => two.server.parts.cluster?.links.isOpen(1) === true, 'the link');
    const back = await a.comeBack(again.server.url);
    says(back, 'a1');
    await b.next('peer_back');
    await back.until(() => heardBy(back).length === 1, "b's");
    expect([back.id, heardBy(back)]).toEqual([a.id, ['b1']]);
    await b.until(() => heardBy(b).length === 1, "a's");
  });

  it('keeps the session of one that was away already, however long that is, and tells its peer when it is back', async () => {
    const { one, two, three, advance } = await threeNodes({ resumeGraceMs: 1_000 });
    const [[a, b], [c, d]] = [await pairAcross(one, two), await pairAcross(one, one)];
    for (const client of [a, c]) client.socket.terminate();
    await Promise.all([b.next('peer_away'), d.next('peer_away')]);
    void one.server.drain();
    await advance(DRAIN_MS / 2);
    await toldBy(d);
    const back = [await a.comeBack(three.server.url), await c.comeBack(two.server.url)];
    expect(back.map(({ id }) => id)).toEqual([a.id, c.id]);
    await b.next('peer_back');
    const d2 = await d.comeBack(three.server.url);
    await d2.until(() => typesOf(d2).includes('peer_back'), 'peer_back');
    expect(typesOf(d2)).toEqual(['restarting', 'peer_back']);
  });

  it('loses nothing when all nodes drain at once', async () => {
    const { hub, nodes, one, two, advance } = await threeNodes();
    const [a, b] = await pairAcross(one, two);
    for (const { server } of nodes) void server.drain();
    await advance(500);
    await Promise.all([a, b].map(toldBy));
    says(a, 'a1');
    // Wherever it comes to now, it is told to come after the end of that node.
    const early = a.comeBackSilently(two.server.url);
    expect(await toldBy(early)).toBeGreaterThan(DRAIN_MS - 500);
    await advance(DRAIN_MS);
    await Promise.all(nodes.map(({ server }) => server.ended));
    const options = { secret: 'of all nodes' };
    const again = [
      await startTestServer({ ...options, node: 1 }, { bus: hub.bus(1) }),
      await startTestServer({ ...options, node: 2 }, { bus: hub.bus(2) }),
    ] as const;
    await until(() => again.every(({ server }) => server.parts.cluster?.links.open.length === 1), 'the link');
    const [a2, b2] = [await a.comeBack(again[1].server.url), await b.comeBack(again[0].server.url)];
    says(b2, 'b1');
    await Promise.all(
      [a2, b2].map((client) => client.until(() => heardBy(client).length === 1, 'the other')),
    );
    expect([a2.id, b2.id, heardBy(a2), heardBy(b2)]).toEqual([a.id, b.id, ['b1'], ['a1']]);
  });

  it('takes the keys along', async () => {
    const { one, two, three, advance } = await threeNodes();
    const owner = await one.connectResumable();
    owner.send({ type: 'create_key' });
    const { key } = await owner.next('key');
    void one.server.drain();
    await advance(500);
    await toldBy(owner);
    await owner.comeBack(two.server.url);
    await until(() => one.server.parts.sessions.size === 0, 'the move');
    await advance(1_000);
    await one.server.ended;
    const asker = await three.connect();
    asker.send({ type: 'pair_request', key });
    expect(await asker.next('paired')).toMatchObject({ peer_id: owner.id });
  });

  it('tells the peer of a plain client at once that it left, on another node or on its own', async () => {
    const { one, two, advance } = await threeNodes();
    const [near, plain] = [await one.connectResumable(), await one.connect()];
    await pairUp(near, plain);
    const [far, plainToo] = [await two.connectResumable(), await one.connect()];
    await pairUp(far, plainToo);
    void one.server.drain();
    await advance(DRAIN_MS / 2);
    await Promise.all([toldBy(plain), toldBy(plainToo)]);
    const left = { type: 'peer_disconnected', reason: 'disconnected' };
    // One more turn of the bus, and no more time.
    await far.until(() => far.inbox.length > 0, 'the end of its pairing');
    expect(far.inbox).toEqual([{ ...left, peer_id: plainToo.id }]);
    await toldBy(near);
    const back = await near.comeBack(two.server.url);
    await back.until(() => typesOf(back).includes('peer_disconnected'), 'the end of its pairing');
    expect(back.inbox.filter(({ type }) => type !== 'restarting')).toEqual([{ ...left, peer_id: plain.id }]);
    // Free for the next.
    back.inbox.length = 0;
    await pairUp(await two.connect(), back);
  });

  it('tells two plain clients of its own, who both go, nothing of each other', async () => {
    const { one, advance } = await threeNodes();
    const clients = await one.connectPair();
    void one.server.drain();
    await advance(DRAIN_MS / 2);
    await Promise.all(clients.map(toldBy));
    expect(clients.map(typesOf)).toEqual([['restarting'], ['restarting']]);
  });

  it('wants a client that comes back to it all the same only after its end', async () => {
    const { one, advance } = await threeNodes();
    const [client] = [await one.connectResumable(), await one.connectResumable()];
    void one.server.drain();
    await advance(500);
    expect(await toldBy(client)).toBeLessThan(DRAIN_MS / 2);
    const again = client.comeBackSilently(one.server.url);
    expect(await toldBy(again)).toBeGreaterThan(DRAIN_MS - 500);
    expect(one.server.parts.sessions.has(client.id)).toBe(true);
  });
});
