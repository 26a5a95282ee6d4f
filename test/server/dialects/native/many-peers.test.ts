/** The wire of a client that said how many peers it may have (`?peers=N`), with real sockets. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient, Received } from '../../../support/clients/raw-client.ts';
import { pairUp, startTestServer, type TestServer } from '../../../support/servers/test-server.ts';

/** A client with two peers: the epochs of its pairings, by the order in which it asked. */
async function withTwoPeers() {
  const test = await startTestServer();
  const [hub, one, two] = [await test.connect(4), await test.connect(), await test.connect(4)];
  const epochs = [await pairUp(hub, one), await pairUp(hub, two)] as const;
  return { test, hub, one, two, epochs };
}

const DAY_MS = 86_400_000;

const candidate = (text: string, epoch?: number) => ({
  type: 'candidate',
  candidate: { candidate: text },
  ...(epoch !== undefined && { epoch }),
});

async function expectSilent(...clients: readonly RawClient[]): Promise<void> {
  for (const client of clients) {
    await client.settled();
    expect(client.inbox).toEqual([]);
  }
}

async function welcomeOf(test: TestServer, query: string): Promise<Received> {
  const { RawClient: Client } = await import('../../../support/clients/raw-client.ts');
  class Silent extends Client {
    static open(url: string): Silent {
      return new Silent(url);
    }
  }
  return Silent.open(`${test.server.url}${query}`).next('your_id');
}

describe('how many peers a client may have', () => {
  it.each([
    ['?peers=3', 3],
    ['?peers=1', 1],
    ['?peers=5', 4],
    ['?peers=99999999999', 1],
    ['?peers=many', 1],
    ['?peers=-2', 1],
    ['', undefined],
  ])('%s is answered with %s, where the server lets it have 4', async (query, most) => {
    const test = await startTestServer({ maxPeersPerClient: 4 });
    expect((await welcomeOf(test, query)).max_peers).toBe(most);
  });

  it('is as many as it said, and one more is refused; it asks again when one has left', async () => {
    const test = await startTestServer();
    const hub = await test.connect(2);
    const peers = [await test.connect(), await test.connect(), await test.connect()] as const;
    const epoch = await pairUp(hub, peers[0]);
    await pairUp(peers[1], hub);
    hub.send({ type: 'pair_request', target_id: peers[2].id });
    expect(await hub.next('error')).toMatchObject({ code: 'too_many_peers', for: 'pair_request' });
    peers[2].send({ type: 'pair_request', target_id: hub.id });
    expect(await peers[2].next('error')).toMatchObject({ code: 'target_already_paired' });
    hub.send({ type: 'unpair', epoch });
    expect(await peers[0].next('peer_disconnected')).toMatchObject({ peer_id: hub.id, reason: 'unpaired' });
    await pairUp(hub, peers[2]);
  });

  it('does not let two have each other twice, whoever asks, by id or by key', async () => {
    const { hub, two } = await withTwoPeers();
    hub.send({ type: 'create_key' });
    const { key } = await hub.next('key');
    hub.send({ type: 'pair_request', target_id: two.id });
    two.send({ type: 'pair_request', target_id: hub.id });
    expect(await hub.next('error')).toMatchObject({ code: 'already_paired' });
    expect(await two.next('error')).toMatchObject({ code: 'already_paired' });
    two.send({ type: 'pair_request', key });
    expect(await two.next('error')).toMatchObject({ code: 'already_paired' });
  });
});

describe('a signal of a client with two peers', () => {
  it('goes to the peer that its epoch names, and to no other', async () => {
    const { hub, one, two, epochs } = await withTwoPeers();
    hub.send({ type: 'offer', sdp: 'for one', epoch: epochs[0] });
    hub.send({ type: 'offer', sdp: 'for two', epoch: epochs[1] });
    expect(await one.next('offer')).toMatchObject({ sdp: 'for one', epoch: epochs[0] });
    expect(await two.next('offer')).toMatchObject({ sdp: 'for two', epoch: epochs[1] });
    await expectSilent(hub, one, two);
  });

  it.each([
    [{ type: 'offer', sdp: 'x' }],
    [{ type: 'answer', sdp: 'x' }],
    [{ type: 'candidate', candidate: null }],
    [{ type: 'report', state: 'connected' }],
    [{ type: 'unpair' }],
    [{ type: 'reject' }],
  ])('%j is refused, for it does not say which', async (message) => {
    const { hub, one, two } = await withTwoPeers();
    hub.send(message);
    expect(await hub.next('error')).toMatchObject({ code: 'ambiguous_pairing', for: message.type });
    await expectSilent(hub, one, two);
  });

  it('that names no pairing of its own is dropped, and so is an unpair or a report', async () => {
    const { test, hub, one, two, epochs } = await withTwoPeers();
    const [a, b] = [await test.connect(4), await test.connect()];
    const other = await pairUp(a, b);
    for (const epoch of [other, epochs[0] - 1, 0])
      for (const type of ['unpair', 'reject']) hub.send({ type, epoch });
    hub.send({ type: 'report', state: 'connected', epoch: other });
    hub.send(candidate('astray', other));
    await expectSilent(hub, one, two, a, b);
    expect(test.server.parts.pairings.size).toBe(3);
  });

  it('means its only peer when it has one, and is dropped when it names the one that has left', async () => {
    const { hub, one, two, epochs } = await withTwoPeers();
    one.send({ type: 'unpair' });
    expect(await hub.next('peer_disconnected')).toMatchObject({ peer_id: one.id, epoch: epochs[0] });
    hub.send(candidate('late', epochs[0]));
    hub.send(candidate('for two'));
    expect(await two.next('candidate')).toMatchObject({ candidate: { candidate: 'for two' } });
    two.send({ type: 'unpair' });
    await hub.next('peer_disconnected');
    hub.send(candidate('later', epochs[1]));
    await expectSilent(hub, one, two);
    hub.send(candidate('to nobody'));
    expect(await hub.next('error')).toMatchObject({ code: 'not_paired' });
  });

  it('is refused with the epoch of the pairing in which it came', async () => {
    const { hub, epochs } = await withTwoPeers();
    hub.send({ type: 'answer', sdp: 'x', epoch: epochs[1] });
    expect(await hub.next('error')).toMatchObject({ code: 'no_offer', for: 'answer', epoch: epochs[1] });
  });
});

