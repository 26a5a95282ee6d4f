/** Rooms and nodes on the inspector's feed: what a page that looks at them is sent, over real sockets. */
import { describe, expect, it } from '@jest/globals';
import type { NodeView, RoomEdgeFacts } from '../../../src/protocol/index.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { SECRETS, sdp } from '../../support/clients/signal-fixtures.ts';
import { openFeed, type TestFeed } from '../../support/inspect-feed.ts';
import { startTestCluster, twoNodes } from '../../support/servers/test-cluster.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';
import { until } from '../../support/until.ts';

const mesh = { topology: 'mesh' };

async function enter(client: RawClient, create: object = mesh, room = 'den'): Promise<void> {
  client.send({ type: 'join_room', room, create });
  await client.until(() => client.inbox.some(({ type }) => type === 'room_joined'), 'room_joined');
}

/** So many members of a mesh, each paired with each other one. */
async function meshOf(test: TestServer, count: number, room = 'den'): Promise<RawClient[]> {
  const members: RawClient[] = [];
  for (let next = 0; next < count; next += 1) {
    const member = await test.connect(8);
    await enter(member, mesh, room);
    members.push(member);
  }
  for (const member of members) await member.settled();
  return members;
}

/** Both say that they are connected, or that they are not. */
async function report(test: TestServer, one: RawClient, other: RawClient, state: string): Promise<number> {
  const pairing = [...test.server.parts.pairings].find(({ initiator, responder }) =>
    [initiator, responder].every(({ id }) => id === one.id || id === other.id),
  );
  if (!pairing) throw new Error('the two are not paired');
  const { epoch, initiator } = pairing;
  const [asker, asked] = initiator.id === one.id ? [one, other] : [other, one];
  asker.send({ type: 'offer', sdp, epoch });
  await asker.settled();
  asked.send({ type: 'answer', sdp, epoch });
  await asked.settled();
  for (const client of [asker, asked]) client.send({ type: 'report', state, epoch });
  for (const client of [asker, asked]) await client.settled();
  return epoch;
}

async function look({ server }: TestServer): Promise<TestFeed> {
  const feed = await openFeed(server);
  await feed.next('hello');
  return feed;
}

async function roomOn(feed: TestFeed, room = 'den', app = '') {
  feed.send({ type: 'room', app, room });
  return (await feed.next('room', (message) => message.room.name === room && message.room.app === app)).room;
}

const endsOf = ({ initiator_id, responder_id }: RoomEdgeFacts) => [initiator_id, responder_id];

