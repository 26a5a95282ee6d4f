/** Rooms as their members see them, message by message. */
import { describe, expect, it } from '@jest/globals';
import { closeCodes } from '../../../../src/protocol/index.ts';
import type { ServerOptions } from '../../../../src/server/index.ts';
import { RawClient } from '../../../support/clients/raw-client.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';

/** What a client says to make a room that pairs nobody. */
const none = { topology: 'none' } as const;

async function enter(client: RawClient, room = 'den', more: object = { create: none }) {
  client.send({ type: 'join_room', room, ...more });
  return client.next('room_joined');
}

/** So many clients in one room, in the order in which they joined; their inboxes are empty. */
async function roomOf(
  count: number,
  create: object = {},
  options: Partial<ServerOptions> = {},
): Promise<TestServer & { members: RawClient[] }> {
  const server = await startTestServer(options);
  const members: RawClient[] = [];
  for (let next = 0; next < count; next += 1) {
    const member = await server.connect();
    await enter(member, 'den', { create: { ...none, ...create } });
    for (const other of members) await other.next('peer_joined');
    members.push(member);
  }
  return { ...server, members };
}

const refused = async (client: RawClient, message: object) => {
  client.send(message);
  const { code, for: type } = await client.next('error');
  return [code, type];
};

describe('joining and leaving without end', () => {
  /** How often one joins and leaves a room of so many others before it has sent too much; at most `most` times. */
  async function roundsIn(others: number, most: number): Promise<number> {
    const { connect } = await startTestServer();
    const create = { topology: 'mesh' };
    for (let next = 0; next < others; next += 1) await enter(await connect(64), 'den', { create });
    const client = await connect(64);
    for (let round = 0; round < most; round += 1) {
      client.send({ type: 'join_room', room: 'den' });
      const isRefused = () => client.inbox.some(({ code }) => code === 'too_many_messages');
      const paired = () => client.inbox.filter(({ type }) => type === 'paired').length;
      await client.until(() => isRefused() || paired() === (round + 1) * others, 'all pairings');
      if (isRefused()) return round;
      client.send({ type: 'leave_room', room: 'den' });
    }
    return most;
  }

  it('counts like a message for each pairing that ends: 20 others are left 10 times at once, 1 other 40 times', async () => {
    expect(await roundsIn(20, 40)).toBe(10);
    expect(await roundsIn(1, 40)).toBe(40);
  });
});

