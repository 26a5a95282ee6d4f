/**
 * A node's copy of a room. The server and its clients are real; the links to the other nodes are the test's own, which
 * says what those report, and hears what this node tells them.
 */
import { describe, expect, it } from '@jest/globals';
import { NO_TIMER } from '../../../../src/machines/index.ts';
import type { NodeMessageOf } from '../../../../src/protocol/cluster/index.ts';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { RemoteMemberPairings } from '../../../../src/server/cluster/rooms/remote-member-pairings.ts';
import { RoomReplicas } from '../../../../src/server/cluster/rooms/room-replicas.ts';
import { Member } from '../../../../src/server/signaling/rooms/member.ts';
import type { Room } from '../../../../src/server/signaling/rooms/room.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { linksTo } from '../../../support/network/recorded-links.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';

type Reported = NodeMessageOf<'room'>;

/** How long a client may take to come back, and how long its next node has to report it. */
const GRACE_MS = 32_000;
/** Later than what this node does itself. */
const LATER = Date.UTC(2100, 0);
const far = nobodyOn(2);
const open = { is_locked: false, version: 0, by: '' };
const options: Reported['options'] = {
  ...{ topology: 'none', max_size: 10, leader: 'oldest', is_public: false },
  ...{ created_at: LATER, created_by: far },
};
const member = (id: string, more: Partial<Reported['members'][number]> = {}) => ({
  ...{ id, joined_at: LATER, generation: 0, is_resumable: true },
  ...more,
});

async function nodeOne() {
  const { server, clock, connect, connectResumable } = await startTestServer({ node: 1 });
  const { signaling, queue, remotePairings, sessions } = server.parts;
  const { links, sent } = linksTo(2, 3);
  const pairings = new RemoteMemberPairings({ links, remotePairings, signaling });
  const locations = new SessionLocations(1, queue);
  const replicas = new RoomReplicas({ links, locations, signaling, pairings });
  const room = () => signaling.rooms.find('', 'den') as Room;
  return {
    ...{ signaling, replicas, clock, room, connect, connectResumable },
    told: () => sent.splice(0),
    /** A node reports the room. */
    says: (node: number, members: Reported['members'], more: Partial<Reported> = {}) =>
      replicas.onRoom(node, {
        ...{ type: 'room', app: '', room: 'den', options, lock: open, members },
        ...more,
      }),
    leaves: (node: number, reason: NodeMessageOf<'room_left'>['reason'], id = far) =>
      replicas.onRoomLeft(node, { type: 'room_left', app: '', room: 'den', id, reason }),
    members: () => room().context.members.map(({ id }) => id),
    elsewhere: (id: string) => room().memberships.get(id)?.elsewhere,
    sessionOf: ({ id }: RawClient) => sessions.get(id) as ServerSession,
    async enter(topology = 'none', more: object = {}): Promise<RawClient> {
      const client = await connectResumable();
      client.send({ type: 'join_room', room: 'den', create: { topology, ...more } });
      await client.next('room_joined');
      sent.length = 0;
      return client;
    },
  };
}

