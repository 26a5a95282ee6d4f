/** Clients of PeerJS that take their ids along among three nodes, whatever the nodes hear of it first. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { seededRandom } from '../../../../src/testing/network/seeded-random.ts';
import { JsonClient } from '../../../support/clients/json-client.ts';
import { runs } from '../../../support/runs.ts';
import { SEED } from '../../../support/seed.ts';
import { HeldPairs, startTestCluster } from '../../../support/servers/test-cluster.ts';
import type { TestServer } from '../../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../../support/servers/token-issuer.ts';
import { until } from '../../../support/until.ts';

const OPEN = { type: 'OPEN' };

const offer = (dst: string) => ({ type: 'OFFER', dst, payload: { sdp: { sdp: 'an offer' } } });
const answer = (dst: string) => ({ type: 'ANSWER', dst, payload: { sdp: { sdp: 'an answer' } } });
const candidate = (dst: string, n: unknown) => ({ type: 'CANDIDATE', dst, payload: { n } });
const from = (src: string, message: object) => ({ ...message, src });

/** Until its node has dealt with all that it sent: what it says to itself comes back. */
async function settled(client: JsonClient, id: string): Promise<void> {
  const mark = candidate(id, Math.random());
  client.send(mark);
  const isMark = (message: unknown) => isDeepStrictEqual(message, from(id, mark));
  await client.until(() => client.inbox.some(isMark), 'the mark');
  client.inbox.splice(client.inbox.findIndex(isMark), 1);
}

async function threeNodes() {
  const { nodes, ...cluster } = await startTestCluster(3, { peerjs: true });
  const openAt = async (node: number, id: string) => {
    const query = new URLSearchParams({ key: 'peerjs', id, token: `token of ${id}` });
    const client = await JsonClient.open(`${nodes[node - 1]?.server.url}peerjs?${query}`);
    expect(await client.takeOne()).toEqual(OPEN);
    return client;
  };
  /** The session of that id's holder, as each node knows it. */
  const holders = (id: string) =>
    nodes.map(({ server }) => {
      const { cluster: own, features } = server.parts;
      const ours = features.started.peerjs?.realm.find(id);
      return (ours ?? own?.ids.find(id))?.session;
    });
  const allKnow = (id: string) =>
    until(() => holders(id)[0] !== undefined && new Set(holders(id)).size === 1, `all to know ${id}`);
  const epochs = () => nodes.map(({ server }) => [...server.parts.pairings].map(({ epoch }) => epoch));
  return {
    ...cluster,
    nodes: nodes as [TestServer, TestServer, TestServer],
    openAt,
    allKnow,
    holders,
    epochs,
  };
}

/** Each hears the other. */
async function reachEachOther(a: JsonClient, b: JsonClient, n: unknown): Promise<void> {
  a.send(candidate('b', n));
  expect(await b.takeOne()).toEqual(from('a', candidate('b', n)));
  b.send(candidate('a', n));
  expect(await a.takeOne()).toEqual(from('b', candidate('a', n)));
}

