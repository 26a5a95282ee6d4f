/** What one node makes of what the others say about sessions: where they are, and which of several copies counts. */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessage, NodeMessageOf, SessionSnapshot } from '../../../src/protocol/cluster/index.ts';
import { closeCodes } from '../../../src/protocol/index.ts';
import { LocalBusHub } from '../../../src/server/cluster/bus/local-bus.ts';
import type { Cluster } from '../../../src/server/cluster/cluster.ts';
import type { OwnIds } from '../../../src/server/signaling/chosen-ids.ts';
import type { ServerSession } from '../../../src/server/signaling/session.ts';
import type { Topics } from '../../../src/server/signaling/topics/topics.ts';
import { ResumableClient } from '../../support/clients/resumable-client.ts';
import { comesTo } from '../../support/network/cluster-assertions.ts';
import { ask, nobodyOn, pairAcross, twoNodes } from '../../support/servers/test-cluster.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';
import { turn, until } from '../../support/until.ts';

const id = nobodyOn(1);

/** What a node tells the others from now on; none of it arrives. */
function listenTo({ links }: Cluster) {
  const sent: object[] = [];
  links.send = (node: number, message: NodeMessage) => void sent.push({ to: node, ...message });
  return () => sent.splice(0);
}

async function nodeOne() {
  const hub = new LocalBusHub();
  const test = await startTestServer({ node: 1 }, { bus: hub.bus(1) });
  const { parts } = test.server;
  const cluster = parts.cluster as Cluster;
  const { locations } = parts.remotePairings;
  return {
    ...{ ...test, hub, cluster, locations, told: listenTo(cluster) },
    hosts: (node: number, generation: number, more: Partial<NodeMessageOf<'hosting'>> = {}) =>
      cluster.received(node, { type: 'hosting', sessions: [{ id, generation }], ...more }),
    at: () => locations.get(id)?.node,
  };
}

type Copies = Record<'first' | 'second', { node: number; generation: number }> & { lost?: number };

describe('a session that began here', () => {
  it('is where a node says that it has it, until that node says that it is gone', async () => {
    const { cluster, hosts, at, told } = await nodeOne();
    hosts(2, 1);
    hosts(2, 1);
    cluster.received(3, { type: 'left', id });
    expect(at()).toBe(2);
    cluster.received(2, { type: 'left', id });
    expect([at(), told()]).toEqual([undefined, []]);
  });

  it('is where a node says that another one has it', async () => {
    const { hosts, at } = await nodeOne();
    hosts(2, 1, { at: 3 });
    expect(at()).toBe(3);
  });

  it.each([
    [
      'came back there more often',
      { first: { node: 3, generation: 1 }, second: { node: 2, generation: 2 } },
      2,
    ],
    [
      'came back as often, and the node is lower',
      { first: { node: 3, generation: 1 }, second: { node: 2, generation: 1 } },
      2,
    ],
    [
      'came back there less often',
      { first: { node: 3, generation: 2 }, second: { node: 2, generation: 1 } },
      3,
    ],
    [
      'came back as often, and the node is higher',
      { first: { node: 2, generation: 1 }, second: { node: 3, generation: 1 } },
      2,
    ],
    [
      'came back as often, and the node is higher, but the first one is lost',
      { first: { node: 2, generation: 1 }, second: { node: 3, generation: 1 }, lost: 2 },
      3,
    ],
  ])(
    'is at one of two nodes, and the other one is told so: of the second it is said that it %s',
    async (_why, { first, second, lost: gone }: Copies, winner) => {
      const { hosts, at, told, cluster } = await nodeOne();
      cluster.links.isOpen = (node) => node !== gone;
      for (const { node, generation } of [first, second]) hosts(node, generation);
      expect(at()).toBe(winner);
      const [won, lost] = second.node === winner ? [second, first] : [first, second];
      const sessions = [{ id, generation: won.generation }];
      expect(told()).toEqual([{ to: lost.node, type: 'hosting', sessions, at: winner }]);
    },
  );

  it('is where a node says so, if it was handed to another one that has not said that it came', async () => {
    const { hosts, at, locations } = await nodeOne();
    locations.set(id, { node: 2, generation: 1, isConfirmed: false });
    hosts(3, 1);
    expect(at()).toBe(3);
  });

  it('and is here is given up to a node to which it came later, and to no other', async () => {
    const { connectResumable, cluster, server, told } = await nodeOne();
    const client = await connectResumable();
    const copy = (generation: number) => ({ id: client.id, generation });
    cluster.received(2, { type: 'hosting', sessions: [copy(0)] });
    expect(told()).toEqual([{ to: 2, type: 'hosting', sessions: [copy(0)], at: 1 }]);
    expect(server.parts.sessions.has(client.id)).toBe(true);
    cluster.received(2, { type: 'hosting', sessions: [copy(1)] });
    expect(server.parts.sessions.has(client.id)).toBe(false);
    expect((await client.whenClosed()).code).toBe(closeCodes.takenOver);
  });
});

