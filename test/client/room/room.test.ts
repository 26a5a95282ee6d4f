/** Rooms of real peers on a real server: a mesh is whole, or says which edge is missing and why. */
import { describe, expect, it } from '@jest/globals';
import type {
  Connection,
  JoinOptions,
  Peer,
  PeerOptions,
  Room,
  RoomEdge,
  RoomEnd,
} from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { BlockedPair } from '../../support/network/blocked-pair.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { errorOf, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';

interface Joined {
  readonly peer: Peer;
  readonly room: Room;
  readonly id: string;
  /** What came in the room, with who sent it. */
  readonly heard: string[];
}

async function join(
  url: string,
  options: JoinOptions = {},
  peerOptions: PeerOptions = {},
  platform?: Platform,
): Promise<Joined> {
  const peer = await testPeer(url, { peers: 8, ...peerOptions }, platform);
  const room = await peer.join('den', options);
  const heard: string[] = [];
  room.on('message', (data, from) => heard.push(`${from}: ${data}`));
  return { peer, room, id: peer.id as string, heard };
}

async function eventually(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const whole = (...joined: Joined[]) =>
  eventually(() => joined.every(({ room }) => room.isWhole && room.edges.size > 0));

async function mesh(server: TestServer, count: number): Promise<Joined[]> {
  const members = [await join(server.server.url)];
  const others = Array.from({ length: count - 1 }, () => join(server.server.url));
  members.push(...(await Promise.all(others)));
  await eventually(() => members.every(({ room }) => room.edges.size === count - 1));
  await whole(...members);
  return members;
}

const isChecking = ({ state }: Connection) => state === 'checking';

const idsBut = (members: readonly Joined[], own: Joined) =>
  members
    .filter((member) => member !== own)
    .map(({ id }) => id)
    .toSorted();

describe('a mesh of five', () => {
  it('is whole, and what one says to all reaches each of the others once', async () => {
    const members = await mesh(await startTestServer(), 5);
    for (const member of members) {
      const { sent, missed } = await member.room.broadcast('hello');
      expect([sent.toSorted(), missed]).toEqual([idsBut(members, member), []]);
      expect([...member.room.peers.keys()].toSorted()).toEqual(idsBut(members, member));
    }
    await eventually(() => members.every(({ heard }) => heard.length === 4));
    for (const member of members) {
      expect(member.heard.toSorted()).toEqual(idsBut(members, member).map((id) => `${id}: hello`));
    }
    const leaders = members.map(({ room }) => room.leader);
    expect(new Set(leaders)).toEqual(new Set([members[0]?.id]));
    expect(members.map(({ room }) => room.isLeader)).toEqual([true, false, false, false, false]);
  });

  it('of which one is killed tells the others once that it is gone, and is whole without it', async () => {
    const server = await startTestServer({ resumeGraceMs: 1_000 });
    const members = await mesh(server, 4);
    const tcp = await TcpProxy.start(server.server.url);
    const victim = await join(tcp.url, { metadata: 'the fifth' });
    await eventually(() => members.every(({ room }) => room.edges.size === 4));
    await whole(...members, victim);
    const told = members.map(({ room }) => {
      const gone: unknown[] = [];
      room.on('left', (member) => gone.push(member));
      return gone;
    });
    tcp.refuse();
    tcp.cut();
    // Its session waits for it to come back: nobody is told of a loss that may be short.
    await eventually(() => [...server.server.parts.sessions.values()].some(({ client }) => !client.isOnline));
    expect(told.flat()).toEqual([]);
    server.clock.advance(1_000);
    await eventually(() => told.every(({ length }) => length > 0));
    const gone = { id: victim.id, metadata: 'the fifth', reason: 'timed_out' };
    expect(told).toEqual(
      told.map(() => [{ ...gone, reason: expect.stringMatching(/disconnected|timed_out/) }]),
    );
    expect(members.every(({ room }) => room.edges.size === 3 && room.isWhole)).toBe(true);
    await members[0]?.room.broadcast('still here');
    await eventually(() => members.slice(1).every(({ heard }) => heard.length === 1));
  });

  it('names an edge that cannot come about with its reason, and it is there once there is a way', async () => {
    const server = await startTestServer();
    const members = await mesh(server, 3);
    const block = new BlockedPair();
    const { url } = server.server;
    // Their deadlines pass when all the others are connected, and not before.
    const clock = new ManualClock();
    const options: PeerOptions = { peers: 8, maxRestarts: 0, clock };
    const [a, b] = [
      await testPeer(url, options, block.platform()),
      await testPeer(url, options, block.platform()),
    ];
    block.between(a.id as string, b.id as string);
    const [roomA, roomB] = [await a.join('den'), await b.join('den')];
    const inState = ({ edges }: Room, state: RoomEdge['state']) =>
      [...edges.values()].filter((edge) => edge.state === state);
    const missing = (room: Room) => inState(room, 'missing');
    await eventually(() => [roomA, roomB].every((room) => inState(room, 'connected').length === 3));
    await eventually(() => [a, b].every(({ connections }) => [...connections.values()].some(isChecking)));
    clock.advance(30_000);
    await eventually(() => missing(roomA).length === 1 && missing(roomB).length === 1);
    const reasons = [missing(roomA)[0]?.reason, missing(roomB)[0]?.reason];
    expect([missing(roomA)[0]?.id, missing(roomB)[0]?.id]).toEqual([b.id, a.id]);
    // Whoever gives up first says why it did; the other one, that its peer left.
    expect(reasons.some((reason) => /connection_(timeout|failed)/.test(reason as string))).toBe(true);
    await eventually(
      () => [...roomA.edges.values()].filter(({ state }) => state === 'connected').length === 3,
    );
    expect((await roomA.broadcast('to all but one')).missed).toEqual([b.id]);
    expect(roomA.isWhole).toBe(false);
    expect(members.every(({ room }) => missing(room).length === 0)).toBe(true);
    block.isBlocked = false;
    server.clock.advance(2_000);
    await eventually(() => roomA.isWhole && roomB.isWhole);
    expect((await roomA.broadcast('to all')).missed).toEqual([]);
  });

  it('names an edge for which one has too few peers', async () => {
    const { server } = await startTestServer();
    const first = await join(server.url);
    await join(server.url);
    const small = await join(server.url, {}, { peers: 1 });
    await eventually(() => [...small.room.edges.values()].some(({ state }) => state === 'missing'));
    const states = [...small.room.edges.values()].map(({ reason }) => reason);
    expect(states).toContain('too_many_peers');
    expect(small.room.isWhole).toBe(false);
    expect(first.room.peers.size).toBe(2);
  });
});

describe('a star', () => {
  it('connects each with its leader and no two others, and with the next when that one leaves', async () => {
    const { server } = await startTestServer();
    const members: Joined[] = [];
    for (let n = 0; n < 4; n += 1) members.push(await join(server.url, { topology: 'star' }));
    const [host, ...guests] = members as [Joined, ...Joined[]];
    await whole(...members);
    expect(members.map(({ room }) => room.edges.size)).toEqual([3, 1, 1, 1]);
    expect(members.map(({ peer }) => peer.connections.size)).toEqual([3, 1, 1, 1]);
    await guests[1]?.room.broadcast('to the host');
    await eventually(() => host.heard.length === 1);
    await host.room.leave();
    await eventually(() => guests.every(({ room }) => room.leader === guests[0]?.id));
    await whole(...guests);
    expect(guests.map(({ room }) => room.edges.size)).toEqual([2, 1, 1]);
  });
});

describe('a member', () => {
  it('sees what the others say of themselves, and what they change', async () => {
    const { server } = await startTestServer();
    const ann = await join(server.url, { metadata: { name: 'Ann' } });
    const bob = await join(server.url, { metadata: { name: 'Bob' } });
    expect(bob.room.peers.get(ann.id)).toEqual({ id: ann.id, metadata: { name: 'Ann' } });
    await eventually(() => ann.room.peers.size === 1);
    const updated = new Promise((resolve) => bob.room.once('updated', resolve));
    await ann.room.updateMetadata({ name: 'Anna' });
    expect(await updated).toEqual({ id: ann.id, metadata: { name: 'Anna' } });
    expect(await errorOf(ann.room.updateMetadata('x'.repeat(3_000)))).toMatchObject({
      code: 'metadata_too_large',
    });
  });

  it('that leaves is gone for the others, after what it said last', async () => {
    const members = await mesh(await startTestServer(), 3);
    const [leaver, ...others] = members as [Joined, ...Joined[]];
    const ends: RoomEnd[] = [];
    leaver.room.on('close', (end) => ends.push(end));
    await leaver.room.broadcast('goodbye');
    await leaver.room.leave();
    await eventually(() => others.every(({ room }) => room.peers.size === 1));
    await eventually(() => others.every(({ heard }) => heard.length === 1));
    await eventually(() => leaver.peer.connections.size === 0);
    expect([ends, leaver.peer.rooms.size]).toEqual([[{ reason: 'left' }], 0]);
    const again = await leaver.peer.join('den');
    await eventually(() => again.edges.size === 2 && again.isWhole);
  });

  it('that loses its link keeps its place, and nobody is told of it', async () => {
    const { server } = await startTestServer();
    const tcp = await TcpProxy.start(server.url);
    const ann = await join(server.url);
    const bob = await join(tcp.url, {}, { reconnect: { baseMs: 20, capMs: 40 } });
    await whole(ann, bob);
    const told: string[] = [];
    for (const name of ['peer', 'left', 'edge'] as const) ann.room.on(name, () => told.push(name));
    const back = new Promise<void>((resolve) => {
      bob.peer.on('signaling', (state) => state === 'online' && resolve());
    });
    tcp.cut();
    await back;
    await bob.room.updateMetadata('back');
    await eventually(() => ann.room.peers.get(bob.id)?.metadata === 'back');
    expect([told, bob.room.isOver, bob.room.peers.size]).toEqual([[], false, 1]);
  });

  it('whose session the server has ended joins again by itself, as another', async () => {
    const { server, clock } = await startTestServer({ resumeGraceMs: 1_000 });
    const tcp = await TcpProxy.start(server.url);
    const ann = await join(server.url);
    const bob = await join(tcp.url, { metadata: 'Bob' }, { reconnect: { baseMs: 20, capMs: 40 } });
    await whole(ann, bob);
    tcp.refuse();
    tcp.cut();
    await eventually(() => [...server.parts.sessions.values()].some(({ client }) => !client.isOnline));
    clock.advance(1_000);
    await eventually(() => ann.room.peers.size === 0);
    tcp.heal();
    await eventually(() => ann.room.peers.size === 1);
    await eventually(() => bob.room.peers.has(ann.id) && bob.peer.id !== bob.id);
    await whole(ann, bob);
    await bob.room.broadcast('again');
    await eventually(() => ann.heard.length === 1);
    expect([...ann.room.peers.values()]).toEqual([{ id: bob.peer.id, metadata: 'Bob' }]);
  });
});

describe('a room', () => {
  it('with a password lets in who says it, and says what is wrong to who does not', async () => {
    const { server } = await startTestServer();
    const maker = await join(server.url, { password: 'open sesame', maxSize: 2 });
    const guest = await testPeer(server.url, { peers: 8 });
    expect(await errorOf(guest.join('den', { password: 'close sesame' }))).toMatchObject({
      code: 'wrong_password',
      for: 'join_room',
    });
    await guest.join('den', { password: 'open sesame' });
    await eventually(() => maker.room.peers.size === 1);
    const third = await testPeer(server.url, { peers: 8 });
    expect(await errorOf(third.join('den', { password: 'open sesame' }))).toMatchObject({
      code: 'room_full',
    });
  });

  it('that its leader locks takes nobody, and only its leader may', async () => {
    const { server } = await startTestServer();
    const host = await join(server.url);
    const guest = await join(server.url);
    expect(await errorOf(guest.room.lock())).toMatchObject({ code: 'not_leader' });
    await host.room.lock();
    await eventually(() => guest.room.isLocked);
    const late = await testPeer(server.url);
    expect(await errorOf(late.join('den'))).toMatchObject({ code: 'room_locked' });
    await host.room.lock(false);
    await late.join('den');
  });

  it('is listed only where it is public', async () => {
    const { server } = await startTestServer();
    const { peer } = await join(server.url, { isPublic: true, publicMetadata: 'chess', maxSize: 4 });
    await peer.join('a secret one');
    expect(await peer.listRooms()).toEqual({
      rooms: [
        {
          name: 'den',
          members: 1,
          maxSize: 4,
          topology: 'mesh',
          isLocked: false,
          hasPassword: false,
          metadata: 'chess',
        },
      ],
      more: false,
    });
  });

  it('that is not there is not made with `create: false`', async () => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    expect(await errorOf(peer.join('den', { create: false }))).toMatchObject({ code: 'room_not_found' });
  });

  it('ends for a peer that is closed', async () => {
    const { server } = await startTestServer();
    const { peer, room } = await join(server.url);
    const end = new Promise((resolve) => room.once('close', resolve));
    await peer.close();
    expect([await end, room.isOver]).toEqual([{ reason: 'closed' }, true]);
    expect(await errorOf(peer.join('den'))).toMatchObject({ code: 'closed' });
  });

  it.each([
    ['', {}, /name/],
    ['x'.repeat(65), {}, /name/],
    ['den', { topology: 'ring' }, /`topology`: should be `mesh`, `star` or `none`/],
    ['den', { maxsize: 2 }, /did you mean `maxSize`/],
    ['den', { password: '' }, /`password`/],
  ])('is not asked for with what cannot be: %p %p', async (name, options, message) => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    expect(await errorOf(peer.join(name, options as JoinOptions))).toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(message),
    });
  });
});