describe('what a client with several peers is told', () => {
  it('carries the epoch, which the server adds at the end where a peer gave none', async () => {
    const { hub, one, epochs } = await withTwoPeers();
    const frames: string[] = [];
    hub.socket.on('message', (data) => frames.push(String(data)));
    one.send('{"type":"candidate","candidate":null,"mine":1e2}');
    expect(await hub.next('candidate')).toMatchObject({ epoch: epochs[0], from_peer: true, mine: 100 });
    expect(frames).toEqual([
      `{"type":"candidate","candidate":null,"mine":1e2,"epoch":${epochs[0]},"from_peer":true}`,
    ]);
  });

  it('has nothing new for a peer that did not say how many it may have', async () => {
    const test = await startTestServer();
    const [hub, plain] = [await test.connect(4), await test.connect()];
    plain.send({ type: 'create_key', ttl_s: 10 });
    expect(Object.keys(await plain.next('key'))).toEqual(['type', 'key', 'expires_at']);
    test.clock.advance(11_000);
    hub.send({ type: 'pair_request', target_id: plain.id, metadata: { name: 'hub' } });
    expect(Object.keys(await plain.next('paired'))).toEqual([
      'type',
      'peer_id',
      'initiator',
      'polite',
      'epoch',
    ]);
    const { epoch } = await hub.next('paired');
    hub.send({ type: 'candidate', candidate: null });
    expect(Object.keys(await plain.next('candidate'))).toEqual(['type', 'candidate', 'from_peer']);
    plain.send({ type: 'answer', sdp: 'x' });
    expect(Object.keys(await plain.next('error'))).toEqual(['type', 'code', 'message', 'for']);
    hub.send({ type: 'reject', epoch, reason: 'busy' });
    expect(await plain.next('peer_disconnected')).toEqual({
      type: 'peer_disconnected',
      peer_id: hub.id,
      reason: 'rejected',
    });
  });

  it('is that a peer is away and back, by epoch, and each of its peers is told the same of it', async () => {
    const test = await startTestServer();
    const [hub, one, two] = [
      await test.connectResumable(4),
      await test.connectResumable(),
      await test.connect(4),
    ];
    const epochs = [await pairUp(hub, one), await pairUp(two, hub)];
    one.socket.terminate();
    expect(await hub.next('peer_away')).toMatchObject({ peer_id: one.id, epoch: epochs[0] });
    const back = await one.comeBack(test.server.url);
    expect(await hub.next('peer_back')).toMatchObject({ peer_id: one.id, epoch: epochs[0] });
    hub.socket.terminate();
    expect(await two.next('peer_away')).toMatchObject({ peer_id: hub.id, epoch: epochs[1] });
    expect(await back.next('peer_away')).toEqual({ type: 'peer_away', peer_id: hub.id });
    await hub.comeBack(test.server.url);
    expect(await two.next('peer_back')).toMatchObject({ peer_id: hub.id, epoch: epochs[1] });
    expect(await back.next('peer_back')).toEqual({ type: 'peer_back', peer_id: hub.id });
  });

  it('is that it has gone, all of them, when it goes', async () => {
    const { hub, one, two, epochs } = await withTwoPeers();
    await hub.close();
    expect(await one.next('peer_disconnected')).toMatchObject({ peer_id: hub.id, reason: 'disconnected' });
    expect(await two.next('peer_disconnected')).toMatchObject({ peer_id: hub.id, epoch: epochs[1] });
  });
});