describe('of two clients with one id given by tokens', () => {
  it.each([
    ['that claimed it earlier', 99, 2, true],
    ['that claimed it later', 101, 2, false],
    ['that claimed it at the same time at a higher node', 100, 2, true],
    ['that claimed it at the same time at a lower node', 100, 0, false],
    ['that is a copy of the same session', 100, 1, true],
  ])('the one here stays or goes as the one there, %s, wants it', async (_which, since, at, stays) => {
    const { connect, server, cluster } = await nodeOne();
    const [client, other] = [await connect(), await connect()];
    Object.assign(server.parts.sessions.get(client.id) as ServerSession, { since: 100, claimedAt: 1 });
    cluster.received(2, { type: 'holding', holders: [{ id: client.id, since, at }] });
    if (!stays) expect((await client.whenClosed()).code).toBe(closeCodes.replaced);
    await other.settled();
    expect(server.parts.sessions.has(client.id)).toBe(stays);
  });

  it('all nodes are told of the one that claims it, and one that comes is told of each that is here', async () => {
    const { one, two } = await twoNodes();
    const cluster = one.server.parts.cluster as Cluster;
    const [client, gone] = [await one.connect(), await one.connect()];
    const told = listenTo(cluster);
    const claims = (of: { id: string }, since: number) => {
      const session = one.server.parts.sessions.get(of.id) as ServerSession;
      Object.assign(session, { since });
      cluster.claimed(session);
    };
    claims(client, 7);
    const holding = { to: 2, type: 'holding', holders: [{ id: client.id, since: 7, at: 1 }] };
    expect(told()).toEqual([holding]);
    claims(gone, 8);
    await gone.close();
    await until(() => !one.server.parts.sessions.has(gone.id), 'the end');
    told();
    cluster.opened(2);
    expect(told().filter((message) => 'holders' in message)).toEqual([holding]);
    expect(two.server.parts.cluster?.links.isOpen(1)).toBe(true);
  });
});

describe('the node where a session began', () => {
  it('is told when it is elsewhere, when their link opens, and when it is over', async () => {
    const { one, two } = await twoNodes();
    const [, other] = [await two.connectResumable(), await two.connectResumable()];
    const guest = await comesTo(one, other);
    const at = () => two.server.parts.remotePairings.locations.get(guest.id);
    await until(() => at()?.isConfirmed === true, 'word of its arrival');
    expect(at()).toMatchObject({ node: 1, generation: 1 });
    const cluster = one.server.parts.cluster as Cluster;
    const told = listenTo(cluster);
    cluster.opened(2);
    expect(told().slice(0, 2)).toMatchObject([
      { to: 2, type: 'hello' },
      { to: 2, type: 'hosting', sessions: [{ id: guest.id, generation: 1 }] },
    ]);
    cluster.opened(3);
    expect(told().map((message) => 'sessions' in message)).not.toContain(true);
    await guest.close();
    await until(() => !one.server.parts.sessions.has(guest.id), 'the end');
    expect(told()).toEqual([{ to: 2, type: 'left', id: guest.id }]);
    cluster.opened(2);
    expect(told().map((message) => 'sessions' in message)).not.toContain(true);
  });
});

it('a client is looked for at another node if one may have it, and can be reached', async () => {
  const { hub, cluster } = await nodeOne();
  const lookUps = () => [undefined, nobodyOn(2), id, 'nonsense', 'app/ann'].map((one) => cluster.lookUp(one));
  expect(lookUps()).toEqual(['unknown', 'elsewhere', 'unknown', 'unknown', 'unknown']);
  await startTestServer({ node: 2 }, { bus: hub.bus(2) });
  hub.goAway();
  expect(lookUps()).toEqual(['unreachable', 'unreachable', 'unknown', 'unknown', 'unreachable']);
});