describe('a room on the feed', () => {
  it('names an edge that failed, with its reason, its pairing, and when it is tried again; it comes first', async () => {
    const test = await startTestServer();
    const members = (await meshOf(test, 4)) as [RawClient, RawClient, RawClient, RawClient];
    const [a, b, c, d] = members;
    await report(test, a, b, 'connected');
    const epoch = await report(test, c, d, 'failed');
    c.send({ type: 'reject', epoch });
    await c.settled();
    const room = await roomOn(await look(test));
    expect(room).toMatchObject({
      app: '',
      name: 'den',
      topology: 'mesh',
      state: 'open',
      members: 4,
      leader_id: a.id,
      shown_members: members.map(({ id }) => ({ id })),
      edges: { wanted: 6, missing: 1, connecting: 4, unknown: 0 },
    });
    expect(room.shown_edges).toHaveLength(6);
    const [failed] = room.shown_edges as [RoomEdgeFacts];
    expect(failed).toEqual({
      initiator_id: d.id,
      responder_id: c.id,
      state: 'missing',
      reason: 'rejected',
      // From the record: both have said that it failed.
      cause: expect.stringMatching(/reported that its connection failed/),
      attempts: 1,
      since: expect.any(Number),
      again: expect.any(Number),
      epoch,
    });
    const againMs = (failed.again ?? 0) - failed.since;
    expect([againMs >= 1_000, againMs <= 2_000]).toEqual([true, true]);
    expect(Math.abs(test.clock.wallTime() - failed.since)).toBeLessThanOrEqual(1_000);
    expect(room.shown_edges.slice(1, 5).map(({ state }) => state)).toEqual(Array(4).fill('connecting'));
    const [connected] = room.shown_edges.slice(5) as [RoomEdgeFacts];
    expect(endsOf(connected)).toEqual([b.id, a.id]);
    expect(connected).toMatchObject({ state: 'connected' });
    expect([connected.reason, connected.attempts]).toEqual([undefined, undefined]);
  });

  it('names no pairing that cannot be opened: one that ended well is not kept', async () => {
    const test = await startTestServer();
    const [, b] = (await meshOf(test, 2)) as [RawClient, RawClient];
    b.send({ type: 'unpair' });
    await b.settled();
    const feed = await look(test);
    expect((await roomOn(feed)).shown_edges).toMatchObject([{ state: 'missing', reason: 'unpaired' }]);
    expect((await roomOn(feed)).shown_edges[0]?.epoch).toBeUndefined();
  });

  it('is sent anew when something changed, to whoever looks at it, and only then', async () => {
    const test = await startTestServer();
    const [a, b] = (await meshOf(test, 2)) as [RawClient, RawClient];
    const [looking, other] = [await look(test), await look(test)];
    await roomOn(looking);
    /** What came of a room within a second in which somebody joined, or nobody. */
    const rooms = async (feed: TestFeed) => {
      await test.clock.advance(1_000);
      await feed.list({ of: 'session' });
      return feed.inbox.splice(0).filter(({ type }) => type === 'room');
    };
    expect(await rooms(looking)).toEqual([]);
    await report(test, a, b, 'connected');
    expect(await rooms(looking)).toMatchObject([{ room: { edges: { connecting: 0, missing: 0 } } }]);
    expect(await rooms(looking)).toEqual([]);
    looking.send({ type: 'unwatch' });
    await a.close();
    expect(await rooms(looking)).toEqual([]);
    expect(await rooms(other)).toEqual([]);
  });

  it('says that a client is away, that the room is locked, and that it is gone', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(8), await test.connectResumable(8)];
    for (const client of [a, b]) await enter(client);
    a.send({ type: 'lock_room', room: 'den', locked: true });
    await a.settled();
    b.socket.terminate();
    const { sessions } = test.server.parts;
    await until(() => sessions.get(b.id)?.client.isOnline === false, 'a client that is away');
    const feed = await look(test);
    expect(await roomOn(feed)).toMatchObject({
      state: 'locked',
      shown_members: [{ id: a.id }, { id: b.id, is_away: true }],
    });
    feed.send({ type: 'room', app: '', room: 'none' });
    expect(await feed.next('no_room')).toEqual({ type: 'no_room', app: '', room: 'none' });
  });

  // A mesh of 200 would have 19,900 edges: minutes of work for a busy machine, and no more of them are shown.
  it.each([
    { topology: 'mesh', members: 30, wanted: 435, shownMembers: 30, shownEdges: 300, connecting: 15 },
    { topology: 'star', members: 210, wanted: 209, shownMembers: 200, shownEdges: 209, connecting: 1 },
  ])(
    'of $members in a $topology is sent within bounds: at most 200 members and 300 edges, and how many there are',
    async ({ topology, members: count, ...expected }) => {
      const most = { maxMembersPerRoom: 0, maxDeliveredBytesPerSecond: 0, maxConnectionsPerAddress: 0 };
      const test = await startTestServer({ ...most, logLevel: 'silent' });
      const members = await Promise.all(Array.from({ length: count }, () => test.connect()));
      for (const member of members) await enter(member, { topology });
      const { edges } = test.server.parts.signaling.rooms;
      await until(() => [...edges.all].every(({ value }) => value !== 'pairing'), 'an answer for each edge');
      // Who has one peer is missed by the others.
      const room = await roomOn(await look(test));
      expect(room.members).toBe(count);
      expect([room.shown_members.length, room.shown_edges.length]).toEqual([
        expected.shownMembers,
        expected.shownEdges,
      ]);
      const { wanted, connecting } = expected;
      expect(room.edges).toEqual({ wanted, connecting, missing: wanted - connecting, unknown: 0 });
      const reasons = room.shown_edges.flatMap(({ reason }) => reason ?? []);
      expect(new Set(reasons)).toEqual(new Set(['too_many_peers']));
      // What both at their most come to.
      const bytes = (of: unknown) => JSON.stringify(of).length;
      const [member, edge] = [room.shown_members, room.shown_edges].map(
        (all) => Math.max(...all.map(bytes)) + 1,
      ) as [number, number];
      expect(bytes({ ...room, shown_members: [], shown_edges: [] }) + 200 * member + 300 * edge).toBeLessThan(
        128 * 1024,
      );
    },
  );

  it('shows no password, metadata, SDP or address', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connect(8), await test.connect(8)];
    const password = 'correct horse battery staple';
    a.send({
      type: 'join_room',
      room: 'den',
      metadata: 'of mine',
      create: { ...mesh, password, metadata: 'of it' },
    });
    await a.settled();
    b.send({ type: 'join_room', room: 'den', password });
    await b.settled();
    await report(test, a, b, 'connected');
    const feed = await look(test);
    feed.send({ type: 'rooms', query: '' });
    const text = JSON.stringify([await roomOn(feed), await feed.next('rooms')]);
    for (const secret of [password, 'of mine', 'of it', '127.0.0.1', ...Object.values(SECRETS)])
      expect(text).not.toContain(secret);
  });

  it('of one app is not that of another with the same name', async () => {
    const test = await startTestServer({ jwtSecret: SECRET });
    const join = async (sub: string, app: string) => {
      const token = await signWithSecret({ sub, app });
      const client = await RawClient.connect(`${test.server.url}?peers=8`, { token });
      await enter(client);
      return client;
    };
    for (const sub of ['ann', 'bob']) await join(sub, 'chess');
    await join('eve', 'go');
    const feed = await look(test);
    const idsIn = async (app: string) => (await roomOn(feed, 'den', app)).shown_members.map(({ id }) => id);
    expect(await idsIn('chess')).toEqual(['chess/ann', 'chess/bob']);
    expect(await idsIn('go')).toEqual(['go/eve']);
    feed.send({ type: 'room', app: '', room: 'den' });
    await feed.next('no_room');
    feed.send({ type: 'rooms', query: 'CHESS' });
    expect((await feed.next('rooms')).rooms).toMatchObject([{ app: 'chess', name: 'den', members: 2 }]);
  });
});

