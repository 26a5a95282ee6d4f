/** A room as its member sees it, with real peers on a real server. */
import { describe, expect, it } from '@jest/globals';
import type { JoinOptions, RoomEnd } from '../../../src/client/index.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { eventually, type Joined, join, mesh, whole } from '../../support/peers/room-members.ts';
import { errorOf, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

describe('a member', () => {
  it('sees what the others say of themselves, and what they change', async () => {
    const { server } = await startTestServer();
    const ann = await join(server.url, { metadata: { name: 'Ann' } });
    const bob = await join(server.url, { metadata: { name: 'Bob' } });
    expect(bob.room.peers.get(ann.id)).toEqual({ id: ann.id, metadata: { name: 'Ann' } });
    expect([ann.room.isLeader, bob.room.isLeader, bob.room.leader]).toEqual([true, false, ann.id]);
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

  it('hears in a room whom it was connected with before', async () => {
    const [ann, bob] = (await mesh(await startTestServer(), 2)) as [Joined, Joined];
    const [annAttic, bobAttic] = [await ann.peer.join('attic'), await bob.peer.join('attic')];
    const heard: string[] = [];
    bobAttic.on('message', (data) => heard.push(`attic: ${data}`));
    bob.room.on('message', (data) => heard.push(`den: ${data}`));
    await eventually(() => [annAttic, bobAttic].every((room) => room.edges.size === 1 && room.isWhole));
    expect(await annAttic.broadcast('hello')).toEqual({ sent: [bob.id], missed: [] });
    await eventually(() => heard.length === 2);
    expect(heard.toSorted()).toEqual(['attic: hello', 'den: hello']);
    expect(ann.peer.connections.size).toBe(1);
  });

  it('is told that what it sends to all cannot be sent to anybody, also while it is alone', async () => {
    const [ann] = (await mesh(await startTestServer(), 2)) as [Joined, Joined];
    for (const room of [ann.room, await ann.peer.join('attic')])
      for (const [data, channel, code] of [
        ['x'.repeat(65_537), undefined, 'too_large_to_send'],
        [{ x: 1 } as never, undefined, 'send_failed'],
        ['hello', 'no such channel', 'unknown_channel'],
      ] as const)
        expect(await errorOf(room.broadcast(data, channel))).toMatchObject({ code });
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