describe('a client that takes its id to another node', () => {
  it.each([
    ['a third node', 3, 2],
    ['the node that it leaves', 1, 2],
    ['the node that it comes to', 2, 2],
  ])(
    'while its peer is at %s goes on with it, in one pairing, whoever signals first',
    async (_where, at, to) => {
      for (const isFirst of [true, false]) {
        const { nodes, openAt, allKnow, epochs } = await threeNodes();
        const [before, b] = [await openAt(1, 'a'), await openAt(at, 'b')];
        await Promise.all([allKnow('a'), allKnow('b')]);
        before.send(offer('b'));
        await b.takeOne();
        const a = await openAt(to, 'a');
        expect((await before.whenClosed()).code).toBe(4409);
        await allKnow('a');
        const pairings = () => new Set(epochs().flat());
        await until(() => pairings().size === 1, 'one pairing');
        if (isFirst) a.send(answer('b'));
        else b.send(answer('a'));
        expect(await (isFirst ? b : a).takeOne()).toMatchObject({ type: 'ANSWER' });
        await reachEachOther(a, b, 1);
        expect(pairings().size).toBe(1);
        expect(epochs().map((each) => each.length)).toEqual(
          [1, 2, 3].map((n) => Number(n === at || n === to)),
        );
        expect([a.inbox, b.inbox, a.closed, b.closed]).toEqual([[], [], undefined, undefined]);
        for (const { server } of nodes) await server.stop();
      }
    },
  );

  it('twice is found where it is now, by a node that hears of its second move before the first', async () => {
    const { hub, openAt, allKnow } = await threeNodes();
    const [, b] = [await openAt(1, 'a'), await openAt(1, 'b')];
    await Promise.all([allKnow('a'), allKnow('b')]);
    const held = new HeldPairs(hub, '2 1');
    const second = await openAt(2, 'a');
    await until(() => held.deliveredTo('2 3') > 0, 'the third node to know');
    const third = await openAt(3, 'a');
    expect((await second.whenClosed()).code).toBe(4409);
    held.release();
    await allKnow('a');
    await reachEachOther(third, b, 1);
    await settled(third, 'a');
    expect(third.closed).toBeUndefined();
  });

  it('and to yet another one at the same time stays at one of them, where its peer finds it', async () => {
    const { openAt, allKnow, hold } = await threeNodes();
    const [first, b] = [await openAt(1, 'a'), await openAt(1, 'b')];
    await Promise.all([allKnow('a'), allKnow('b')]);
    first.send(offer('b'));
    await b.takeOne();
    const held = hold();
    const [second, third] = [await openAt(2, 'a'), await openAt(3, 'a')];
    held.release();
    for (const gone of [first, third]) expect((await gone.whenClosed()).code).toBe(4409);
    await allKnow('a');
    await reachEachOther(second, b, 1);
    expect(second.closed).toBeUndefined();
  });

  it('gets none of the pairings of another client that had the id, and whose node was lost', async () => {
    const { nodes, kill, advance } = await startTestCluster(2, { peerjs: true });
    const openAt = async (node: number, id: string, token: string) => {
      const query = new URLSearchParams({ key: 'peerjs', id, token });
      const client = await JsonClient.open(`${nodes[node]?.server.url}peerjs?${query}`);
      expect(await client.takeOne()).toEqual(OPEN);
      return client;
    };
    const [lost, b] = [await openAt(0, 'a', 'of a'), await openAt(1, 'b', 'of b')];
    const { parts } = (nodes[1] as TestServer).server;
    await until(() => parts.cluster?.ids.find('a') !== undefined, 'the node to know');
    b.send(offer('a'));
    await lost.takeOne();
    await kill(nodes[0] as TestServer);
    await advance(5_000);
    await until(() => parts.cluster?.ids.find('a') === undefined, 'the loss');
    const [session] = [...parts.pairings].flatMap(({ parties }) =>
      parties.filter(({ id }) => id.startsWith('00000001')),
    );
    await openAt(1, 'a', 'of another');
    expect([...parts.pairings].flatMap(({ parties }) => parties)).toContain(session);
    expect(parts.pairings.size).toBe(1);
  });
});

describe('where clients must say what they may', () => {
  it.each([
    ['its peer', 'b'],
    ['the client', 'a'],
  ])('one that takes its id along is answered and answers: %s may not ask anybody', async (_who, shy) => {
    const { nodes } = await startTestCluster(3, { peerjs: true, jwtSecret: SECRET });
    const openAt = async (node: number, id: string) => {
      const claims: JWTPayload = { sub: id, max_peers: 1, ...(id === shy && { may: [] }) };
      const query = new URLSearchParams({ key: 'peerjs', id, token: await signWithSecret(claims) });
      const client = await JsonClient.open(`${nodes[node]?.server.url}peerjs?${query}`);
      expect(await client.takeOne()).toEqual(OPEN);
      return client;
    };
    const knows = (node: number, id: string) =>
      nodes[node]?.server.parts.cluster?.ids.find(`/${id}`)?.isOnline === true;
    const clients = { a: await openAt(0, 'a'), b: await openAt(2, 'b') };
    await until(() => knows(0, 'b') && knows(2, 'a') && knows(1, 'a') && knows(1, 'b'), 'the nodes to know');
    const asks = shy === 'a' ? 'b' : 'a';
    clients[asks].send(offer(shy));
    expect(await clients[shy as 'a'].takeOne()).toEqual(from(asks, offer(shy)));
    const before = clients.a;
    const session = nodes[2]?.server.parts.cluster?.ids.find('/a')?.session;
    clients.a = await openAt(1, 'a');
    await before.whenClosed();
    await until(
      () => nodes[2]?.server.parts.cluster?.ids.find('/a')?.session !== session,
      'the node to know',
    );
    const arePaired = () => [1, 2].every((n) => [...(nodes[n]?.server.parts.pairings ?? [])].length === 1);
    await until(arePaired, 'the pairing at both');
    clients[shy as 'a'].send(answer(asks));
    expect(await clients[asks].takeOne()).toEqual(from(shy, answer(asks)));
    expect([clients.a.inbox, clients.b.inbox]).toEqual([[], []]);
  });

  it.each([
    ['a third node', 2, 1],
    ['the node that it comes to', 1, 1],
  ])('one whose node was lost goes on at once with its only peer at %s', async (_where, at, to) => {
    const { nodes, kill, advance } = await startTestCluster(3, { peerjs: true, jwtSecret: SECRET });
    const openAt = async (node: number, id: string, more: JWTPayload = {}) => {
      const token = await signWithSecret({ max_peers: 1, ...more });
      const query = new URLSearchParams({ key: 'peerjs', id, token });
      const client = await JsonClient.open(`${nodes[node]?.server.url}peerjs?${query}`);
      expect(await client.takeOne()).toEqual(OPEN);
      return client;
    };
    const knows = (node: number, id: string) =>
      nodes[node]?.server.parts.cluster?.ids.find(`/${id}`) !== undefined;
    const [lost, b] = [await openAt(0, 'a', { sub: 'a' }), await openAt(at, 'b', { may: [] })];
    await until(() => knows(0, 'b') && knows(1, 'a') && knows(2, 'a'), 'the nodes to know');
    lost.send(offer('b'));
    await b.takeOne();
    await kill(nodes[0] as TestServer);
    await advance(5_000);
    await until(() => !knows(at, 'a'), 'the loss');
    const a = await openAt(to, 'a', { sub: 'a' });
    await until(() => at === to || knows(at, 'a'), 'the node to know');
    b.send(answer('a'));
    expect(await a.takeOne()).toEqual(from('b', answer('a')));
    a.send(candidate('b', 1));
    expect(await b.takeOne()).toEqual(from('a', candidate('b', 1)));
    expect(nodes[at]?.server.parts.pairings.size).toBe(1);
  });
});

