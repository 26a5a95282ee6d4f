/** Which members a room pairs, and what it says of a pairing that is missing. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient, Received } from '../../../support/clients/raw-client.ts';
import { pairUp, startTestServer, type TestServer } from '../../../support/servers/test-server.ts';

async function enter(client: RawClient, create: object = { topology: 'mesh' }, room = 'den') {
  client.send({ type: 'join_room', room, create });
  await client.until(() => client.inbox.some(({ type }) => type === 'room_joined'), 'room_joined');
}

const SECRET = 'correct horse battery staple';

/** Takes the messages of a type, wherever they are among the others. */
async function take(client: RawClient, type: string, count = 1): Promise<Received[]> {
  const ofType = () => client.inbox.filter((message) => message.type === type);
  await client.until(() => ofType().length >= count, `${count} ${type}`);
  const taken = ofType().slice(0, count);
  client.inbox.splice(0, client.inbox.length, ...client.inbox.filter((message) => !taken.includes(message)));
  return taken;
}

const edgesOf = async (client: RawClient, count: number) =>
  (await take(client, 'edge', count)).map(({ id, state, reason }) => [id, state, reason]);

/** Two members of a mesh, paired; nothing else is in their inboxes. */
async function pairInMesh(test: TestServer): Promise<[RawClient, RawClient, number]> {
  const [a, b] = [await test.connect(), await test.connect()];
  await enter(a);
  await enter(b);
  const [paired] = await take(b, 'paired');
  await edgesOf(a, 1);
  await edgesOf(b, 1);
  for (const client of [a, b]) {
    await client.settled();
    client.inbox.length = 0;
  }
  return [a, b, Number(paired?.epoch)];
}

/** A client that may have as many peers as any of these rooms wants. */
const manyPeers = (test: TestServer, peers = 8) => test.connect(peers);

/** How many pairings were formed for each event that entered the server's queue. */
function countFormed({ queue, pairings }: TestServer['server']['parts']['signaling']): Map<number, number> {
  const counts = new Map<number, number>();
  const ignored = () => {};
  pairings.watch({
    paired: () => counts.set(queue.entries, (counts.get(queue.entries) ?? 0) + 1),
    connected: ignored,
    negotiating: ignored,
    ended: ignored,
  });
  return counts;
}

/** Both say that they are connected. */
async function connectBoth([a, b]: readonly RawClient[]): Promise<void> {
  b?.send({ type: 'offer', sdp: 'x' });
  await take(a as RawClient, 'offer');
  a?.send({ type: 'answer', sdp: 'x' });
  await take(b as RawClient, 'answer');
  for (const client of [a, b]) client?.send({ type: 'report', state: 'connected' });
}