describe('a member at another node', () => {
  it('stays one for as long as it may take to come back, when it leaves its node for another', async () => {
    const { says, leaves, clock, enter, members } = await nodeOne();
    const own = await enter();
    says(2, [member(far)]);
    await own.next('peer_joined');
    leaves(2, 'moved');
    clock.advance(GRACE_MS - 1);
    expect(members()).toContain(far);
    clock.advance(1);
    expect(await own.next('peer_left')).toMatchObject({ id: far, reason: 'timed_out' });
    expect(members()).toEqual([own.id]);
  });

  it('is none at once when it leaves the room, or its node if it cannot come back', async () => {
    const { says, leaves, enter, members } = await nodeOne();
    const own = await enter();
    says(2, [member(far)]);
    leaves(2, 'left');
    says(2, [member(far, { is_resumable: false })]);
    leaves(2, 'moved');
    for (const reason of ['left', 'disconnected']) {
      await own.next('peer_joined');
      expect(await own.next('peer_left')).toMatchObject({ id: far, reason });
    }
    expect(members()).toEqual([own.id]);
  });

  it('and one too many is out once its client is here, which is told so; while it is there, its node does that', async () => {
    const { says, enter, connect, members, replicas, sessionOf } = await nodeOne();
    const own = await enter('none', { max_size: 1 });
    const guest = await connect();
    says(2, [member(guest.id, { generation: 1 }), member(far)]);
    expect(members()).toEqual([own.id, ...[guest.id, far].sort()]);
    replicas.arrived(sessionOf(guest));
    await guest.until(() => guest.inbox.some(({ type }) => type === 'peer_left'), 'its end');
    expect(guest.inbox.at(-1)).toMatchObject({ type: 'peer_left', id: guest.id, reason: 'full' });
    expect(members()).toEqual([own.id, far]);
  });

  it('of an earlier room of that name brings its size: of the members here, who came last are out', async () => {
    const { says, enter, members } = await nodeOne();
    const [first, second] = [await enter(), await enter()];
    const third = await enter();
    says(2, [member(far, { joined_at: 0 })], { options: { ...options, max_size: 2, created_at: 0 } });
    for (const client of [second, third])
      await client.until(() => client.inbox.some(({ reason }) => reason === 'full'), 'its end');
    expect(members()).toEqual([far, first.id]);
  });

  it('is waited for no longer once a node reports it, or it is here', async () => {
    const { says, leaves, clock, enter, members, replicas, sessionOf, elsewhere, told } = await nodeOne();
    const [own, guest] = [await enter(), await enter()];
    says(2, [member(far), member(guest.id, { generation: 1 })]);
    for (const id of [far, guest.id]) leaves(2, 'moved', id);
    const [there, left] = [elsewhere(far), elsewhere(guest.id)];
    clock.advance(GRACE_MS - 1);
    says(3, [member(far, { generation: 1 })]);
    // A room that it is not in, and a member that has been here, are none of its concern.
    says(3, [member(far)], { room: 'elsewhere' });
    told();
    for (const one of [guest, own]) replicas.arrived(sessionOf(one));
    expect(told().map(({ node, message }) => [node, 'members' in message && message.members])).toMatchObject(
      [2, 3].map((node) => [node, [{ id: guest.id }]]),
    );
    expect([there?.timer, left?.timer, elsewhere(guest.id)]).toEqual([NO_TIMER, NO_TIMER, undefined]);
    clock.advance(GRACE_MS);
    expect(members()).toEqual([own.id, guest.id, far]);
  });

  it('that a late word of its old node leaves out stays one', async () => {
    const { says, leaves, enter, members, elsewhere } = await nodeOne();
    const own = await enter();
    says(3, [member(far, { generation: 1 })]);
    leaves(2, 'left');
    says(2, [member(far)]);
    expect([members(), elsewhere(far)?.node]).toEqual([[own.id, far], 3]);
  });

  it('counts the bytes of its metadata as text', async () => {
    const { says, room, enter } = await nodeOne();
    await enter();
    const sizeOf = (more: object) => {
      says(2, [member(far, more)]);
      return room().memberships.get(far)?.metadataBytes;
    };
    expect([sizeOf({}), sizeOf({ metadata: 'Zoë' }), sizeOf({})]).toEqual([0, 6, 0]);
  });

  it('that joined earlier than this node had heard asks no more, but is asked', async () => {
    const { says, signaling, room, enter } = await nodeOne();
    const own = await enter('mesh');
    const at = room().context.members[0]?.joinedAt as number;
    const asker = () => signaling.rooms.edges.of(room(), far).map(({ askerId }) => askerId);
    says(2, [member(far, { joined_at: at + 1 })]);
    expect(asker()).toEqual([far]);
    says(2, [member(far, { joined_at: at - 1 })]);
    expect(asker()).toEqual([own.id]);
  });
});

