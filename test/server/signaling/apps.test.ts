/** Apps on one server, and on two nodes: clients of one try to reach those of another by every message that there is. */
import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { clientSchemas } from '../../../src/protocol/index.ts';
import type { ServerOptions } from '../../../src/server/index.ts';
import { RawClient, type Received } from '../../support/clients/raw-client.ts';
import { startTestCluster } from '../../support/servers/test-cluster.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';

const options = { jwtSecret: SECRET, rooms: false } satisfies Partial<ServerOptions>;

const join = async ({ server }: TestServer, claims: JWTPayload) =>
  RawClient.connect(server.url, { token: await signWithSecret(claims) });

/** What the client is told from now on until the server has dealt with all that was sent. */
async function toldOf(client: RawClient): Promise<Received[]> {
  await client.settled();
  return client.inbox.splice(0);
}

const create = { is_public: true };

/** Two nodes of one cluster that know each other, each of which asks for tokens. */
async function twoNodes(): Promise<[TestServer, TestServer]> {
  const {
    nodes: [one, two],
  } = await startTestCluster(2, options);
  if (!one || !two) throw new Error('no cluster');
  return [one, two];
}

describe.each(['one node', 'two nodes'])('on %s, an app', (where) => {
  async function nodes(): Promise<[TestServer, TestServer]> {
    if (where === 'two nodes') return twoNodes();
    const one = await startTestServer(options);
    return [one, one];
  }

  it('does not see clients of another, by no spelling of their ids', async () => {
    const [one, two] = await nodes();
    const ada = await join(one, { sub: 'ada', app: 'a' });
    const eve = await join(two, { sub: 'eve', app: 'b' });
    for (const target_id of ['ada', 'a/ada', '/a/ada', '../a/ada', 'b/../a/ada', 'a%2Fada']) {
      eve.send({ type: 'pair_request', target_id });
      expect(await eve.next('error')).toMatchObject({ code: 'target_not_found' });
    }
    expect(await toldOf(ada)).toEqual([]);
  });

  it('finds its own, by their ids', async () => {
    const [one, two] = await nodes();
    const ada = await join(one, { sub: 'ada', app: 'a' });
    const eve = await join(one, { sub: 'ada', app: 'b' });
    const bob = await join(two, { sub: 'bob', app: 'a' });
    bob.send({ type: 'pair_request', target_id: 'ada' });
    expect(await bob.next('paired')).toMatchObject({ peer_id: 'ada' });
    expect(await ada.next('paired')).toMatchObject({ peer_id: 'bob' });
    ada.send({ type: 'offer', sdp: 'hello' });
    expect(await bob.next('offer')).toMatchObject({ sdp: 'hello' });
    expect(await toldOf(eve)).toEqual([]);
  });

  it('does not see keys of another, and sees its own', async () => {
    const [one, two] = await nodes();
    const ada = await join(one, { sub: 'ada', app: 'a' });
    const [bob, eve] = [await join(two, { sub: 'bob', app: 'a' }), await join(two, { sub: 'eve', app: 'b' })];
    ada.send({ type: 'create_key', uses: 1 });
    const { key } = await ada.next('key');
    eve.send({ type: 'pair_request', key });
    expect(await eve.next('error')).toMatchObject({ code: 'key_not_found' });
    bob.send({ type: 'pair_request', key });
    expect(await bob.next('paired')).toMatchObject({ peer_id: 'ada' });
  });

  it('has one holder of an id, the newest: the older is told to go (4410)', async () => {
    const [one, two] = await nodes();
    const older = await join(one, { sub: 'ada', app: 'a' });
    const other = await join(one, { sub: 'ada', app: 'b' });
    two.clock.advance(1);
    const newer = await join(two, { sub: 'ada', app: 'a' });
    expect((await older.whenClosed()).code).toBe(4410);
    await newer.settled();
    await other.settled();
    expect([newer.closed, other.closed]).toEqual([undefined, undefined]);
  });
});