it('by key, a client is looked for at the nodes that can be reached', async () => {
  const { one } = await twoNodes();
  expect(one.server.parts.cluster?.lookUp()).toBe('elsewhere');
});

describe('a node that is lost', () => {
  /** A session that node 2 was asked for; its answer waits for its turn, as another one takes all the time of this turn. */
  async function withAnswerWaiting() {
    const node = await nodeOne();
    const { cluster, clock } = node;
    const answers: unknown[] = [];
    cluster.fetch({ id: nobodyOn(2), token: 'of a test', received: 0 }, (answer) => answers.push(answer));
    cluster.received(2, { type: 'move', number: 1, id, token: 'none', received: 0 });
    clock.advance(10);
    const session = { generation: 3 } as SessionSnapshot;
    cluster.received(2, { type: 'moved', number: 1, session });
    expect(answers).toEqual([]);
    return { ...node, answers, came: { session, from: 2 } };
  }

  it('has given what it gave before', async () => {
    const { cluster, answers, came } = await withAnswerWaiting();
    cluster.lost(2, true);
    expect(answers).toEqual([came]);
  });

  it('as this one is when it stops, has what came before', async () => {
    const { cluster, answers, came } = await withAnswerWaiting();
    await cluster.stop();
    expect(answers).toEqual([came]);
  });

  it('has given it before what it says about that session next, and not before what it says of others', async () => {
    const { cluster, answers, came } = await withAnswerWaiting();
    cluster.received(2, { type: 'left', id });
    expect(answers).toEqual([]);
    cluster.received(2, { type: 'left', id: nobodyOn(2) });
    expect(answers).toEqual([came]);
  });

  it('has given it before what it says that may be about any', async () => {
    const { cluster, answers, came } = await withAnswerWaiting();
    cluster.received(2, { type: 'rooms_told' });
    expect(answers).toEqual([came]);
  });

  it('is where a session is for 60 s', async () => {
    const { cluster, locations, clock, at } = await nodeOne();
    locations.set(id, { node: 2, generation: 1, isConfirmed: true });
    cluster.lost(2, false);
    const look = (ms: number) => {
      clock.advance(ms);
      locations.set(nobodyOn(2), { node: 3, generation: 1, isConfirmed: true });
      return at();
    };
    expect([look(59_999), look(1)]).toEqual([2, undefined]);
  });

  it('is remembered and noted if it was there', async () => {
    const { cluster } = await nodeOne();
    const noted = () => cluster.events.newest.map(({ kind, node }) => [kind, node]);
    cluster.lost(2, false);
    expect([noted(), cluster.inboundMigrations.lostNodes.size]).toEqual([[], 0]);
    cluster.lost(3, true);
    expect([noted(), cluster.inboundMigrations.lostNodes.size]).toEqual([[['lost', 3]], 1]);
  });

  it('leaves nobody waiting for it, and nothing of it counts', async () => {
    const { one, a, b, hub } = await pairAcross();
    const cluster = one.server.parts.cluster as Cluster;
    const client = await one.connect();
    // It is asked, and does not answer.
    hub.hold(() => {});
    client.send(ask(nobodyOn(2)));
    const session = () => one.server.parts.sessions.get(client.id);
    await until(() => session()?.pendingPairRequest !== undefined, 'the request');
    const counted = cluster.admin.ask('list_apps', {});
    cluster.topics.serve({ joinNodes() {} } as Partial<Topics> as Topics);
    cluster.received(2, { type: 'topics_joined', topics: ['t'], subscribers: [3] });
    cluster.ids.serve({ find() {}, arrivedElsewhere() {} } as Partial<OwnIds> as OwnIds);
    const holder = { id: 'bob', proof: 'p', session: b.id, online: true, version: 1 };
    cluster.received(2, { type: 'ids_taken', holders: [holder] });
    expect([cluster.topics.sizeOf('t'), cluster.ids.find('bob')?.node]).toEqual([3, 2]);
    cluster.lost(2, true);
    const missing = await Promise.race([counted?.then((all) => all.missing), turn()]);
    expect([cluster.topics.sizeOf('t'), cluster.ids.find('bob'), missing]).toEqual([0, undefined, [2]]);
    expect(await client.next('error')).toMatchObject({ code: 'target_not_found', for: 'pair_request' });
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
  });
});