describe('a member here', () => {
  it('stays one of this node, unless its client has come back more often at the other node that reports it', async () => {
    const { says, enter, room, elsewhere, members, sessionOf } = await nodeOne();
    const own = await enter();
    const other = await enter();
    await own.next('peer_joined');
    says(2, [member(own.id, { joined_at: 0 })]);
    expect(room().memberships.get(own.id)?.session).toBe(sessionOf(own));
    says(2, [member(own.id, { joined_at: 0, generation: 1, is_resumable: false })]);
    expect(room().memberships.get(own.id)?.session).toBeUndefined();
    expect(elsewhere(own.id)).toMatchObject({ node: 2, generation: 1, isResumable: false });
    await other.settled();
    expect([members().length, other.inbox]).toEqual([2, []]);
  });

  it('that goes to another node is one still, and the other nodes are told that it went', async () => {
    const { enter, told, room, replicas, members, elsewhere, sessionOf } = await nodeOne();
    const own = await enter();
    sessionOf(own).dispatch({ type: 'MOVED' });
    const { id } = own;
    const message = { type: 'room_left', app: '', room: 'den', id, reason: 'moved' };
    expect(told()).toEqual([2, 3].map((node) => ({ node, message })));
    expect([members(), elsewhere(id)?.generation]).toEqual([[id], 0]);
    expect(room().memberships.get(id)?.session).toBeUndefined();
    replicas.onRoomLeft(1, { type: 'room_left', app: '', room: 'den', id, reason: 'left' });
    expect(room().context.members).toEqual([]);
  });
});

describe('what another node says of a room', () => {
  it.each([
    ['older', { created_at: LATER - 1 }, 10],
    ['made by the lower id at the same time', { created_by: nobodyOn(1) }, 10],
  ])('that is %s counts, and is not told to the others again', async (_what, more, maxSize) => {
    const { says, told, room } = await nodeOne();
    says(3, [member(far)], { options: { ...options, max_size: 3 } });
    says(2, [], { options: { ...options, max_size: maxSize, ...more } });
    expect([told(), room().context.maxSize, room().options.maxSize]).toEqual([[], maxSize, maxSize]);
  });

  it('that is younger does not count, and all are told what does', async () => {
    const { says, told, room } = await nodeOne();
    says(3, [member(far)], { options: { ...options, max_size: 3 } });
    says(2, [], { options: { ...options, created_at: LATER + 1 } });
    expect(room().context.maxSize).toBe(3);
    expect(told()).toMatchObject(
      [2, 3].map((node) => ({ node, message: { type: 'room', options: { max_size: 3 }, members: [] } })),
    );
  });

  it('and locked later counts, is not told to the others again, and is no news when it is said again', async () => {
    const { says, told, room } = await nodeOne();
    says(3, [member(far)]);
    const lock = { is_locked: true, version: 4, by: far };
    for (const _ of 'ab') says(2, [], { lock });
    expect([told(), room().context.isLocked, room().lock]).toEqual([[], true, { version: 4, by: far }]);
    says(2, [], { lock: open });
    expect(told()).toMatchObject([2, 3].map((node) => ({ node, message: { type: 'room', lock } })));
  });

  it('is no room for as long as nobody is in it', async () => {
    const { says, room } = await nodeOne();
    says(2, []);
    expect(room()).toBeUndefined();
  });
});

