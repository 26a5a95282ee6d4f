/** Rooms whose members are clients of several nodes, over real WebSockets. */
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../src/server/cluster/cluster.ts';
import { messageOf } from '../../../../src/server/cluster/rooms/room-snapshot.ts';
import type { Room } from '../../../../src/server/signaling/rooms/room.ts';
import type { RawClient, Received } from '../../../support/clients/raw-client.ts';
import { saidBy } from '../../../support/network/recorded-links.ts';
import { nobodyOn, startTestCluster, twoNodes } from '../../../support/servers/test-cluster.ts';
import type { TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const none = { topology: 'none' } as const;
const mesh = { topology: 'mesh' } as const;

/** Takes the first message of a type, wherever it is among the others. */
async function take(client: RawClient, type: string): Promise<Received> {
  await client.until(() => client.inbox.some((message) => message.type === type), type);
  const at = client.inbox.findIndex((message) => message.type === type);
  return client.inbox.splice(at, 1)[0] as Received;
}

async function enter(client: RawClient, more: object = { create: none }): Promise<Received> {
  client.send({ type: 'join_room', room: 'den', ...more });
  return take(client, 'room_joined');
}

const roomOn = ({ server }: TestServer) => server.parts.signaling.rooms.find('', 'den');
const membersOn = (node: TestServer) => roomOn(node)?.context.members.map(({ id }) => id) ?? [];
const leaderOn = (node: TestServer) => roomOn(node)?.context.leaderId;
const agree = (nodes: readonly TestServer[], count: number) =>
  until(
    () =>
      nodes.every((node) => membersOn(node).length === count) &&
      new Set(nodes.map((node) => membersOn(node).join())).size === 1,
    `${count} members on all nodes`,
  );

describe('a room over nodes', () => {
  it('has the members of all of them, who see each other join, change and leave', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    await enter(a, { create: none, metadata: 'Ann' });
    await agree([one, two], 1);
    expect(await enter(b, { metadata: 'Bob' })).toMatchObject({
      peers: [{ id: a.id, metadata: 'Ann' }],
      leader: a.id,
    });
    expect(await take(a, 'peer_joined')).toMatchObject({ peer: { id: b.id, metadata: 'Bob' } });
    b.send({ type: 'update_metadata', room: 'den', metadata: 'Bill' });
    expect(await take(a, 'peer_updated')).toMatchObject({ id: b.id, metadata: 'Bill' });
    a.send({ type: 'leave_room', room: 'den' });
    expect(await take(b, 'peer_left')).toMatchObject({ id: a.id, reason: 'left' });
    expect(await take(b, 'leader')).toMatchObject({ id: b.id });
    expect([leaderOn(one), leaderOn(two)]).toEqual([b.id, b.id]);
  });

  it('keeps its password, its size and its lock on every node', async () => {
    const { one, two } = await twoNodes();
    const [a, b, c] = [await one.connect(), await two.connect(), await two.connect()];
    await enter(a, { create: { ...none, password: 'sesame', max_size: 2 } });
    await agree([one, two], 1);
    b.send({ type: 'join_room', room: 'den', password: 'wrong' });
    expect(await take(b, 'error')).toMatchObject({ code: 'wrong_password' });
    await enter(b, { password: 'sesame' });
    c.send({ type: 'join_room', room: 'den', password: 'sesame' });
    expect(await take(c, 'error')).toMatchObject({ code: 'room_full' });
    await agree([one, two], 2);
    a.send({ type: 'lock_room', room: 'den', locked: true });
    expect(await take(b, 'room_locked')).toMatchObject({ locked: true });
    expect(roomOn(two)?.value).toBe('locked');
  });

  it.each([
    ['says it is open', { is_locked: false }],
    ['has an older version of it', { version: 0 }],
    ['says that another one locked it', { by: nobodyOn(9) }],
  ])('is told of the lock that counts where a node %s', async (_what, older) => {
    const { one, two } = await twoNodes();
    const a = await one.connect();
    await enter(a);
    a.send({ type: 'lock_room', room: 'den', locked: true });
    await until(() => roomOn(two)?.value === 'locked', 'the lock');
    const told = saidBy(one.server.parts.cluster as Cluster);
    const known = messageOf(roomOn(two) as Room, []);
    two.server.parts.cluster?.links.send(1, { ...known, lock: { ...known.lock, ...older } });
    await until(() => told.length > 0, 'the answer');
    const lock = { is_locked: true, version: 1, by: a.id };
    expect(told).toMatchObject([{ node: 2, message: { type: 'room', lock } }]);
  });

  it('pairs members of two nodes once: the one who came later asks, and both are told of their edge', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    await enter(a, { create: mesh });
    await agree([one, two], 1);
    await enter(b);
    expect(await take(b, 'paired')).toMatchObject({ peer_id: a.id, initiator: true, room: 'den' });
    expect(await take(a, 'paired')).toMatchObject({ peer_id: b.id, initiator: false, room: 'den' });
    expect(await take(a, 'edge')).toMatchObject({ id: b.id, state: 'connecting' });
    expect(await take(b, 'edge')).toMatchObject({ id: a.id, state: 'connecting' });
    b.send({ type: 'offer', sdp: 'x' });
    await take(a, 'offer');
    a.send({ type: 'answer', sdp: 'x' });
    await take(b, 'answer');
    for (const client of [a, b]) client.send({ type: 'report', state: 'connected' });
    for (const client of [a, b]) expect(await take(client, 'edge')).toMatchObject({ state: 'connected' });
    b.send({ type: 'leave_room', room: 'den' });
    expect(await take(a, 'peer_disconnected')).toMatchObject({ peer_id: b.id });
    await until(() => [one, two].every(({ server }) => server.parts.pairings.size === 0), 'no pairing');
  });

  it('names an edge to a member elsewhere that has no place for it, and forms it once it has', async () => {
    const cluster = await twoNodes();
    const { one, two } = cluster;
    const [a, b, c] = [await one.connect(), await one.connect(), await two.connect()];
    await enter(a, { create: mesh });
    await enter(b);
    await agree([one, two], 2);
    await enter(c);
    for (const missing of [await take(c, 'edge'), await take(c, 'edge')])
      expect(missing).toMatchObject({ state: 'missing', reason: 'too_many_peers' });
    b.send({ type: 'leave_room', room: 'den' });
    await take(c, 'peer_left');
    await cluster.advance(2_500);
    expect(await take(c, 'paired')).toMatchObject({ peer_id: a.id });
  });
});

