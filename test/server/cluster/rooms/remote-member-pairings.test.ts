/**
 * Pairings that a room wants between members of two nodes, at one node. The server and its clients are real; the links
 * to the other nodes are the test's own, which says what those ask and answer, and hears what this node says.
 */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessage, NodeMessageOf } from '../../../../src/protocol/cluster/index.ts';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { RemoteMemberPairings } from '../../../../src/server/cluster/rooms/remote-member-pairings.ts';
import { RoomReplicas } from '../../../../src/server/cluster/rooms/room-replicas.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { linksTo } from '../../../support/network/recorded-links.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { pairUp, startTestServer } from '../../../support/servers/test-server.ts';

/** Members at nodes 2 and 3. */
const [far, farther] = [nobodyOn(2), nobodyOn(3)];
/** Later than any member here joined. */
const LATER = Date.UTC(2100, 0);
const den = { app: '', room: 'den' } as const;
const mesh = { topology: 'mesh', max_size: 10, leader: 'oldest', is_public: false } as const;

async function nodeOne() {
  const test = await startTestServer({ node: 1 });
  const { signaling, queue, remotePairings, sessions } = test.server.parts;
  const { links: recorded, sent } = linksTo(2, 3);
  const links = { ...recorded };
  const pairings = new RemoteMemberPairings({ links, remotePairings, signaling });
  const locations = new SessionLocations(1, queue);
  const replicas = new RoomReplicas({ links, locations, signaling, pairings });
  const sessionOf = ({ id }: RawClient) => sessions.get(id) as ServerSession;
  /** What was said about pairings, and to which node. */
  const told = () =>
    sent
      .splice(0)
      .map(({ node, message }) => ({ node, ...message }) as NodeMessage & { node: number })
      .filter(({ type }) => !type.startsWith('room'));
  return {
    ...{ ...test, links, signaling, remotePairings, pairings, replicas, sessionOf, told },
    /** Another node reports its member, which joined before or after those here. */
    reports: (id: string, joined_at: number) =>
      replicas.onRoom(Number(id.slice(0, 8)), {
        ...{ type: 'room', ...den, lock: { is_locked: false, version: 0, by: '' } },
        options: { ...mesh, created_at: 0, created_by: far },
        members: [{ id, joined_at, generation: 0, is_resumable: true }],
      }),
    /** A client here joins after those that were reported before: this node asks for its pairings. */
    async joins(client: RawClient): Promise<NodeMessageOf<'pair_members'>[]> {
      client.send({ type: 'join_room', room: 'den', create: { topology: 'mesh' } });
      await client.next('room_joined');
      await client.settled();
      return told().filter((message) => message.type === 'pair_members');
    },
    /** Another node asks for its member and one here. */
    asks: (from: string, to: string, more: Partial<NodeMessageOf<'pair_members'>> = {}) => {
      pairings.onPairMembers(2, {
        ...{ type: 'pair_members', ...den, epoch: 900, from, to, is_resumable: true },
        ...more,
      });
      return told();
    },
    grants: (node: number, epoch: number, to: string, from = far) => {
      pairings.onMembersPaired(node, { type: 'members_paired', epoch, from, to, is_resumable: true });
      return told();
    },
    refuses: (node: number, epoch: number, to: string, reason = 'peer_slow') =>
      pairings.onMembersNotPaired(node, { type: 'members_not_paired', epoch, to, reason }),
  };
}

const edge = (id: string, state: string, reason?: string) => ({
  ...{ type: 'edge', room: 'den', id, state, ...(reason && { reason }) },
});
/** What this node says that has its side alone, or will not have it. */
const ended = (node: number, epoch: number, from: string, to = far) => ({
  ...{ node, type: 'ended', epoch, from, to, reason: 'disconnected' },
});
/** What a client heard of its pairings. */
const pairingsIn = ({ inbox }: RawClient) =>
  inbox.splice(0).filter(({ type }) => ['paired', 'edge', 'peer_disconnected', 'error'].includes(type));
const readsSlowly = (session: ServerSession) =>
  Object.defineProperty(session, 'hasRoomForPeer', { value: false });
const missing = (node: number, from: string, to: string, reason: string) => ({
  ...{ node, type: 'edge_missing', ...den, from, to, reason },
});