it('a node that comes is told what this one has, after which secret it has and before which ids', async () => {
  const { one, b } = await pairAcross();
  const cluster = one.server.parts.cluster as Cluster;
  const session = [...one.server.parts.sessions.values()].find((each) => each.id !== b.id) as ServerSession;
  Object.assign(session, { since: 7 });
  cluster.claimed(session);
  const holder = { id: 'ann', proof: 'p', isOnline: true, session: session.id };
  cluster.ids.serve({ holders: [holder] } as Partial<OwnIds> as OwnIds);
  cluster.topics.counted('t', 3);
  const told = listenTo(cluster);
  cluster.opened(2);
  expect(told().map((message) => (message as NodeMessage).type)).toEqual([
    ...['hello', 'holding', 'reclaim', 'rooms_told', 'topics_joined', 'ids_taken'],
  ]);
  expect(cluster.events.newest.at(-1)).toMatchObject({ kind: 'opened', node: 2 });
});

describe('a node where a session did not begin', () => {
  it('tells the one where it did of 1,000 sessions at once', async () => {
    const { cluster, server, told } = await nodeOne();
    const { directory } = server.parts.signaling;
    const ids = Array.from({ length: 1_001 }, (_, n) => `${nobodyOn(2).slice(0, -4)}${1_000 + n}`);
    for (const one of ids) directory.opened({ id: one, generation: 1, since: 0 } as ServerSession);
    cluster.opened(2);
    const hosted = told().flatMap((message) => ('sessions' in message ? [message.sessions] : []));
    const copies = ids.map((one) => ({ id: one, generation: 1 }));
    expect(hosted).toEqual([copies.slice(0, 1_000), copies.slice(1_000)]);
    // Nothing else is known of these sessions.
    directory.sessions.clear();
  });

  it('says nothing of it to the node where it did while that is lost', async () => {
    const { one, two, kill, advance } = await twoNodes();
    const [guest, client] = [await two.connectResumable(), await two.connectResumable()];
    const cluster = one.server.parts.cluster as Cluster;
    const atOne = await comesTo(one, guest);
    await kill(two);
    await advance(5_000);
    const { links } = cluster;
    const send = links.send.bind(links);
    const told: string[] = [];
    links.send = (node, message) => {
      told.push(message.type);
      send(node, message);
    };
    await comesTo(one, client);
    await atOne.close();
    await until(() => !one.server.parts.sessions.has(guest.id), 'the end');
    // Only whether it has the session of the second client.
    expect(told).toEqual(['move']);
  });
});

it('where a session is that has come back to where it began is not elsewhere', async () => {
  const { one, two } = await twoNodes();
  const client = await comesTo(two, await one.connectResumable());
  const at = () => one.server.parts.remotePairings.locations.get(client.id);
  await until(() => at()?.isConfirmed === true, 'the word of it');
  await comesTo(one, client);
  expect(at()).toBeUndefined();
});

it('a session whose id was given by a token is told of at the node to which it came', async () => {
  const { one, two } = await twoNodes(new LocalBusHub(), { jwtSecret: SECRET });
  const token = await signWithSecret({ sub: 'ann' });
  const ann = await ResumableClient.connect(one.server.url, { token });
  await comesTo(two, ann);
  const cluster = two.server.parts.cluster as Cluster;
  const told = listenTo(cluster);
  cluster.opened(3);
  const [{ id, since, claimedAt }] = [...two.server.parts.sessions.values()] as [ServerSession];
  expect(told()).toContainEqual({ to: 3, type: 'holding', holders: [{ id, since, at: claimedAt }] });
});

it('a request that another node has answered is under way no more', async () => {
  const { connect, server, cluster, told } = await nodeOne();
  const client = await connect();
  const epoch = () => server.parts.sessions.get(client.id)?.pendingPairRequest?.epoch;
  client.send({ type: 'pair_request', target_id: nobodyOn(2) });
  await until(() => epoch() !== undefined, 'the request');
  expect(told()).toMatchObject([{ to: 2, type: 'ask', epoch: epoch() }]);
  cluster.received(2, { type: 'denied', epoch: Number(epoch()), to: client.id, code: 'target_not_found' });
  expect(epoch()).toBeUndefined();
  expect(await client.next('error')).toMatchObject({ code: 'target_not_found' });
});