describe('what this node says of a room', () => {
  it('has all that its first member asked for, and what that one says of itself; no password but its hash', async () => {
    const { connectResumable, told, room } = await nodeOne();
    const own = await connectResumable();
    const asked = { max_size: 7, leader: own.id, is_public: true, metadata: { level: 1 } };
    const create = { topology: 'star', password: 'sesame', ...asked };
    own.send({ type: 'join_room', room: 'den', create, metadata: 'Ann' });
    await own.next('room_joined');
    const at = room().context.members[0]?.joinedAt as number;
    expect(at).toBeGreaterThan(0);
    const password = { hash: expect.any(String), salt: expect.any(String) };
    const message = {
      ...{ type: 'room', app: '', room: 'den', lock: open },
      options: { topology: 'star', password, created_at: at, created_by: own.id, ...asked },
      members: [{ id: own.id, joined_at: at, generation: 0, is_resumable: true, metadata: 'Ann' }],
    };
    const said = told();
    expect(said).toEqual([2, 3].map((node) => ({ node, message })));
    expect(JSON.stringify(said)).not.toContain('sesame');
  });

  it('has nothing that nobody asked for', async () => {
    const { connect, told } = await nodeOne();
    const own = await connect();
    own.send({ type: 'join_room', room: 'den', create: {} });
    await own.next('room_joined');
    const [said] = told().map(({ message }) => message as Reported);
    expect(Object.keys(said?.options ?? {}).sort()).toEqual(Object.keys({ ...options }).sort());
    expect(said?.members).toEqual([
      { id: own.id, joined_at: expect.any(Number), generation: 0, is_resumable: false },
    ]);
    expect(said?.options).toMatchObject({ topology: 'mesh', is_public: false, leader: 'oldest' });
  });

  it('makes it the same room at another node', async () => {
    const [here, there] = [await nodeOne(), await nodeOne()];
    const own = await here.connectResumable();
    const create = { topology: 'star', max_size: 7, leader: own.id, password: 'sesame', is_public: true };
    own.send({ type: 'join_room', room: 'den', create: { ...create, metadata: { level: 1 } } });
    await own.next('room_joined');
    own.send({ type: 'lock_room', room: 'den', locked: true });
    await own.next('room_locked');
    for (const { node, message } of here.told())
      if (node === 2) there.replicas.onRoom(1, message as Reported);
    const [one, other] = [here.room(), there.room()];
    expect(other.shown).toEqual(one.shown);
    expect(other.options).toEqual({ ...one.options, isLocked: false });
    expect([other.context, other.lock]).toEqual([one.context, { version: 1, by: own.id }]);
  });
});

describe('a node whose link has just opened', () => {
  it('is told of the members here, and of no others', async () => {
    const { says, told, enter, replicas } = await nodeOne();
    const own = await enter();
    says(3, [member(far)]);
    told();
    replicas.opened(2);
    expect(told()).toMatchObject([
      { node: 2, message: { type: 'room', members: [{ id: own.id }] } },
      { node: 2, message: { type: 'rooms_told' } },
    ]);
    says(3, [member(nobodyOn(3))], { room: 'elsewhere' });
    replicas.opened(2);
    expect(told()).toHaveLength(2);
  });

  it('is told of 64 members in a message', async () => {
    const { told, enter, replicas, room, sessionOf } = await nodeOne();
    const session = sessionOf(await enter());
    for (let n = 1; n < 65; n += 1) room().memberships.set(`${n}`, new Member(`${n}`, undefined, 0, session));
    replicas.opened(2);
    const sizes = told().map(({ message }) =>
      message.type === 'room' ? message.members.length : message.type,
    );
    expect(sizes).toEqual([64, 1, 'rooms_told']);
  });

  it('has as members those that it tells of before it has told all', async () => {
    const { says, enter, replicas, members } = await nodeOne();
    const own = await enter();
    const gone = nobodyOn(3);
    says(2, [member(far), member(gone)]);
    replicas.onRoomsTold(2);
    expect(members()).toEqual([own.id, far, gone]);
    replicas.opened(2);
    says(2, [member(far)]);
    replicas.onRoomsTold(3);
    expect(members()).toEqual([own.id, far, gone]);
    replicas.onRoomsTold(2);
    expect(members()).toEqual([own.id, far]);
  });
});