describe('a member that joined later than one of another node', () => {
  it('is paired with it, as the initiator and for the room, once that node grants it', async () => {
    const { connectResumable, reports, joins, grants, remotePairings, told } = await nodeOne();
    reports(far, 0);
    const own = await connectResumable(2);
    const [asked, ...others] = await joins(own);
    const epoch = asked?.epoch as number;
    expect([asked, others]).toEqual([
      { node: 2, type: 'pair_members', ...den, epoch, from: own.id, to: far, is_resumable: true },
      [],
    ]);
    expect(grants(2, epoch, own.id)).toEqual([]);
    expect(await own.next('paired')).toMatchObject({ peer_id: far, initiator: true, epoch, room: 'den' });
    expect(await own.next('edge')).toEqual(edge(far, 'connecting'));
    expect(remotePairings.of(far)).toMatchObject([{ node: 2, isResumable: true }]);
    // The request took one place, not two.
    reports(farther, 0);
    await own.next('peer_joined');
    expect(told()).toMatchObject([{ node: 3, type: 'pair_members', to: farther }]);
  });

  it('asks for another one in the place of one that has left before it was granted', async () => {
    const { connect, reports, joins, replicas, told } = await nodeOne();
    reports(far, 0);
    const own = await connect(1);
    await joins(own);
    replicas.onRoomLeft(2, { type: 'room_left', ...den, id: far, reason: 'left' });
    reports(farther, 0);
    await own.until(() => own.inbox.some(({ type }) => type === 'peer_joined'), 'the other one');
    expect(told()).toMatchObject([{ node: 3, type: 'pair_members', to: farther }]);
  });

  it('is told why not, when that node refuses or is lost, once; another node is not meant', async () => {
    const { connect, reports, joins, refuses, grants, pairings, replicas } = await nodeOne();
    for (const id of [far, farther]) reports(id, 0);
    const own = await connect(3);
    const asked = await joins(own);
    expect(asked).toMatchObject([{ to: far }, { to: farther }]);
    const [first, second] = asked.map(({ epoch }) => epoch) as [number, number];
    replicas.lost(3);
    expect(await own.next('edge')).toEqual(edge(farther, 'missing', 'unavailable'));
    refuses(2, second, own.id);
    refuses(2, 77, own.id);
    await own.settled();
    expect(pairingsIn(own)).toEqual([]);
    refuses(2, first, own.id);
    expect(await own.next('edge')).toEqual(edge(far, 'missing', 'peer_slow'));
    refuses(2, first, own.id);
    pairings.failed(2);
    await own.settled();
    expect(pairingsIn(own)).toEqual([]);
    // What is granted after all comes too late.
    expect(grants(2, first, own.id)).toEqual([ended(2, first, own.id)]);
    expect(grants(3, second, own.id, farther)).toEqual([ended(3, second, own.id, farther)]);
  });

  it('has a place for no more peers than it asked for, those included that nodes may still grant', async () => {
    const { connect, reports, told, refuses } = await nodeOne();
    for (const id of [far, farther]) reports(id, 0);
    const own = await connect(1);
    own.send({ type: 'join_room', room: 'den' });
    await own.next('room_joined');
    expect(await own.next('edge')).toEqual(edge(farther, 'missing', 'too_many_peers'));
    const [asked, ...others] = told();
    expect([asked, others]).toMatchObject([
      { node: 2, type: 'pair_members', to: far },
      [missing(3, own.id, farther, 'too_many_peers')],
    ]);
    refuses(2, (asked as NodeMessageOf<'pair_members'>).epoch, own.id);
    expect(await own.next('edge')).toEqual(edge(far, 'missing', 'peer_slow'));
  });

  it('is not asked for while it reads too slowly, or has no place, and both nodes know why', async () => {
    const { connect, connectPair, reports, joins, sessionOf, told } = await nodeOne();
    reports(far, 0);
    const slow = await connect(1);
    readsSlowly(sessionOf(slow));
    const [busy] = await connectPair();
    for (const [own, reason] of [
      [slow, 'peer_slow'],
      [busy, 'too_many_peers'],
    ] as const) {
      own.send({ type: 'join_room', room: 'den' });
      await own.next('room_joined');
      await own.until(() => own.inbox.some(({ type }) => type === 'edge'), 'the edge');
      expect(own.inbox.find(({ id }) => id === far)).toEqual(edge(far, 'missing', reason));
      expect(told()).toEqual([missing(2, own.id, far, reason)]);
    }
    expect(await joins(await connect(1))).toHaveLength(1);
  });

  it('is asked for again in time, and only the newest answer counts', async () => {
    const { connect, reports, joins, clock, told, grants, refuses } = await nodeOne();
    reports(far, 0);
    const own = await connect(1);
    const [first] = await joins(own);
    clock.advance(5_000);
    expect(await own.next('edge')).toEqual(edge(far, 'missing', 'unavailable'));
    clock.advance(30_000);
    const [second] = told() as NodeMessageOf<'pair_members'>[];
    expect(second).toMatchObject({ type: 'pair_members', to: far });
    const [older, newer] = [first?.epoch as number, second?.epoch as number];
    refuses(2, older, own.id);
    expect(grants(2, older, own.id)).toEqual([ended(2, older, own.id)]);
    await own.settled();
    expect(pairingsIn(own)).toEqual([]);
    expect(grants(2, newer, own.id)).toEqual([]);
    expect(await own.next('paired')).toMatchObject({ peer_id: far, epoch: newer });
  });

  it('that has left, or has that very peer meanwhile, is not paired by the answer, and hears nothing of it', async () => {
    for (const how of ['left', 'closed', 'paired'] as const) {
      const { connect, reports, joins, grants, signaling, remotePairings, sessionOf } = await nodeOne();
      reports(far, 0);
      const own = await connect(2);
      const [asked] = await joins(own);
      const epoch = asked?.epoch as number;
      const { id } = own;
      if (how === 'left') own.send({ type: 'leave_room', room: 'den' });
      if (how === 'closed') await own.close();
      else await own.settled();
      if (how === 'paired') signaling.pair(sessionOf(own), remotePairings.create(far, 2, true), {}, 5);
      await own.settled().catch(() => {});
      own.inbox.length = 0;
      expect(grants(2, epoch, id)).toEqual([ended(2, epoch, id)]);
      expect(remotePairings.of(far)).toHaveLength(how === 'paired' ? 1 : 0);
      if (how === 'closed') continue;
      await own.settled();
      expect(pairingsIn(own)).toEqual([]);
    }
  });

  it('is not asked for at a node that cannot be reached', async () => {
    const { connect, reports, joins, links } = await nodeOne();
    links.isOpen = (node) => node === 3;
    for (const id of [far, farther]) reports(id, 0);
    const own = await connect(2);
    expect(await joins(own)).toMatchObject([{ node: 3, to: farther }]);
    expect(await own.next('edge')).toEqual(edge(far, 'missing', 'unavailable'));
  });

  it('whose place was taken meanwhile is not paired by the answer, and both nodes know why', async () => {
    const { connect, reports, joins, grants, pairings, remotePairings } = await nodeOne();
    reports(far, 0);
    const own = await connect(1);
    const [asked] = await joins(own);
    const epoch = asked?.epoch as number;
    await pairUp(await connect(), own);
    expect(grants(2, epoch, own.id)).toEqual([
      ended(2, epoch, own.id),
      missing(2, own.id, far, 'too_many_peers'),
    ]);
    expect(await own.next('edge')).toEqual(edge(far, 'missing', 'too_many_peers'));
    expect(remotePairings.all()).toEqual([]);
    pairings.failed(2);
    await own.settled();
    expect(pairingsIn(own)).toEqual([]);
  });
});