/** The messages of a bus, which arrive one by one: in order between two nodes, in any order else. */
function shuffled(hub: { hold(keep: ((deliver: () => void, pair: string) => void) | undefined): void }) {
  const waiting = new Map<string, (() => void)[]>();
  hub.hold((deliver, pair) => {
    const line = waiting.get(pair);
    if (line) line.push(deliver);
    else waiting.set(pair, [deliver]);
  });
  const lines = () => [...waiting.values()].filter((line) => line.length > 0);
  return {
    get isEmpty() {
      return lines().length === 0;
    },
    /** @param pick from 0 to 1 */
    deliverOne(pick: number): void {
      const some = lines();
      some[Math.floor(pick * some.length)]?.shift()?.();
    },
  };
}

it.each(Array.from({ length: runs(12) }, (_, seed) => [SEED + seed]))(
  'two clients that come and go at three nodes are found by each other in the end, and each is at one: seed %i',
  async (seed) => {
    const { hub, openAt, allKnow, epochs } = await threeNodes();
    const random = seededRandom(seed);
    const bus = shuffled(hub);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const sockets: Record<'a' | 'b', JsonClient[]> = { a: [], b: [] };
    const openOf = (id: 'a' | 'b') => sockets[id].filter(({ closed }) => closed === undefined);
    const comes = async (id: 'a' | 'b') => {
      sockets[id].push(await openAt(1 + Math.floor(random() * 3), id));
    };
    await comes('a');
    await comes('b');
    for (let step = 0; step < 60; step += 1) {
      const what = random();
      const [id, other] = random() < 0.5 ? (['a', 'b'] as const) : (['b', 'a'] as const);
      if (what < 0.2) await comes(id);
      else if (what < 0.25) openOf(id).at(-1)?.socket.terminate();
      else if (what < 0.35)
        openOf(id)
          .at(-1)
          ?.send(candidate(other, `${seed} ${step}`));
      else bus.deliverOne(random());
      await turn();
    }
    const drain = async () => {
      while (!bus.isEmpty) {
        bus.deliverOne(random());
        await turn();
      }
    };
    await drain();
    for (const id of ['a', 'b'] as const) if (openOf(id).length === 0) await comes(id);
    for (let quiet = 0; quiet < 20; quiet += 1) {
      await drain();
      await turn();
    }
    hub.hold(undefined);
    await until(() => openOf('a').length === 1 && openOf('b').length === 1, 'each to be at one node');
    await Promise.all([allKnow('a'), allKnow('b')]);
    const [[a], [b]] = [openOf('a'), openOf('b')] as [[JsonClient], [JsonClient]];
    await settled(a, 'a');
    await settled(b, 'b');
    a.inbox.length = 0;
    b.inbox.length = 0;
    await reachEachOther(a, b, 'last');
    await until(() => new Set(epochs().flat()).size === 1, 'one pairing');
  },
);