describe('a mesh', () => {
  it('of many is whole: each member is paired with each other one, once', async () => {
    const test = await startTestServer();
    const members: RawClient[] = [];
    for (let next = 0; next < 5; next += 1) members.push(await manyPeers(test));
    for (const member of members) await enter(member);
    for (const [place, member] of members.entries()) {
      const paired = await take(member, 'paired', 4);
      const [asked, offered] = [true, false].map((isInitiator) =>
        paired.filter(({ initiator }) => initiator === isInitiator).map(({ peer_id: id }) => id),
      );
      expect(asked).toEqual(members.slice(0, place).map(({ id }) => id));
      expect(offered).toEqual(members.slice(place + 1).map(({ id }) => id));
    }
    expect(test.server.parts.pairings.size).toBe(10);
    await members[2]?.close();
    for (const member of members.filter((_, place) => place !== 2)) await take(member, 'peer_left');
    expect(test.server.parts.pairings.size).toBe(6);
    expect(test.server.parts.signaling.rooms.edges.all.size).toBe(6);
  });

  it('of 21 is formed 8 pairings at a time, so that a join never keeps others waiting', async () => {
    const test = await startTestServer();
    const { pairings, signaling } = test.server.parts;
    const formedAtOnce = countFormed(signaling);
    const members: RawClient[] = [];
    for (let next = 0; next < 21; next += 1) members.push(await manyPeers(test, 64));
    for (const member of members) await enter(member);
    for (const member of members) await take(member, 'paired', 20);
    expect(pairings.size).toBe(210);
    expect(Math.max(...formedAtOnce.values())).toBe(8);
  });

  it('of 31, joined and left in one breath, forms only the first pairings of those 30', async () => {
    const test = await startTestServer();
    const { signaling } = test.server.parts;
    const members: RawClient[] = [];
    for (let next = 0; next < 30; next += 1) members.push(await manyPeers(test, 64));
    for (const member of members) await enter(member);
    for (const member of members) await take(member, 'paired', 29);
    const formedAtOnce = countFormed(signaling);
    const client = await manyPeers(test, 64);
    client.send({ type: 'join_room', room: 'den' });
    client.send({ type: 'leave_room', room: 'den' });
    await take(client, 'peer_left');
    const formed = [...formedAtOnce.values()].reduce((sum, count) => sum + count, 0);
    expect(formed).toBeGreaterThan(0);
    expect(formed).toBeLessThanOrEqual(16);
    await members[0]?.settled();
    expect(signaling.pairings.all.size).toBe(435);
    expect(signaling.rooms.edges.all.size).toBe(435);
  });

  it('pairs whoever joins with each member: the newcomer makes the offers, and both know which room it is', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connect(), await test.connect()];
    await enter(a);
    await enter(b);
    expect(await take(b, 'paired')).toEqual([
      expect.objectContaining({ peer_id: a.id, initiator: true, room: 'den' }),
    ]);
    expect(await take(a, 'paired')).toEqual([
      expect.objectContaining({ peer_id: b.id, initiator: false, room: 'den' }),
    ]);
    expect(await edgesOf(a, 1)).toEqual([[b.id, 'connecting', undefined]]);
    expect(await edgesOf(b, 1)).toEqual([[a.id, 'connecting', undefined]]);
  });

  it('says so when an edge is connected, and when it is not any longer', async () => {
    const test = await startTestServer();
    const [a, b] = await pairInMesh(test);
    await connectBoth([a, b]);
    expect(await edgesOf(a, 1)).toEqual([[b.id, 'connected', undefined]]);
    expect(await edgesOf(b, 1)).toEqual([[a.id, 'connected', undefined]]);
    b.send({ type: 'report', state: 'disconnected' });
    expect(await edgesOf(a, 1)).toEqual([[b.id, 'connecting', undefined]]);
    b.send({ type: 'report', state: 'connected' });
    expect(await edgesOf(a, 1)).toEqual([[b.id, 'connected', undefined]]);
  });

  it('names an edge whose pairing ended with the reason, and forms it again after at most 2 s', async () => {
    const test = await startTestServer();
    const [a, b] = await pairInMesh(test);
    a.send({ type: 'unpair' });
    for (const [client, other] of [
      [a, b],
      [b, a],
    ] as const)
      expect(await edgesOf(client, 1)).toEqual([[other.id, 'missing', 'unpaired']]);
    test.clock.advance(2_100);
    expect(await take(a, 'paired')).toEqual([expect.objectContaining({ peer_id: b.id, room: 'den' })]);
    expect(await edgesOf(b, 1)).toEqual([[a.id, 'connecting', undefined]]);
  });

  it('names an edge that takes longer than 15 s, and does not end it', async () => {
    const test = await startTestServer();
    const [a, b] = await pairInMesh(test);
    test.clock.advance(15_100);
    expect(await edgesOf(a, 1)).toEqual([[b.id, 'missing', 'not_connected']]);
    await connectBoth([a, b]);
    expect(await edgesOf(b, 2)).toEqual([
      [a.id, 'missing', 'not_connected'],
      [a.id, 'connected', undefined],
    ]);
  });

  it('names the edges of a client that may have one peer only', async () => {
    const test = await startTestServer();
    const [a, b] = await pairInMesh(test);
    const c = await test.connect();
    await enter(c);
    expect((await edgesOf(c, 2)).sort()).toEqual(
      [
        [a.id, 'missing', 'too_many_peers'],
        [b.id, 'missing', 'too_many_peers'],
      ].sort(),
    );
    b.send({ type: 'leave_room', room: 'den' });
    await take(a, 'peer_left');
    test.clock.advance(2_100);
    expect(await edgesOf(c, 1)).toEqual([[a.id, 'connecting', undefined]]);
  });
});

describe('a star', () => {
  it('pairs each member with the leader, and all with the next one when that leads', async () => {
    const test = await startTestServer();
    const [a, b, c] = [await manyPeers(test), await manyPeers(test), await manyPeers(test)];
    for (const client of [a, b, c]) await enter(client, { topology: 'star' });
    expect((await take(a, 'paired', 2)).map(({ peer_id: id }) => id)).toEqual([b.id, c.id]);
    for (const client of [b, c])
      expect((await take(client, 'paired')).map(({ peer_id: id }) => id)).toEqual([a.id]);
    a.send({ type: 'leave_room', room: 'den' });
    expect(await take(c, 'peer_disconnected')).toEqual([expect.objectContaining({ peer_id: a.id })]);
    expect((await take(c, 'paired')).map(({ peer_id: id, initiator }) => [id, initiator])).toEqual([
      [b.id, true],
    ]);
    expect(test.server.parts.pairings.size).toBe(1);
  });

  it('whose named leader is not there pairs nobody yet', async () => {
    const test = await startTestServer();
    const [guest, host] = [await test.connect(), await test.connect()];
    await enter(guest, { topology: 'star', leader: host.id });
    await guest.settled();
    expect(guest.inbox.map(({ type }) => type)).toEqual(['room_joined']);
    await enter(host);
    expect(await take(guest, 'paired')).toEqual([expect.objectContaining({ peer_id: host.id })]);
  });
});