describe('a room', () => {
  it('checks, before it tells a member that joins again who is there, that there is room for all of it', async () => {
    const { server, connect } = await startTestServer();
    const metadata = { name: 'x'.repeat(100) };
    for (let n = 0; n < 8; n += 1) await enter(await connect(), 'den', { create: none, metadata });
    const last = await connect();
    await enter(last);
    const client = server.parts.sessions.get(last.id)?.client;
    if (!client) throw new Error('the server does not know its client');
    const asked: number[] = [];
    const hasRoomFor = client.hasRoomFor.bind(client);
    client.hasRoomFor = (bytes) => {
      asked.push(bytes);
      return hasRoomFor(bytes);
    };
    const told = await enter(last);
    expect(Math.max(...asked)).toBeGreaterThanOrEqual(JSON.stringify(told).length);
  });

  it('goes on telling a member that joined again what happens', async () => {
    const { members } = await roomOf(2);
    const [a, b] = members as [RawClient, RawClient];
    await enter(b);
    a.send({ type: 'update_metadata', room: 'den', metadata: 'new' });
    expect(await b.next('peer_updated')).toMatchObject({ id: a.id, metadata: 'new' });
  });

  it('is made by who joins it first, who leads; the next is told who is there, and they of it', async () => {
    const { connect, log } = await startTestServer();
    const [a, b] = [await connect(), await connect()];
    a.send({ type: 'join_room', room: 'den', metadata: { name: 'Ann' }, create: none });
    expect(await a.next('room_joined')).toEqual({
      type: 'room_joined',
      room: 'den',
      peers: [],
      leader: a.id,
      topology: 'none',
      locked: false,
      max_size: 64,
    });
    b.send({ type: 'join_room', room: 'den' });
    expect(await b.next('room_joined')).toMatchObject({
      peers: [{ id: a.id, metadata: { name: 'Ann' } }],
      leader: a.id,
    });
    expect(await a.next('peer_joined')).toEqual({ type: 'peer_joined', room: 'den', peer: { id: b.id } });
    expect(log.map(({ msg }) => msg)).toContain(`Client ${b.id} joined room den`);
  });

  it('is not made by a client that does not say so', async () => {
    const { connect } = await startTestServer();
    expect(await refused(await connect(), { type: 'join_room', room: 'den' })).toEqual([
      'room_not_found',
      'join_room',
    ]);
  });

  it('is named by every error about it: of two requests under way each knows its own', async () => {
    const { connect } = await startTestServer();
    const client = await connect();
    client.send({ type: 'join_room', room: 'one' });
    client.send({ type: 'leave_room', room: 'two' });
    client.send({ type: 'lock_room', room: 'three', locked: true });
    const errors = [await client.next('error'), await client.next('error'), await client.next('error')];
    expect(errors.map(({ for: request, room }) => [request, room])).toEqual([
      ['join_room', 'one'],
      ['leave_room', 'two'],
      ['lock_room', 'three'],
    ]);
  });

  it('tells the others and the one who leaves; the oldest one that is left leads', async () => {
    const { members } = await roomOf(3);
    const [a, b, c] = members as [RawClient, RawClient, RawClient];
    a.send({ type: 'leave_room', room: 'den' });
    const left = { type: 'peer_left', room: 'den', id: a.id, reason: 'left' };
    for (const one of members) expect(await one.next('peer_left')).toEqual(left);
    for (const one of [b, c])
      expect(await one.next('leader')).toEqual({ type: 'leader', room: 'den', id: b.id });
    expect(await refused(a, { type: 'leave_room', room: 'den' })).toEqual(['not_in_room', 'leave_room']);
  });

  it.each([
    ['on purpose', 'disconnected', (client: RawClient) => client.close()],
    ['without a word', 'disconnected', async (client: RawClient) => client.socket.terminate()],
  ])('loses a member that closes its socket %s: %s', async (_how, reason, close) => {
    const { members } = await roomOf(2);
    const [a, b] = members as [RawClient, RawClient];
    await close(b);
    expect(await a.next('peer_left')).toEqual({ type: 'peer_left', room: 'den', id: b.id, reason });
  });

  it('loses a member that answers no ping: timed_out', async () => {
    const { members, clock } = await roomOf(2, {}, { pingIntervalMs: 1_000, pingTimeoutMs: 1_000 });
    const [a, b] = members as [RawClient, RawClient];
    clock.advance(900);
    await a.settled();
    clock.advance(200);
    await b.next('ping');
    clock.advance(700);
    await a.settled();
    clock.advance(400);
    expect(await a.next('peer_left')).toMatchObject({ id: b.id, reason: 'timed_out' });
  });

  it.each([
    ['exceeds a limit', 'refused', closeCodes.policyViolation],
    ['does not read what it is sent', 'overfull', closeCodes.tryAgainLater],
  ])('loses a member that %s: %s', async (_what, reason, code) => {
    const { server, members } = await roomOf(2);
    const [a, b] = members as [RawClient, RawClient];
    const { sessions } = server.parts.signaling;
    const session = sessions.withId(b.id);
    if (!session) throw new Error('the server does not know its client');
    sessions.close(session, code, 'as the test says');
    expect(await a.next('peer_left')).toEqual({ type: 'peer_left', room: 'den', id: b.id, reason });
  });

  it('whose member joins again is told it again, with what it says of itself now', async () => {
    const { members } = await roomOf(2);
    const [a, b] = members as [RawClient, RawClient];
    expect(await enter(b)).toMatchObject({ peers: [{ id: a.id }], leader: a.id });
    await a.settled();
    expect(a.inbox).toEqual([]);
  });

  it('keeps its options for 10 s when it is empty, and is another one after that', async () => {
    const { connect, clock, server } = await startTestServer();
    const [a, b] = [await connect(), await connect()];
    const locked = { topology: 'none', max_size: 7 };
    await enter(a, 'den', { create: locked });
    a.send({ type: 'leave_room', room: 'den' });
    await a.next('peer_left');
    clock.advance(9_000);
    expect(await enter(b)).toMatchObject({ max_size: 7, leader: b.id });
    b.send({ type: 'leave_room', room: 'den' });
    await b.next('peer_left');
    clock.advance(10_100);
    expect(server.parts.signaling.rooms.all.size).toBe(0);
    expect(await enter(a)).toMatchObject({ max_size: 64 });
  });
});