describe('the list of rooms on the feed', () => {
  it('has 50 rooms, those with missing edges first, then the newest; and finds any by a part of its name', async () => {
    const test = await startTestServer();
    const [a, b] = (await meshOf(test, 2, 'first')) as [RawClient, RawClient];
    for (let next = 0; next < 60; next += 1) {
      test.clock.advance(10);
      await enter(await test.connect(), mesh, `Den ${next}`);
    }
    a.send({ type: 'unpair' });
    await Promise.all([a.settled(), b.settled()]);
    const feed = await look(test);
    feed.send({ type: 'rooms', query: '' });
    const { total, rooms } = await feed.next('rooms');
    expect([total, rooms.length]).toEqual([61, 50]);
    expect(rooms[0]).toMatchObject({
      name: 'first',
      topology: 'mesh',
      members: 2,
      edges: { wanted: 1, missing: 1, connecting: 0, unknown: 0 },
    });
    expect(rooms.slice(1).map(({ name }) => name)).toEqual(
      Array.from({ length: 49 }, (_, i) => `Den ${59 - i}`),
    );
    feed.send({ type: 'rooms', query: 'den 1' });
    const found = await feed.next('rooms', ({ query }) => query === 'den 1');
    expect(found.total).toBe(11);
  });

  it('counts the edges of a star, and none where no one leads', async () => {
    const test = await startTestServer();
    for (let next = 0; next < 3; next += 1) {
      const client = await test.connect(8);
      await enter(client, { topology: 'star' }, 'star');
      await enter(client, { topology: 'star', leader: 'nobody' }, 'leaderless');
      await enter(client, { topology: 'none' }, 'lobby');
      await client.settled();
    }
    const feed = await look(test);
    feed.send({ type: 'rooms', query: '' });
    const { rooms } = await feed.next('rooms');
    const wanted = Object.fromEntries(rooms.map(({ name, edges }) => [name, edges.wanted]));
    expect(wanted).toEqual({ star: 2, leaderless: 0, lobby: 0 });
    expect(rooms.find(({ name }) => name === 'star')?.edges.connecting).toBe(2);
  });
});