describe('metadata of a pair request', () => {
  it.each([[{ name: 'Ada', tags: ['a', 1, null, true] }], ['text'], [0], [false], [null], [[]]])(
    '%j is told to the responder, and not to who asked',
    async (metadata) => {
      const test = await startTestServer();
      const [a, b] = [await test.connect(1), await test.connect(1)];
      a.send({ type: 'pair_request', target_id: b.id, metadata });
      expect((await b.next('paired')).metadata).toEqual(metadata);
      expect(await a.next('paired')).not.toHaveProperty('metadata');
    },
  );

  it('is at most 2048 bytes of JSON, and a byte more pairs nobody', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connect(1), await test.connect(1)];
    const ask = (text: string) => a.send({ type: 'pair_request', target_id: b.id, metadata: text });
    ask(`${'é'.repeat(1_023)}x`);
    expect(await a.next('error')).toMatchObject({ code: 'metadata_too_large', for: 'pair_request' });
    await expectSilent(b);
    ask('é'.repeat(1_023));
    expect((await b.next('paired')).metadata).toBe('é'.repeat(1_023));
  });
});

describe('reject', () => {
  it('ends that pairing for both, and tells the other one why', async () => {
    const { hub, one, two, epochs } = await withTwoPeers();
    two.send({ type: 'reject', epoch: epochs[1], reason: 'I am full' });
    expect(await hub.next('peer_disconnected')).toEqual({
      type: 'peer_disconnected',
      peer_id: two.id,
      epoch: epochs[1],
      reason: 'rejected',
      message: 'I am full',
    });
    await expectSilent(hub, one, two);
    await pairUp(two, hub);
  });

  it('takes a reason of 200 characters, and shows no control characters of it', async () => {
    const { hub, two, epochs } = await withTwoPeers();
    two.send({ type: 'reject', epoch: epochs[1], reason: 'x'.repeat(201) });
    expect(await two.next('error')).toMatchObject({ code: 'invalid_message', for: 'reject' });
    two.send({ type: 'reject', epoch: epochs[1], reason: 'a\u001b[31m\u202eb' });
    expect((await hub.next('peer_disconnected')).message).toBe('a\ufffd[31m\ufffdb');
  });
});

describe('keys without an end', () => {
  it('with uses 0 pair any number, with ttl_s 0 as long as the session, and say no time', async () => {
    const test = await startTestServer({ pingIntervalMs: 0 });
    const servant = await test.connect(64);
    servant.send({ type: 'create_key', ttl_s: 0, uses: 0 });
    const { key, ...rest } = await servant.next('key');
    expect(rest).toEqual({ type: 'key' });
    for (let user = 0; user < 20; user += 1) {
      const client = await test.connect();
      client.send({ type: 'pair_request', key });
      expect(await client.next('paired')).toMatchObject({ peer_id: servant.id });
      await servant.next('paired');
      if (user === 10) test.clock.advance(DAY_MS);
    }
    await servant.close();
    const late = await test.connect();
    late.send({ type: 'pair_request', key });
    expect(await late.next('error')).toMatchObject({ code: 'key_not_found' });
  });

  it('that end by their time are told to their maker, once, and those that are used up are not', async () => {
    const test = await startTestServer({ pingIntervalMs: 0 });
    const [maker, user] = [await test.connect(4), await test.connect()];
    maker.send({ type: 'create_key', ttl_s: 30 });
    const { key } = await maker.next('key');
    maker.send({ type: 'create_key', ttl_s: 30 });
    const { key: used } = await maker.next('key');
    user.send({ type: 'pair_request', key: used });
    await maker.next('paired');
    test.clock.advance(29_000);
    await expectSilent(maker);
    test.clock.advance(1_100);
    expect(await maker.next('key_expired')).toEqual({ type: 'key_expired', key });
    test.clock.advance(60_000);
    await expectSilent(maker);
  });
});

it('what one peer makes wait leaves the others room, and ends no pairing but its own', async () => {
  const test = await startTestServer({ maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
  const [hub, flood, calm] = [await test.connectResumable(4), await test.connect(), await test.connect()];
  await pairUp(flood, hub);
  await pairUp(calm, hub);
  hub.socket.terminate();
  await flood.next('peer_away');
  await calm.next('peer_away');
  for (let n = 0; n < 300; n += 1) flood.send(candidate(`flood ${n}`));
  expect(await flood.next('error')).toMatchObject({ code: 'peer_slow' });
  await flood.settled();
  flood.inbox.length = 0;
  calm.send(candidate('calm'));
  await expectSilent(calm);
  const back = await hub.comeBack(test.server.url);
  await back.until(
    () => back.inbox.some(({ candidate: of }) => (of as Received)?.candidate === 'calm'),
    'calm',
  );
  await flood.next('peer_back');
  await calm.next('peer_back');
});

it('two peers keep their pairings when what waits for their client from neither of them is dropped', async () => {
  const test = await startTestServer();
  const [hub, one, other] = [await test.connectResumable(2), await test.connect(), await test.connect()];
  await pairUp(one, hub);
  await pairUp(other, hub);
  const session = test.server.parts.sessions.get(hub.id);
  expect(session?.waits).toHaveLength(3);
  session?.shedWaiting();
  expect(session?.context.pairings.map(({ peerId }) => peerId)).toEqual([one.id, other.id]);
  expect([one.inbox, other.inbox]).toEqual([[], []]);
});