describe('who may join', () => {
  it('as many as the creator allows, at most as many as the server does', async () => {
    const { connect } = await roomOf(2, { max_size: 2 });
    const third = await connect();
    expect(await refused(third, { type: 'join_room', room: 'den' })).toEqual(['room_full', 'join_room']);
    const limited = await startTestServer({ maxMembersPerRoom: 3 });
    expect(await enter(await limited.connect(), 'den', { create: { ...none, max_size: 99 } })).toMatchObject({
      max_size: 3,
    });
  });

  it('nobody while it is locked, which the leader decides and all members are told', async () => {
    const { members, connect } = await roomOf(2);
    const [a, b] = members as [RawClient, RawClient];
    const lock = { type: 'lock_room', room: 'den', locked: true };
    expect(await refused(b, lock)).toEqual(['not_leader', 'lock_room']);
    a.send(lock);
    for (const one of members)
      expect(await one.next('room_locked')).toEqual({ type: 'room_locked', room: 'den', locked: true });
    const c = await connect();
    expect(await refused(c, { type: 'join_room', room: 'den' })).toEqual(['room_locked', 'join_room']);
    expect(await refused(c, lock)).toEqual(['not_in_room', 'lock_room']);
    a.send({ ...lock, locked: false });
    for (const one of members) expect(await one.next('room_locked')).toMatchObject({ locked: false });
    a.send({ ...lock, locked: false });
    expect(await a.next('room_locked')).toMatchObject({ locked: false });
    expect(await enter(c)).toMatchObject({ locked: false });
  });

  it('who knows the password, which stands in no log, error or list; wrong ones count like wrong keys', async () => {
    const { connect, log, server } = await startTestServer({ maxKeyGuessesPerMinute: 2 });
    const [a, b] = [await connect(), await connect()];
    await enter(a, 'den', { create: { ...none, password: 'sesame-7', is_public: true } });
    const join = { type: 'join_room', room: 'den' };
    expect(await refused(b, join)).toEqual(['wrong_password', 'join_room']);
    expect(await refused(b, { ...join, password: 'sesame' })).toEqual(['wrong_password', 'join_room']);
    expect(await refused(b, { ...join, password: 'sesame-7' })).toEqual([
      'too_many_password_guesses',
      'join_room',
    ]);
    const held = JSON.stringify([
      log,
      a.inbox,
      b.inbox,
      [...server.parts.signaling.rooms.all.values()].map(({ options, context }) => [options, context]),
    ]);
    expect(held).not.toContain('sesame');
    const fresh = await startTestServer();
    const [c, d] = [await fresh.connect(), await fresh.connect()];
    await enter(c, 'den', { create: { ...none, password: 'sesame-7' } });
    expect(await enter(d, 'den', { password: 'sesame-7' })).toMatchObject({ leader: c.id });
  });

  it('the named leader leads while it is there, and nobody else', async () => {
    const { connect } = await startTestServer();
    const [guest, host] = [await connect(), await connect()];
    expect(await enter(guest, 'den', { create: { ...none, leader: host.id } })).toMatchObject({
      leader: null,
    });
    expect(await enter(host)).toMatchObject({ leader: host.id });
    await guest.next('peer_joined');
    expect(await guest.next('leader')).toMatchObject({ id: host.id });
    await host.close();
    await guest.next('peer_left');
    expect(await guest.next('leader')).toMatchObject({ id: null });
  });
});

