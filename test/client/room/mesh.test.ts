/** Rooms of real peers on a real server: a mesh is whole, or says which edge is missing and why. */
import { describe, expect, it } from '@jest/globals';
import type { Connection, PeerOptions, Room, RoomEdge } from '../../../src/client/index.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { BlockedPair } from '../../support/network/blocked-pair.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { eventually, idsBut, type Joined, join, mesh, whole } from '../../support/peers/room-members.ts';
import { testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const isChecking = ({ state }: Connection) => state === 'checking';

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