describe('an id on two nodes that had lost each other', () => {
  it('is the newest holder’s once they meet again: the older is told to go (4410), and nobody else', async () => {
    const { nodes, sever, advance } = await startTestCluster(2, { ...options, pingIntervalMs: 0 });
    const [one, two] = nodes as [TestServer, TestServer];
    const [older, bystander] = [
      await join(one, { sub: 'ada', app: 'a' }),
      await join(one, { sub: 'bob', app: 'a' }),
    ];
    const mend = sever(two);
    await advance(10_000);
    const newer = await join(two, { sub: 'ada', app: 'a' });
    await older.settled();
    expect([older.closed, newer.closed]).toEqual([undefined, undefined]);
    mend();
    await advance(10_000);
    expect((await older.whenClosed()).code).toBe(4410);
    await Promise.all([newer.settled(), bystander.settled()]);
    expect([newer.closed, bystander.closed]).toEqual([undefined, undefined]);
  });
});

describe('an id that two clients claim in the same instant, at two nodes', () => {
  it('is that of one of them, at the node with the lower number: the other one is told to go (4410)', async () => {
    const { nodes, hold } = await startTestCluster(3, options);
    const held = hold();
    const clients = await Promise.all(nodes.map((node) => join(node, { sub: 'ada', app: 'a' })));
    expect(new Set(nodes.map(({ clock }) => clock.wallTime())).size).toBe(1);
    held.release();
    const [first, ...others] = clients as [RawClient, RawClient, RawClient];
    for (const other of others) expect((await other.whenClosed()).code).toBe(4410);
    await first.settled();
    expect(nodes.map(({ server }) => server.parts.sessions.size)).toEqual([1, 0, 0]);
  });
});

describe('an app', () => {
  it('does not use up the guesses of another at the same address', async () => {
    const test = await startTestServer({ ...options, maxKeyGuessesPerMinute: 1 });
    const [ada, eve] = [await join(test, { app: 'a' }), await join(test, { app: 'b' })];
    const guess = { type: 'pair_request', key: 'AAAA-AAAA-AAAA' };
    for (const code of ['key_not_found', 'too_many_key_guesses']) {
      eve.send(guess);
      expect(await eve.next('error')).toMatchObject({ code });
    }
    ada.send(guess);
    expect(await ada.next('error')).toMatchObject({ code: 'key_not_found' });
  });

  it('does not see rooms of another: one name is two rooms, and a list has its own', async () => {
    const test = await startTestServer(options);
    const ada = await join(test, { sub: 'ada', app: 'a' });
    const eve = await join(test, { sub: 'eve', app: 'b' });
    ada.send({ type: 'join_room', room: 'lobby', create });
    await ada.next('room_joined');
    eve.send({ type: 'join_room', room: 'lobby' });
    expect(await eve.next('error')).toMatchObject({ code: 'room_not_found' });
    eve.send({ type: 'list_rooms' });
    expect(await eve.next('rooms')).toMatchObject({ rooms: [] });
    eve.send({ type: 'join_room', room: 'lobby', create });
    expect(await eve.next('room_joined')).toMatchObject({ peers: [], leader: 'eve' });
    for (const message of [
      { type: 'update_metadata', room: 'lobby', metadata: 1 },
      { type: 'lock_room', room: 'lobby', locked: true },
      { type: 'leave_room', room: 'lobby' },
    ])
      eve.send(message);
    await toldOf(eve);
    expect(await toldOf(ada)).toEqual([]);
  });

  it('is told nothing, whatever message of the protocol another sends with its ids, rooms and epochs', async () => {
    const test = await startTestServer(options);
    const { server } = test;
    const [ada, bob, eve] = [
      await join(test, { sub: 'ada', app: 'a' }),
      await join(test, { sub: 'bob', app: 'a' }),
      await join(test, { sub: 'eve', app: 'b' }),
    ];
    ada.send({ type: 'pair_request', target_id: 'bob' });
    const [{ epoch }] = await Promise.all([ada.next('paired'), bob.next('paired')]);
    ada.send({ type: 'join_room', room: 'lobby', create });
    await ada.next('room_joined');
    const of = (ids: object) => ({
      epoch,
      room: 'lobby',
      sdp: 'x',
      candidate: null,
      state: 'connected',
      ...ids,
    });
    for (const type of Object.keys(clientSchemas)) {
      for (const id of ['ada', 'a/ada', 'bob', 'a/bob']) {
        const fields = of({ id, target_id: id, token: 'x', received: 0, locked: true, metadata: 1, data: 1 });
        const pairing = { peer_id: id, epoch, initiator: true };
        eve.send({ type, ...fields, pairing, step: { instance: id } });
      }
    }
    await eve.settled().catch(() => {});
    for (const client of [ada, bob]) expect(await toldOf(client)).toEqual([]);
    const told = JSON.stringify(eve.inbox);
    for (const id of ['"ada', 'a/ada', '"bob', 'a/bob']) expect(told).not.toContain(id);
    expect([...server.parts.pairings].map((pairing) => pairing.parties.map(({ id }) => id))).toEqual([
      ['a/ada', 'a/bob'],
    ]);
  });
});