describe('metadata', () => {
  it('of a member reaches the others and itself, as it was given; only of a member', async () => {
    const { members, connect } = await roomOf(2);
    const [a, b] = members as [RawClient, RawClient];
    for (const metadata of [{ deep: [1, { two: null }] }, 'text', 0, null]) {
      b.send({ type: 'update_metadata', room: 'den', metadata });
      for (const one of [a, b])
        expect(await one.next('peer_updated')).toEqual({
          type: 'peer_updated',
          room: 'den',
          id: b.id,
          metadata,
        });
    }
    expect(await enter(await connect())).toMatchObject({
      peers: [{ id: a.id }, { id: b.id, metadata: null }],
    });
    const stranger = await connect();
    expect(await refused(stranger, { type: 'update_metadata', room: 'den', metadata: 1 })).toEqual([
      'not_in_room',
      'update_metadata',
    ]);
  });

  it('of 2,048 bytes as JSON is taken, of one more is refused, wherever it comes', async () => {
    const { members } = await roomOf(1);
    const [a] = members as [RawClient];
    const fitting = 'ä'.repeat(1_023);
    a.send({ type: 'update_metadata', room: 'den', metadata: fitting });
    expect(await a.next('peer_updated')).toMatchObject({ metadata: fitting });
    const large = `${fitting}x`;
    for (const message of [
      { type: 'update_metadata', room: 'den', metadata: large },
      { type: 'join_room', room: 'other', metadata: large, create: none },
      { type: 'join_room', room: 'other', create: { ...none, metadata: large } },
    ])
      expect(await refused(a, message)).toEqual(['metadata_too_large', message.type]);
  });
});

describe('the list of rooms', () => {
  it('shows those that are public and not empty, with what their creators say of them', async () => {
    const { connect } = await startTestServer();
    const [a, b] = [await connect(), await connect()];
    await enter(a, 'secret');
    await enter(a, 'open', { create: { ...none, is_public: true, metadata: { map: 'ice' }, password: 'x' } });
    await enter(a, 'left', { create: { ...none, is_public: true } });
    a.send({ type: 'leave_room', room: 'left' });
    await a.next('peer_left');
    b.send({ type: 'list_rooms' });
    expect(await b.next('rooms')).toEqual({
      type: 'rooms',
      rooms: [
        {
          room: 'open',
          members: 1,
          max_size: 64,
          topology: 'none',
          locked: false,
          password: true,
          metadata: { map: 'ice' },
        },
      ],
    });
  });

  it('holds at most 32 KiB, and says that there are more', async () => {
    const { connect } = await startTestServer({ maxRoomsPerClient: 0 });
    const a = await connect();
    const metadata = 'x'.repeat(2_000);
    for (let next = 0; next < 20; next += 1)
      await enter(a, `room ${next}`, { create: { ...none, is_public: true, metadata } });
    a.send({ type: 'list_rooms' });
    const answer = await a.next('rooms');
    expect(answer.more).toBe(true);
    expect(JSON.stringify(answer).length).toBeLessThanOrEqual(32 * 1024);
    expect((answer.rooms as unknown[]).length).toBeGreaterThan(10);
  });
});

describe('limits of rooms', () => {
  it('a client is a member of 8 rooms at most, and the server has as many as it takes', async () => {
    const { connect } = await startTestServer({ maxRooms: 9 });
    const [a, b] = [await connect(), await connect()];
    for (let next = 0; next < 8; next += 1) await enter(a, `room ${next}`);
    const join = { type: 'join_room', room: 'room 8', create: none };
    expect(await refused(a, join)).toEqual(['too_many_memberships', 'join_room']);
    await enter(b, 'room 8');
    expect(await refused(b, { ...join, room: 'room 9' })).toEqual(['too_many_rooms', 'join_room']);
    expect(await enter(b, 'room 0')).toMatchObject({ leader: a.id });
    // Whoever leaves a room may enter another.
    await a.next('peer_joined');
    a.send({ type: 'leave_room', room: 'room 7' });
    await a.next('peer_left');
    await enter(a, 'room 8');
  });

  it.each([
    ['', '`room` should be a string from 1 to 64 characters'],
    ['x'.repeat(65), '`room` should be a string from 1 to 64 characters'],
    ['two\nlines', '`room` should be printable'],
    ['turned\u202e', '`room` should be printable'],
  ])('a name has 1 to 64 printable characters: %j does not', async (room, fault) => {
    const { connect } = await startTestServer();
    const client = await connect();
    client.send({ type: 'join_room', room, create: none });
    expect(await client.next('error')).toMatchObject({
      code: 'invalid_message',
      message: fault,
    });
  });
});