describe('over nodes', () => {
  it('a room says where its members are, and counts the edges that only other nodes know', async () => {
    const { nodes } = await startTestCluster(3);
    const [one, two, three] = nodes as [TestServer, TestServer, TestServer];
    const members: RawClient[] = [];
    for (const node of [one, two, three]) {
      const member = await node.connect(8);
      await enter(member);
      members.push(member);
      const known = ({ server }: TestServer) =>
        server.parts.signaling.rooms.find('', 'den')?.memberships.size;
      await until(() => nodes.every((at) => known(at) === members.length), 'the same members on all nodes');
    }
    const [a, b, c] = members as [RawClient, RawClient, RawClient];
    const edges = ({ server }: TestServer) => server.parts.signaling.rooms.edges.all;
    await until(() => [...edges(one)].every(({ value }) => value === 'connecting'), 'two pairings');
    const room = await roomOn(await look(one));
    expect(room.shown_members).toEqual([
      { id: a.id, node: 1 },
      { id: b.id, node: 2 },
      { id: c.id, node: 3 },
    ]);
    expect(room.edges).toEqual({ wanted: 3, missing: 0, connecting: 2, unknown: 1 });
    expect(room.shown_edges.map(endsOf)).toEqual([
      [b.id, a.id],
      [c.id, a.id],
    ]);
  });

  it('an edge that is asked for again says since when, while another node has not answered', async () => {
    const { one, two, advance, hold } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    await enter(a);
    await until(() => two.server.parts.signaling.rooms.find('', 'den')?.memberships.size === 1, 'the room');
    await enter(b);
    await b.until(() => b.inbox.some(({ type }) => type === 'paired'), 'paired');
    b.send({ type: 'unpair' });
    await b.settled();
    const feed = await look(two);
    const edgeNow = async () => (await roomOn(feed)).shown_edges[0] as RoomEdgeFacts;
    const missing = await edgeNow();
    expect(missing).toMatchObject({ state: 'missing', reason: 'unpaired' });
    hold();
    await advance(2_500);
    const asked = await edgeNow();
    expect(asked.state).toBe('pairing');
    expect(asked.since).toBeGreaterThanOrEqual(missing.again ?? Number.POSITIVE_INFINITY);
  });

  it('each node is seen with its link, and with the sessions that moved between the two', async () => {
    const { nodes, kill, advance } = await startTestCluster(3);
    const [one, two, three] = nodes as [TestServer, TestServer, TestServer];
    const client = await one.connectResumable();
    const feed = await look(one);
    const nodesNow = async (fits: (view: NodeView) => boolean) => {
      feed.send({ type: 'nodes' });
      const { nodes: views } = await feed.next('nodes', (message) => fits(message.nodes[0] as NodeView));
      expect(views).toHaveLength(1);
      return views[0] as NodeView;
    };
    expect(await nodesNow(() => true)).toMatchObject({
      node: 1,
      sessions: 1,
      is_bus_up: true,
      hidden: 0,
      links: [
        { node: 2, state: 'open', pairings: 0, sessions: 0 },
        { node: 3, state: 'open', pairings: 0, sessions: 0 },
      ],
    });
    const there = await client.comeBack(two.server.url);
    const peer = await one.connect();
    peer.send({ type: 'pair_request', target_id: there.id });
    await peer.next('paired');
    const gone = await nodesNow(({ events }) => events.some(({ kind }) => kind === 'went'));
    expect(gone.events).toMatchObject([
      { kind: 'opened', node: 2 },
      { kind: 'opened', node: 3 },
      { kind: 'went', node: 2, id: client.id },
    ]);
    expect(gone).toMatchObject({ sessions: 1, links: [{ node: 2, pairings: 1, sessions: 1 }, { node: 3 }] });
    await there.comeBack(one.server.url);
    const back = await nodesNow(({ events }) => events.some(({ kind }) => kind === 'came'));
    expect(back.events.at(-1)).toMatchObject({ kind: 'came', node: 2, id: client.id });
    expect(back).toMatchObject({ sessions: 2, links: [{ node: 2, sessions: 0 }, { node: 3 }] });
    await kill(three);
    await advance(6_000);
    const left = await nodesNow(({ events }) => events.some(({ kind }) => kind === 'lost'));
    expect(left.links.filter(({ state }) => state === 'open').map(({ node }) => node)).toEqual([2]);
    expect(left.events.at(-1)).toMatchObject({ kind: 'lost', node: 3 });
  });

  it('a session that no node has is noted, as a client came back from a node that does not know it', async () => {
    const { nodes } = await startTestCluster(2);
    const [one, two] = nodes as [TestServer, TestServer];
    const client = await two.connectResumable();
    const { id } = client;
    await client.close();
    await until(() => !two.server.parts.sessions.has(id), 'the end of the session');
    const again = await client.comeBack(one.server.url);
    expect(again.id).not.toBe(id);
    const feed = await look(one);
    feed.send({ type: 'nodes' });
    const { nodes: views } = await feed.next('nodes');
    expect(views[0]?.events.at(-1)).toMatchObject({ kind: 'not_found', node: 2, id });
  });

  it('a server that runs alone has no nodes', async () => {
    const feed = await look(await startTestServer());
    feed.send({ type: 'nodes' });
    expect(await feed.next('nodes')).toEqual({ type: 'nodes', nodes: [] });
  });
});