describe('in a room', () => {
  it('members know each other by the ids of their app, also as leader', async () => {
    const test = await startTestServer(options);
    const [ada, bob] = [
      await join(test, { sub: 'ada', app: 'a' }),
      await join(test, { sub: 'bob', app: 'a' }),
    ];
    ada.send({ type: 'join_room', room: 'lobby', create: { topology: 'none', leader: 'bob' } });
    expect(await ada.next('room_joined')).toMatchObject({ peers: [] });
    bob.send({ type: 'join_room', room: 'lobby' });
    expect(await bob.next('room_joined')).toMatchObject({ peers: [{ id: 'ada' }] });
    const told = await toldOf(ada);
    expect(told.find(({ type }) => type === 'peer_joined')).toMatchObject({ peer: { id: 'bob' } });
    expect(told.find(({ type, id }) => type === 'leader' && id !== null)).toMatchObject({ id: 'bob' });
    await bob.close();
    expect(await ada.next('peer_left')).toMatchObject({ id: 'bob' });
  });

  it.each([
    ['join', { may: ['create'] }, { type: 'join_room', room: 'game-1', create }, '`join`'],
    ['create', { may: ['join'] }, { type: 'join_room', room: 'game-1', create }, '`create`'],
    ['lead', { may: ['join'] }, { type: 'lock_room', room: 'game-1', locked: true }, '`lead`'],
    ['a pattern that fits', { rooms: ['game-*'] }, { type: 'join_room', room: 'chat', create }, '`rooms`'],
  ])('what needs %s is refused without it', async (_what, claims, message, words) => {
    const client = await join(await startTestServer(options), claims);
    client.send(message);
    expect(await client.next('error')).toMatchObject({
      ...{ code: 'forbidden', for: message.type },
      message: expect.stringContaining(words),
    });
  });
});

describe('TURN credentials', () => {
  const turn = { turnUrl: ['turn:turn.example:3478'], turnSecret: 'a secret of the TURN server' };

  it('are for a client that may have them (`turn`), and for nobody else in the pairing', async () => {
    const test = await startTestServer({ ...options, ...turn, stunUrl: ['stun:stun.example:3478'] });
    const ada = await join(test, { sub: 'ada', may: ['pair', 'turn'] });
    const bob = await join(test, { sub: 'bob', may: ['pair'] });
    ada.send({ type: 'pair_request', target_id: 'bob' });
    expect((await ada.next('paired')).ice_servers).toHaveLength(2);
    expect((await bob.next('paired')).ice_servers).toEqual([{ urls: ['stun:stun.example:3478'] }]);
  });

  it('are good no longer than the token', async () => {
    const test = await startTestServer({ ...options, ...turn });
    const exp = Math.floor(test.clock.wallTime() / 1_000) + 90;
    const ada = await join(test, { sub: 'ada', exp });
    await join(test, { sub: 'bob' });
    ada.send({ type: 'pair_request', target_id: 'bob' });
    const [{ username } = { username: '' }] = (await ada.next('paired')).ice_servers as {
      username: string;
    }[];
    expect(username).toBe(`${exp}:/ada`);
  });
});