describe('a member that comes back', () => {
  it('is a member still: nobody is told that it left, and it is told what changed meanwhile', async () => {
    const { connect, connectResumable, server } = await startTestServer();
    const [a, b] = [await connect(), await connectResumable()];
    await enter(a);
    await enter(b);
    await a.next('peer_joined');
    b.socket.terminate();
    await b.whenClosed();
    a.send({ type: 'update_metadata', room: 'den', metadata: 1 });
    await a.next('peer_updated');
    const back = await b.comeBack(server.url);
    expect(await back.next('peer_updated')).toMatchObject({ id: a.id, metadata: 1 });
    await a.settled();
    expect(a.inbox).toEqual([]);
    back.send({ type: 'update_metadata', room: 'den', metadata: 2 });
    expect(await a.next('peer_updated')).toMatchObject({ id: b.id, metadata: 2 });
  });

  it('and does not in time has left: timed_out', async () => {
    const { connect, connectResumable, clock } = await startTestServer({ resumeGraceMs: 1_000 });
    const [a, b] = [await connect(), await connectResumable()];
    await enter(a);
    await enter(b);
    await a.next('peer_joined');
    b.socket.terminate();
    await b.whenClosed();
    await a.settled();
    clock.advance(1_100);
    expect(await a.next('peer_left')).toMatchObject({ id: b.id, reason: 'timed_out' });
  });

  it('and missed more than may wait keeps its session, and is told the whole room instead', async () => {
    const { connect, connectResumable, server, clock } = await startTestServer({
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
    });
    const [a, b] = [await connect(), await connectResumable()];
    await enter(a);
    await enter(b);
    await a.next('peer_joined');
    b.socket.terminate();
    await b.whenClosed();
    for (let next = 0; next < 400; next += 1) {
      a.send({ type: 'update_metadata', room: 'den', metadata: next });
      await a.next('peer_updated');
    }
    const back = await b.comeBack(server.url);
    expect(back.id).toBe(b.id);
    await back.settled();
    const told = back.inbox.splice(0).map(({ metadata }) => metadata);
    expect(told).toEqual([...Array(told.length).keys()]);
    expect(told.length).toBeLessThanOrEqual(256);
    clock.advance(1_100);
    expect(await back.next('room_joined')).toMatchObject({ peers: [{ id: a.id, metadata: 399 }] });
    a.send({ type: 'update_metadata', room: 'den', metadata: 'after' });
    expect(await back.next('peer_updated')).toMatchObject({ metadata: 'after' });
  });
});

it('the lists of rooms that one address asks for are 4,096 bytes a second, and one more', async () => {
  const options = { maxDeliveredBytesPerSecond: 4_096, trustProxy: ['127.0.0.1'] };
  const { connect, clock, server } = await startTestServer(options);
  const [a, b] = [await connect(), await connect()];
  await enter(a, 'open', { create: { ...none, is_public: true, metadata: 'x'.repeat(1_500) } });
  clock.advance(10_000);
  const list = { type: 'list_rooms' };
  for (const one of [a, b, a]) {
    one.send(list);
    expect(await one.next('rooms')).toMatchObject({ rooms: [{ room: 'open' }] });
  }
  for (const one of [a, b]) expect(await refused(one, list)).toEqual(['too_many_bytes', 'list_rooms']);
  const elsewhere = await RawClient.connect(server.url, { address: '192.0.2.7' });
  elsewhere.send(list);
  await elsewhere.next('rooms');
  clock.advance(10_000);
  b.send(list);
  await b.next('rooms');
});

describe('what one address makes a room tell its members', () => {
  it('is 4096 bytes a second, each counted for every member: what is over is refused, and nobody else', async () => {
    const { members, clock } = await roomOf(4, {}, { maxDeliveredBytesPerSecond: 4_096 });
    const [a, b] = members as [RawClient, RawClient];
    clock.advance(10_000);
    const update = (n: number) => ({
      type: 'update_metadata',
      room: 'den',
      metadata: { n, text: 'x'.repeat(900) },
    });
    // 256 bytes and the metadata, four times.
    a.send(update(1));
    for (const one of [a, b]) expect(await one.next('peer_updated')).toMatchObject({ metadata: { n: 1 } });
    expect(await refused(a, update(2))).toEqual(['too_many_bytes', 'update_metadata']);
    expect(await refused(a, { type: 'lock_room', room: 'den', locked: true })).toEqual([
      'too_many_bytes',
      'lock_room',
    ]);
    expect(await refused(a, { type: 'join_room', room: 'den' })).toEqual(['too_many_bytes', 'join_room']);
    clock.advance(10_000);
    a.send(update(3));
    expect(await b.next('peer_updated')).toMatchObject({ metadata: { n: 3 } });
  });
});