describe('a member that comes back to another node', () => {
  it('is one still, and paired still; nobody is told that it left', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await one.connectResumable()];
    await enter(a, { create: mesh });
    await enter(b);
    await take(a, 'paired');
    await agree([one, two], 2);
    b.socket.terminate();
    await b.whenClosed();
    const back = await b.comeBack(two.server.url);
    await until(() => roomOn(two)?.memberships.get(b.id)?.session !== undefined, 'its membership');
    back.send({ type: 'update_metadata', room: 'den', metadata: 'here' });
    expect(await take(a, 'peer_updated')).toMatchObject({ id: b.id, metadata: 'here' });
    expect(a.inbox.filter(({ type }) => type === 'peer_left' || type === 'peer_disconnected')).toEqual([]);
    back.send({ type: 'leave_room', room: 'den' });
    expect(await take(a, 'peer_left')).toMatchObject({ id: b.id, reason: 'left' });
    await take(a, 'peer_disconnected');
    await until(() => [one, two].every(({ server }) => server.parts.pairings.size === 0), 'no pairing');
  });

  it('because its own died, is one still; one that comes back nowhere has left after its time', async () => {
    const cluster = await startTestCluster(3, { pingIntervalMs: 0 });
    const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
    const a = await one.connect();
    const [b, c] = [await two.connectResumable(), await two.connectResumable()];
    await enter(a);
    await agree([one, two, three], 1);
    await enter(b);
    await enter(c);
    await agree([one, two, three], 3);
    await cluster.kill(two);
    await cluster.advance(5_000);
    expect(membersOn(one)).toEqual([a.id, b.id, c.id]);
    await b.comeBack(three.server.url);
    await until(() => roomOn(three)?.memberships.get(b.id)?.session !== undefined, 'its membership');
    await cluster.advance(40_000);
    expect(await take(a, 'peer_left')).toMatchObject({ id: c.id, reason: 'timed_out' });
    expect([membersOn(one), membersOn(three)]).toEqual([
      [a.id, b.id],
      [a.id, b.id],
    ]);
  });
});

describe('nodes that lose each other', () => {
  it('and meet again have the same members, leader and options, and who is one too many is out', async () => {
    const cluster = await startTestCluster(2);
    const [one, two] = cluster.nodes as [TestServer, TestServer];
    const mend = cluster.sever(two);
    await cluster.advance(5_000);
    const clients = [await one.connect(), await one.connect(), await two.connect(), await two.connect()];
    const [a, b, c, d] = clients as [RawClient, RawClient, RawClient, RawClient];
    await enter(a, { create: { ...none, max_size: 3 } });
    one.clock.advance(10);
    two.clock.advance(20);
    await enter(c, { create: { ...none, max_size: 9 } });
    one.clock.advance(30);
    await enter(b);
    two.clock.advance(40);
    await enter(d);
    mend();
    await cluster.advance(10_000);
    await agree([one, two], 3);
    expect(leaderOn(one)).toBe(leaderOn(two));
    expect([roomOn(one)?.context.maxSize, roomOn(two)?.context.maxSize]).toEqual([3, 3]);
    const [out] = clients.filter(({ id }) => !membersOn(one).includes(id)) as [RawClient];
    await out.until(() => out.inbox.some(({ type, id }) => type === 'peer_left' && id === out.id), 'its end');
    expect(out.inbox.find(({ type, id }) => type === 'peer_left' && id === out.id)).toMatchObject({
      reason: 'full',
    });
  });

  it('hear of each other’s members what changed while their bus was away', async () => {
    const { hub, one, two } = await twoNodes();
    const [a, b, c] = [await one.connect(), await two.connect(), await two.connect()];
    await enter(a);
    await agree([one, two], 1);
    await enter(b);
    await agree([one, two], 2);
    hub.goAway();
    b.send({ type: 'leave_room', room: 'den' });
    await take(b, 'peer_left');
    await enter(c);
    expect(membersOn(one)).toEqual([a.id, b.id]);
    hub.comeBack();
    await agree([one, two], 2);
    expect(membersOn(one)).toEqual([a.id, c.id]);
  });

  it('drop who left meanwhile once they meet again', async () => {
    const cluster = await startTestCluster(2);
    const [one, two] = cluster.nodes as [TestServer, TestServer];
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await enter(a);
    await agree([one, two], 1);
    await enter(b);
    await agree([one, two], 2);
    const mend = cluster.sever(two);
    await cluster.advance(5_000);
    b.send({ type: 'leave_room', room: 'den' });
    await take(b, 'peer_left');
    expect(membersOn(one)).toEqual([a.id, b.id]);
    mend();
    await cluster.advance(10_000);
    await agree([one, two], 1);
    expect(await take(a, 'peer_left')).toMatchObject({ id: b.id, reason: 'disconnected' });
  });
});