describe('a star whose leader leaves', () => {
  it('pairs the others with the one who leads next', async () => {
    const test = await startTestServer();
    const [a, b, c] = [await test.connect(), await test.connect(), await test.connect()];
    for (const client of [a, b, c]) await enter(client, { topology: 'star' });
    expect(await take(b, 'paired')).toEqual([expect.objectContaining({ peer_id: a.id })]);
    a.send({ type: 'leave_room', room: 'den' });
    expect(await take(c, 'leader')).toEqual([expect.objectContaining({ id: b.id })]);
    // It had a peer still, and may have one only.
    expect((await edgesOf(c, 2)).at(-1)).toEqual([b.id, 'missing', 'too_many_peers']);
    test.clock.advance(2_000);
    expect(await take(c, 'paired')).toEqual([expect.objectContaining({ peer_id: b.id, room: 'den' })]);
  });
});

describe('the pairings of a room', () => {
  it('end for both when one leaves the room, and both stay connected to the server', async () => {
    const test = await startTestServer();
    const [a, b] = await pairInMesh(test);
    b.send({ type: 'leave_room', room: 'den' });
    for (const [client, other] of [
      [a, b],
      [b, a],
    ] as const)
      expect(await take(client, 'peer_disconnected')).toEqual([
        { type: 'peer_disconnected', peer_id: other.id, reason: 'unpaired' },
      ]);
    for (const client of [a, b]) {
      await client.settled();
      client.inbox.length = 0;
    }
    await pairUp(a, b);
    expect(test.server.parts.pairings.size).toBe(1);
  });

  it('are not those that the two asked for: these go on in the room, and after it', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connect(), await test.connect()];
    const epoch = await pairUp(a, b);
    await enter(a);
    await enter(b);
    expect(await edgesOf(a, 1)).toEqual([[b.id, 'connecting', undefined]]);
    b.send({ type: 'leave_room', room: 'den' });
    await take(a, 'peer_left');
    await a.settled();
    expect([...test.server.parts.pairings].map((pairing) => pairing.epoch)).toEqual([epoch]);
    expect(a.inbox.filter(({ type }) => type === 'peer_disconnected')).toEqual([]);
  });

  it('of two rooms with the same two members are one, which ends with the last of them', async () => {
    const test = await startTestServer();
    const [a, b] = await pairInMesh(test);
    for (const client of [a, b]) await enter(client, { topology: 'mesh' }, 'other');
    expect(await edgesOf(a, 1)).toEqual([[b.id, 'connecting', undefined]]);
    b.send({ type: 'leave_room', room: 'den' });
    await take(a, 'peer_left');
    expect(test.server.parts.pairings.size).toBe(1);
    b.send({ type: 'leave_room', room: 'other' });
    await take(a, 'peer_disconnected');
    expect(test.server.parts.pairings.size).toBe(0);
  });

  it('are not missed when a member is gone: it is told as left, and nothing else', async () => {
    const test = await startTestServer();
    const [a, b] = await pairInMesh(test);
    await b.close();
    await take(a, 'peer_left');
    await a.settled();
    expect(a.inbox.map(({ type }) => type)).toEqual(['peer_disconnected']);
  });
});

describe('a pairing that a room formed, on a server that was started again', () => {
  /** Two members of a mesh, paired, whose server is another one now. */
  async function comeToAnother() {
    const [before, after] = [
      await startTestServer({ secret: SECRET }),
      await startTestServer({ secret: SECRET }),
    ];
    const [a, b] = [await before.connectResumable(), await before.connectResumable()];
    await enter(a);
    await enter(b);
    const [paired] = await take(b, 'paired');
    const epoch = Number(paired?.epoch);
    a.pairing = { peer_id: b.id, epoch, initiator: false, room: 'den' };
    b.pairing = { peer_id: a.id, epoch, initiator: true, room: 'den' };
    const back = [await a.comeBack(after.server.url), await b.comeBack(after.server.url)] as const;
    /** Lets time go by, in which both answer pings. */
    async function pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 1_000) {
        after.clock.advance(1_000);
        for (const client of back) {
          client.send({ type: 'pong' });
          await client.settled();
        }
      }
    }
    return { back, pass, server: after.server };
  }

  it('ends after 60 s when its two join the room no more, and not before', async () => {
    const { back, pass, server } = await comeToAnother();
    await pass(59_000);
    expect(server.parts.pairings.size).toBe(1);
    await pass(2_000);
    for (const client of back) await take(client, 'peer_disconnected');
    expect(server.parts.pairings.size).toBe(0);
  });

  it('stays when they join it again', async () => {
    const { back, pass, server } = await comeToAnother();
    for (const client of back) await enter(client);
    await pass(61_000);
    expect(server.parts.pairings.size).toBe(1);
  });
});