describe('a member that joined earlier than one of another node', () => {
  it('is paired with it when that node asks', async () => {
    const { connectResumable, reports, joins, asks, remotePairings } = await nodeOne();
    const own = await connectResumable();
    await joins(own);
    reports(far, LATER);
    expect(asks(far, own.id)).toEqual([
      { node: 2, type: 'members_paired', epoch: 900, from: own.id, to: far, is_resumable: true },
    ]);
    await own.next('peer_joined');
    expect(await own.next('paired')).toMatchObject({
      ...{ peer_id: far, initiator: false, epoch: 900, room: 'den' },
    });
    expect(await own.next('edge')).toEqual(edge(far, 'connecting'));
    expect(remotePairings.of(far)).toMatchObject([{ node: 2, isResumable: true }]);
    // Its edge knows more of the pairing that there is.
    expect(asks(far, own.id, { epoch: 901 })).toEqual([
      { node: 2, type: 'members_not_paired', epoch: 901, to: far, reason: 'already_paired' },
    ]);
    await own.settled();
    expect(pairingsIn(own)).toEqual([]);
  });

  it.each([
    ['too_many_peers', 'has no place'],
    ['peer_slow', 'reads too slowly'],
  ])('is not, and both are told %s, when it %s', async (reason) => {
    const { connect, connectPair, reports, joins, asks, sessionOf } = await nodeOne();
    const own = reason === 'peer_slow' ? await connect(2) : (await connectPair())[0];
    await joins(own);
    if (reason === 'peer_slow') readsSlowly(sessionOf(own));
    reports(far, LATER);
    expect(asks(far, own.id)).toEqual([{ node: 2, type: 'members_not_paired', epoch: 900, to: far, reason }]);
    await own.until(() => own.inbox.some(({ type }) => type === 'edge'), 'the edge');
    expect(own.inbox.at(-1)).toEqual(edge(far, 'missing', reason));
  });

  it('is found by nobody that is no member, nor as a client that is none, or is elsewhere, or in another room', async () => {
    const { connect, reports, joins, asks, remotePairings } = await nodeOne();
    const [own, other] = [await connect(2), await connect(2)];
    await joins(own);
    for (const id of [far, farther]) reports(id, LATER);
    for (const [from, to, room] of [
      [nobodyOn(4), own.id, 'den'],
      [far, other.id, 'den'],
      [far, farther, 'den'],
      [far, own.id, 'elsewhere'],
    ] as const)
      expect(asks(from, to, { room })).toEqual([
        { node: 2, type: 'members_not_paired', epoch: 900, to: from, reason: 'target_not_found' },
      ]);
    await own.settled();
    expect([pairingsIn(own), remotePairings.all()]).toEqual([[], []]);
  });

  it('is told why the other one does not ask for it, as its node says', async () => {
    const { connect, reports, joins, pairings } = await nodeOne();
    const own = await connect(2);
    await joins(own);
    reports(far, LATER);
    await own.next('peer_joined');
    const says = { type: 'edge_missing', ...den, from: far, to: own.id, reason: 'too_many_peers' } as const;
    pairings.onEdgeMissing(2, { ...says, room: 'elsewhere' });
    await own.settled();
    expect(pairingsIn(own)).toEqual([]);
    pairings.onEdgeMissing(2, says);
    expect(await own.next('edge')).toEqual(edge(far, 'missing', 'too_many_peers'));
  });
});
