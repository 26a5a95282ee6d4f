/** PeerJS's wire by hand: ids and tokens, what goes to whom, whoever is not there, and where it ends. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { sequenceOf } from '../../../../src/inspector/records/sequence-diagram.ts';
import { MAX_EXTRA_DEPTH } from '../../../../src/protocol/index.ts';
import type { TokenVerdict } from '../../../../src/server/admission/tokens/authenticator.ts';
import type { PeerJsClient } from '../../../../src/server/dialects/peerjs/peerjs-client.ts';
import type { ServerOptions } from '../../../../src/server/index.ts';
import { JsonClient } from '../../../support/clients/json-client.ts';
import { refusalOf } from '../../../support/clients/refusal-of.ts';
import { openFeed } from '../../../support/inspect-feed.ts';
import { httpUrl } from '../../../support/peers/browser.ts';
import { startTestCluster } from '../../../support/servers/test-cluster.ts';
import { newestEpoch, startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const OPEN = { type: 'OPEN' };

/** A client of a node, with a token of its own unless told otherwise. */
async function openAt({ server }: TestServer, id: string, token = `token of ${id}`): Promise<JsonClient> {
  const query = new URLSearchParams({ key: 'peerjs', id, token });
  const client = await JsonClient.open(`${server.url}peerjs?${query}`);
  expect(await client.takeOne()).toEqual(OPEN);
  return client;
}

async function serve(options: Partial<ServerOptions> = {}) {
  const test = await startTestServer({ peerjs: true, ...options });
  const { url } = test.server;
  const connect = (id: string, token = `token of ${id}`, more: Record<string, string> = {}) =>
    JsonClient.open(
      `${url}peerjs?${new URLSearchParams({ key: 'peerjs', id, token, version: '1.5.5', ...more })}`,
    );
  const open = async (id: string, token?: string) => {
    const client = await connect(id, token);
    expect(await client.takeOne()).toEqual(OPEN);
    return client;
  };
  return { ...test, connect, open };
}

const offer = (dst: string, connectionId = 'dc_1', sdp = 'an offer') => ({
  type: 'OFFER',
  dst,
  payload: { sdp: { type: 'offer', sdp }, type: 'data', connectionId, serialization: 'binary' },
});
const answer = (dst: string, connectionId = 'dc_1') => ({
  type: 'ANSWER',
  dst,
  payload: { sdp: { type: 'answer', sdp: 'an answer' }, type: 'data', connectionId },
});
const candidate = (dst: string, n: number) => ({
  type: 'CANDIDATE',
  dst,
  payload: { candidate: { candidate: `candidate:${n}` }, type: 'data', connectionId: 'dc_1' },
});
const from = (src: string, message: object) => ({ ...message, src });

/** Until the server has dealt with all that it sent: what it says to itself comes back. */
async function settled(client: JsonClient, id: string): Promise<void> {
  const mark = { type: 'CANDIDATE', dst: id, payload: { mark: Math.random() } };
  client.send(mark);
  const isMark = (message: unknown) => isDeepStrictEqual(message, { ...mark, src: id });
  await client.until(() => client.inbox.some(isMark), 'the mark');
  client.inbox.splice(client.inbox.findIndex(isMark), 1);
}

const arrowsIn = (record: Parameters<typeof sequenceOf>[0]) =>
  sequenceOf(record).flatMap(({ arrows }) =>
    arrows.map(({ from, to, text }) => `${from} > ${to} ${text.split(' ')[0]}`),
  );

describe('the record of a pairing', () => {
  it('shows what was said, by the names of this wire, and nothing of ours', async () => {
    const test = await serve();
    const [a, b] = [await test.open('a'), await test.open('b')];
    const feed = await openFeed(test.server);
    await feed.next('hello');
    a.send(offer('b'));
    a.send(candidate('b', 1));
    await settled(a, 'a');
    b.send(answer('a'));
    await settled(b, 'b');
    const epoch = newestEpoch(test);
    a.send({ type: 'LEAVE', dst: 'b' });
    await settled(a, 'a');
    expect(b.inbox.at(-1)).toMatchObject({ type: 'LEAVE', src: 'a' });
    const said = (from: string, to: string, type: string) => [
      `${from} > server ${type}`,
      `server > ${to} ${type}`,
    ];
    const record = await feed.record(epoch);
    expect(arrowsIn(record)).toEqual([
      ...said('initiator', 'responder', 'OFFER'),
      ...said('initiator', 'responder', 'CANDIDATE'),
      ...said('responder', 'initiator', 'ANSWER'),
      ...said('initiator', 'responder', 'LEAVE'),
    ]);
    expect(sequenceOf(record).at(-1)?.note).toBe('The pairing is over.');
  });

  it('shows no word to the other one when one of the two is gone without LEAVE', async () => {
    const test = await serve();
    const [a] = [await test.open('a'), await test.open('b')];
    const feed = await openFeed(test.server);
    await feed.next('hello');
    a.send(offer('b'));
    await settled(a, 'a');
    const epoch = newestEpoch(test);
    a.socket.close(1000);
    await until(() => [...test.server.parts.pairings].length === 0);
    expect(arrowsIn(await feed.record(epoch))).toEqual([
      'initiator > server OFFER',
      'server > responder OFFER',
    ]);
  });
});

/** More than a client of our own wire may leave unacked; this one acks nothing. */
it('two clients may signal to each other for as long as they read: 600 candidates all arrive', async () => {
  const { open } = await serve({ maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
  const [a, b] = [await open('a'), await open('b')];
  for (let n = 0; n < 600; n += 1) a.send(candidate('b', n));
  await settled(a, 'a');
  await b.until(() => b.inbox.length === 600, 'the candidates');
  expect([b.inbox.at(-1), a.inbox]).toEqual([from('a', candidate('b', 599)), []]);
});

describe('who connects as a client of PeerJS', () => {
  it.each([
    ['no id', { id: '' }, 'No id, token, or key supplied to websocket server'],
    ['no token', { token: '' }, 'No id, token, or key supplied to websocket server'],
    ['no key', { key: '' }, 'No id, token, or key supplied to websocket server'],
    ['another key', { key: 'other' }, 'Invalid key provided'],
    ['an id of 257 characters', { id: 'x'.repeat(257) }, 'The id or token is too long'],
    ['an id with a control character', { id: 'a\u0007' }, 'The id or token is too long'],
    ['an id that is written backwards', { id: 'a\u202e' }, 'The id or token is too long'],
    ['an id with a space of no width', { id: 'a\u200b' }, 'The id or token is too long'],
  ])('with %s is told so, and closed without a code', async (_what, wrong, msg) => {
    const { connect } = await serve();
    const client = await connect('a', 't', wrong);
    expect(await client.takeOne()).toEqual({ type: 'ERROR', payload: { msg: expect.stringContaining(msg) } });
    expect((await client.whenClosed()).code).toBe(1005);
  });

  it('with an id that somebody has, and another token, is told so; the other one keeps it', async () => {
    const { connect, open } = await serve();
    const a = await open('a', 'one');
    const other = await connect('a', 'two');
    expect(await other.takeOne()).toEqual({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } });
    expect((await other.whenClosed()).code).toBe(1005);
    await settled(a, 'a');
  });

  it('with the id and the token of one who is there takes over: OPEN, the old socket is closed, and the pairing stands', async () => {
    const { open, server } = await serve();
    const [old, b] = [await open('a', 'one'), await open('b')];
    old.send(offer('b'));
    expect(await b.takeOne()).toEqual(from('a', offer('b')));
    const [pairing] = server.parts.pairings;
    const again = await open('a', 'one');
    expect((await old.whenClosed()).code).toBe(4409);
    b.send(answer('a'));
    expect(await again.takeOne()).toEqual(from('b', answer('a')));
    expect([...server.parts.pairings]).toEqual([pairing]);
  });

  it('and lost its connection comes back to its pairing by id and token, and is never said to have left', async () => {
    const { open, server } = await serve();
    const [a, b] = [await open('a'), await open('b')];
    a.send(offer('b'));
    await b.takeOne();
    a.socket.terminate();
    await a.whenClosed();
    const back = await open('a');
    b.send(answer('a'));
    expect(await back.takeOne()).toEqual(from('b', answer('a')));
    expect([b.inbox, server.parts.pairings.size]).toEqual([[], 1]);
  });

  it('and lost its connection keeps its place of --max-connections-per-address while its session waits, and no longer', async () => {
    const { open, server, clock } = await serve({ maxConnectionsPerAddress: 2, resumeGraceMs: 30_000 });
    const url = `${server.url}peerjs?key=peerjs&id=c&token=t`;
    const [a, b] = [await open('a'), await open('b')];
    for (const client of [a, b]) {
      client.socket.terminate();
      await client.whenClosed();
    }
    await until(() => server.parts.admission.connections === 0, 'the server to know');
    expect(await refusalOf(url)).toBe(429);
    clock.advance(20_000);
    clock.advance(11_000);
    const [c, d] = [await open('c'), await open('d')];
    for (const [client, id] of [
      [c, 'c'],
      [d, 'd'],
    ] as const)
      await settled(client, id);
    expect(await refusalOf(url)).toBe(429);
  });

  it('gets an id at once that somebody lost, as a page does that is loaded again', async () => {
    const { open, server } = await serve();
    const [a, b] = [await open('a', 'one'), await open('b')];
    a.send(offer('b'));
    await b.takeOne();
    a.socket.terminate();
    await a.whenClosed();
    const next = await open('a', 'two');
    expect([server.parts.sessions.size, server.parts.pairings.size]).toEqual([2, 0]);
    b.send(offer('a', 'dc_2'));
    expect(await next.takeOne()).toEqual(from('b', offer('a', 'dc_2')));
  });

  it('may have an id with spaces, and one that differs only in case', async () => {
    const { open } = await serve();
    const [lower, upper] = [await open('a b'), await open('A B')];
    lower.send(offer('A B'));
    expect(await upper.takeOne()).toEqual(from('a b', offer('A B')));
  });
});

describe('a server that has as many clients as it may', () => {
  it('lets one come back to its own place, and nobody else take it, whatever they claim', async () => {
    const { connect, open, server } = await serve({ maxConnectionsPerAddress: 1 });
    const lost = await open('a');
    lost.socket.terminate();
    const [session] = server.parts.sessions.values();
    await until(() => session?.client.isOnline === false, 'the server to notice');
    const isAwaited = () => server.parts.features.started.peerjs?.realm.isAwaited('a');
    expect(isAwaited()).toBe(true);
    const urlFor = (id: string, more = {}) =>
      `${server.url}peerjs?${new URLSearchParams({ key: 'peerjs', id, token: 'x', ...more })}`;
    expect(await refusalOf(urlFor('b'))).toBe(429);
    expect(await refusalOf(urlFor('b', { resume: 'back' }))).toBe(429);
    const back = await open('a');
    expect([[...server.parts.sessions.values()], isAwaited()]).toEqual([[session], false]);
    expect(await refusalOf(urlFor('a'))).toBe(429);
    back.socket.terminate();
    await until(() => session?.client.isOnline === false, 'the server to notice');
    // Whoever wants the id of one that is away takes its place, too.
    expect(await (await connect('a', 'another')).takeOne()).toEqual(OPEN);
    expect(server.parts.sessions.size).toBe(1);
  });

  it('lets nobody in when it began to drain while it was asked who they are', async () => {
    let answer = (_verdict: TokenVerdict) => {};
    const authenticate = () =>
      new Promise<TokenVerdict>((resolve) => {
        answer = resolve;
      });
    const options = { peerjs: true, drainMs: 60_000 };
    const { server, clock } = await startTestServer(options, { authenticator: { authenticate } });
    const asked = answer;
    const query = new URLSearchParams({ key: 'peerjs', id: 'a', token: 'token' });
    const client = await JsonClient.open(`${server.url}peerjs?${query}`);
    await until(() => answer !== asked, 'the question');
    const drained = server.drain();
    answer({ grants: { app: '', may: [], expiresAt: 4_102_444_800_000 } });
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
    expect(server.parts.metrics.refused.get('draining')).toBe(1);
    expect(server.parts.sessions.size).toBe(0);
    clock.advance(60_000);
    await drained;
  });

  it('lets nobody in while it drains, whatever they claim', async () => {
    const { open, server, clock } = await serve({ drainMs: 60_000 });
    const [a] = [await open('a'), await open('b')];
    a.socket.terminate();
    await until(() => [...server.parts.sessions.values()].some(({ client }) => !client.isOnline));
    const drained = server.drain();
    const query = new URLSearchParams({ key: 'peerjs', id: 'a', token: 'token of a', resume: 'back' });
    expect(await refusalOf(`${server.url}peerjs?${query}`)).toBe(503);
    clock.advance(60_000);
    await drained;
  });
});

describe('what clients of PeerJS signal', () => {
  it('reaches the other one whole, in order, with the true sender, whatever order their connections keep', async () => {
    const { open, server } = await serve();
    const [a, b] = [await open('a'), await open('b')];
    const forged = { ...offer('b'), src: 'somebody else', extra: 'field' };
    a.send(forged);
    a.send(offer('b', 'mc_2'));
    b.send(offer('a', 'dc_3'));
    expect(await b.take(2)).toEqual([from('a', offer('b')), from('a', offer('b', 'mc_2'))]);
    expect(await a.takeOne()).toEqual(from('b', offer('a', 'dc_3')));
    for (const id of ['dc_1', 'mc_2']) b.send(answer('a', id));
    a.send(answer('b', 'dc_3'));
    for (let n = 0; n < 20; n += 1) a.send(candidate('b', n));
    expect(await a.take(2)).toEqual([from('b', answer('a', 'dc_1')), from('b', answer('a', 'mc_2'))]);
    expect(await b.take(21)).toEqual([
      from('a', answer('b', 'dc_3')),
      ...Array.from({ length: 20 }, (_, n) => from('a', candidate('b', n))),
    ]);
    const [pairing] = server.parts.pairings;
    expect([server.parts.pairings.size, pairing?.value]).toEqual([1, { negotiating: 'unordered' }]);
  });

  it('reaches the other one as a browser writes it, and is counted as that', async () => {
    const { open, server } = await serve();
    const [a, b] = [await open('a'), await open('b')];
    a.send(offer('b'));
    await b.takeOne();
    const usual = {
      type: 'CANDIDATE',
      payload: {
        candidate: {
          candidate: 'candidate:1 1 udp 2113937151 192.0.2.2 40763 typ host',
          ...{ sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'j2am' },
        },
        ...{ type: 'data', connectionId: 'dc_1' },
      },
      dst: 'b',
    };
    a.send(usual);
    expect(await b.takeOne()).toEqual(from('a', usual));
    expect(server.parts.metrics.received.get('CANDIDATE')).toBe(1);
  });

  it('reaches the other one also with spaces, braces in its texts, and a field that is said twice', async () => {
    const { open } = await serve();
    const [a, b] = [await open('a"}'), await open('b')];
    for (const payload of ['{ "label": "}" }', '"}"', 'null'])
      a.send(Buffer.from(` { "dst": "c", "dst": "b", "type": "OFFER", "payload": ${payload} }\r\n `));
    expect(await b.take(3)).toEqual(
      [{ label: '}' }, '}', null].map((payload) => ({ type: 'OFFER', src: 'a"}', dst: 'b', payload })),
    );
  });

  it('is passed on when it answers an offer from before the server was restarted', async () => {
    const { open, server } = await serve();
    const [a, b] = [await open('a'), await open('b')];
    b.send(answer('a'));
    expect(await a.takeOne()).toEqual(from('b', answer('a')));
    expect([...server.parts.pairings][0]?.value).toEqual({ negotiating: 'unordered' });
  });

  it('goes to any number of others, each a pairing of its own', async () => {
    const { open, server } = await serve();
    const a = await open('a');
    const others = [];
    for (let n = 0; n < 5; n += 1) others.push(await open(`peer ${n}`));
    for (const [n, other] of others.entries()) {
      a.send(offer(`peer ${n}`));
      expect(await other.takeOne()).toEqual(from('a', offer(`peer ${n}`)));
    }
    expect(server.parts.pairings.size).toBe(5);
    await a.close();
    await others[0]?.until(() => server.parts.pairings.size === 0, 'the end of its pairings').catch(() => {});
    expect(others.flatMap(({ inbox }) => inbox)).toEqual([]);
  });

  it('LEAVE reaches the one that it names and ends the pairing; without one, its sender leaves the server', async () => {
    const { open, server } = await serve();
    const [a, b] = [await open('a'), await open('b')];
    a.send(offer('b'));
    a.send({ type: 'LEAVE', dst: 'b' });
    expect(await b.take(2)).toEqual([from('a', offer('b')), { type: 'LEAVE', src: 'a', dst: 'b' }]);
    await settled(a, 'a');
    expect(server.parts.pairings.size).toBe(0);
    a.send({ type: 'LEAVE' });
    expect((await a.whenClosed()).code).toBe(1000);
    await open('a', 'another token');
  });
});

describe('somebody who is not there', () => {
  it('has what was said to it, in order, when it comes within 5 s', async () => {
    const { open, clock } = await serve();
    const a = await open('a');
    a.send(offer('late'));
    for (let n = 0; n < 3; n += 1) a.send(candidate('late', n));
    await settled(a, 'a');
    clock.advance(4_900);
    const late = await open('late');
    expect(await late.take(4)).toEqual([
      from('a', offer('late')),
      ...[0, 1, 2].map((n) => from('a', candidate('late', n))),
    ]);
    clock.advance(10_000);
    await settled(a, 'a');
    expect(a.inbox).toEqual([]);
  });

  it('is said to be away after 5 s, once, and gets nothing of it later', async () => {
    const { open, clock } = await serve();
    const a = await open('a');
    a.send(offer('nobody'));
    a.send(candidate('nobody', 1));
    await settled(a, 'a');
    clock.advance(5_100);
    expect(await a.takeOne()).toEqual({ type: 'EXPIRE', src: 'nobody', dst: 'a' });
    const nobody = await open('nobody');
    await settled(nobody, 'nobody');
    await settled(a, 'a');
    expect([a.inbox, nobody.inbox]).toEqual([[], []]);
  });

  it('is held 32 messages and 64 KiB of each who waits for it, and who sends more takes nothing from another', async () => {
    const { open, server } = await serve({ maxMessagesPerSecond: 0 });
    const [a, b, big] = [await open('a'), await open('b'), await open('big')];
    for (let n = 0; n < 40; n += 1) a.send(candidate('late', n));
    for (let n = 0; n < 3; n += 1) big.send(offer('late', `dc_${n}`, 'x'.repeat(30_000)));
    b.send(offer('late'));
    for (const [client, id] of [
      [a, 'a'],
      [b, 'b'],
      [big, 'big'],
    ] as const)
      await settled(client, id);
    const late = await open('late');
    await settled(late, 'late');
    const heard = late.inbox as unknown as { src: string }[];
    const countOf = (src: string) => heard.filter((message) => message.src === src).length;
    expect([countOf('a'), countOf('b'), countOf('big')]).toEqual([32, 1, 2]);
    expect(server.parts.metrics.refused.get('held_signals')).toBe(9);
  });

  it.each([
    ['64 KiB', 64 * 1024, 2],
    ['one byte more', 64 * 1024 + 1, 1],
  ])(
    'is held %s of one who sends that much in two messages: %s bytes, %s of them',
    async (_what, bytes, held) => {
      const { open } = await serve();
      const a = await open('a');
      const half = 32 * 1024;
      // As the other one gets it, with the sender's id.
      const overhead = JSON.stringify(from('a', offer('late', 'dc_1', ''))).length;
      for (const size of [half, bytes - half]) a.send(offer('late', 'dc_1', 'x'.repeat(size - overhead)));
      await settled(a, 'a');
      const late = await open('late');
      await settled(late, 'late');
      expect(late.inbox.length).toBe(held);
    },
  );

  it('is no longer waited for by one who is gone, or who leaves it', async () => {
    const { open } = await serve();
    const [a, b] = [await open('a'), await open('b')];
    a.send(offer('late'));
    a.send({ type: 'LEAVE', dst: 'late' });
    await settled(a, 'a');
    b.send(offer('late'));
    await settled(b, 'b');
    await b.close();
    await settled(a, 'a');
    const late = await open('late');
    await settled(late, 'late');
    expect(late.inbox).toEqual([]);
  });

  it('is held no more once that goes over --max-waiting-bytes of the whole server: who held the most loses it, and is told', async () => {
    const maxWaitingBytes = 1024 * 1024;
    const { open, server } = await serve({ maxWaitingBytes, maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
    const [a, b] = [await open('a'), await open('b')];
    b.send(offer('late 0'));
    await settled(b, 'b');
    for (let n = 0; n < 20; n += 1) a.send(offer(`late ${n}`, 'dc_a', 'x'.repeat(60_000)));
    await settled(a, 'a');
    expect(server.parts.signaling.waiting.total).toBeLessThan(maxWaitingBytes);
    const told = a.inbox.splice(0);
    const heard: unknown[] = [];
    for (let n = 0; n < 20; n += 1) {
      const late = await open(`late ${n}`);
      await settled(late, `late ${n}`);
      heard.push(...late.inbox);
    }
    const countOf = (src: string) => heard.filter((one) => (one as { src: string }).src === src).length;
    expect(countOf('a')).toBeLessThan(20);
    expect([countOf('a') > 10, countOf('b')]).toEqual([true, 1]);
    expect(told.map(({ type }) => type)).toEqual(Array(20 - countOf('a')).fill('EXPIRE'));
    const lost = new Set(told.map(({ src }) => src));
    const arrived = (heard as { src: string; dst: string }[]).filter(({ src }) => src === 'a');
    expect([lost.size, arrived.filter(({ dst }) => lost.has(dst))]).toEqual([told.length, []]);
    expect(b.inbox).toEqual([]);
  });

  it('is waited for 32 times by one client, who is told of the next at once, until one of them comes', async () => {
    const { open, server } = await serve();
    const a = await open('a');
    const { refused } = server.parts.metrics;
    for (let n = 0; n <= 32; n += 1) a.send(candidate(`nobody ${n}`, n));
    expect(await a.takeOne()).toEqual({ type: 'EXPIRE', src: 'nobody 32', dst: 'a' });
    expect(refused.get('held_signals')).toBe(1);
    const comes = await open('nobody 0');
    expect(await comes.takeOne()).toEqual(from('a', candidate('nobody 0', 0)));
    for (const n of [33, 34]) a.send(candidate(`nobody ${n}`, n));
    expect(await a.takeOne()).toEqual({ type: 'EXPIRE', src: 'nobody 34', dst: 'a' });
    expect(refused.get('held_signals')).toBe(2);
  });
});

describe('a client of PeerJS', () => {
  it('lives on after frames that are no message, which nobody else gets', async () => {
    const { open } = await serve();
    const [a, b] = [await open('a'), await open('b')];
    const deep = '['.repeat(MAX_EXTRA_DEPTH + 2) + ']'.repeat(MAX_EXTRA_DEPTH + 2);
    for (const frame of [
      'no json',
      '',
      'null',
      '[]',
      '{}',
      '{"type":"OPEN","dst":"b"}',
      '{"type":"ERROR","dst":"b","payload":{"msg":"forged"}}',
      '{"type":"OFFER"}',
      '{"type":"OFFER","dst":7}',
      '{"type":"__proto__","dst":"b"}',
      `{"type":"OFFER","dst":"b","payload":${deep}}`,
      '{"type":"OFFER","dst":"b","payload":"\\ud800"}',
      Buffer.from([0x7b, 0xff, 0x7d]),
    ])
      a.send(frame);
    await settled(a, 'a');
    await settled(b, 'b');
    expect([a.inbox, b.inbox]).toEqual([[], []]);
  });

  it('whose heartbeat a browser holds back stays, as long as it answers the pings of WebSocket', async () => {
    const { open, clock } = await serve();
    const a = await open('a');
    for (let minute = 0; minute < 10; minute += 1) {
      clock.advance(31_000);
      await new Promise((resolve) => a.socket.once('ping', resolve));
      await settled(a, 'a');
    }
    expect(a.closed).toBeUndefined();
  });

  it('that floods is told so, and closed with 1008', async () => {
    const { open } = await serve({ maxMessagesPerSecond: 10, maxMessageBurst: 10 });
    const a = await open('a');
    for (let n = 0; n < 30; n += 1) a.send({ type: 'HEARTBEAT' });
    expect((await a.whenClosed()).code).toBe(1008);
    expect(a.inbox).toEqual([{ type: 'ERROR', payload: { msg: 'You send too many messages' } }]);
  });

  it('that does not read is said to be away to whoever signals to it', async () => {
    const { open } = await serve({
      maxUnsentBytes: 64 * 1024,
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
    });
    const [a, slow] = [await open('a'), await open('slow')];
    slow.socket.pause();
    let sent = 0;
    while (a.inbox.length === 0 && sent < 1_000) {
      a.send(offer('slow', 'dc_1', 'x'.repeat(50_000)));
      await new Promise((resolve) => setImmediate(resolve));
      sent += 1;
    }
    expect(await a.takeOne()).toEqual({ type: 'EXPIRE', src: 'slow', dst: 'a' });
  });
});

describe('the inspector', () => {
  it('shows a pairing of PeerJS by the ids that its users know, finds it by them, and never shows a token', async () => {
    const { open, server } = await serve();
    const [alice, bob] = [await open('Alice', 'secret token'), await open('Bob')];
    alice.send(offer('Bob'));
    await bob.takeOne();
    const feed = await openFeed(server);
    await feed.next('hello');
    const row = { dialect: 'peerjs', known_as: 'Alice', peer_known_as: 'Bob' };
    const { rows } = await feed.list({ of: 'pairing', query: 'alice' });
    expect(rows).toEqual([expect.objectContaining(row)]);
    expect((await feed.list({ of: 'pairing', query: 'carol' })).rows).toEqual([]);
    const sessions = await feed.list({ of: 'session', query: 'bob' });
    expect(sessions.rows).toEqual([expect.objectContaining({ dialect: 'peerjs', known_as: 'Bob' })]);
    const kept = [...server.parts.sessions.values()].map(({ client }) =>
      (client as unknown as PeerJsClient).socket?.getUserData(),
    );
    expect(kept.map((data) => data?.token)).toEqual(['', '']);
    expect(JSON.stringify([rows, sessions])).not.toContain('secret');
  });
});

describe("PeerJS's routes over HTTP", () => {
  it('give an id that nobody has, to pages that may connect', async () => {
    const { server } = await serve();
    const ids = new Set<string>();
    for (let n = 0; n < 3; n += 1) {
      const response = await fetch(`${httpUrl(server)}peerjs/id?ts=1&version=1.5.5`, {
        headers: { origin: 'http://localhost:3000' },
      });
      expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
      ids.add(await response.text());
    }
    expect([...ids].every((id) => /^[0-9a-f-]{36}$/.test(id)) && ids.size).toBe(3);
  });

  it('tell who is there only with --peerjs-discovery', async () => {
    const closed = await fetch(`${httpUrl((await serve()).server)}peerjs/peers`);
    expect(closed.status).toBe(401);
    const { server, open, clock } = await serve({ peerjsDiscovery: true });
    const listed = async () => (await fetch(`${httpUrl(server)}peerjs/peers`)).json();
    await open('a');
    expect(await listed()).toEqual(['a']);
    await open('b');
    // Whoever asks again and again makes no work.
    expect(await listed()).toEqual(['a']);
    clock.advance(1_000);
    expect(await listed()).toEqual(['a', 'b']);
  });

  it('are below --peerjs-path, with the key of --peerjs-key', async () => {
    const { server } = await serve({ peerjsPath: '/my/app', peerjsKey: ['mine'] });
    const about = await fetch(`${httpUrl(server)}my/app/`);
    expect(await about.json()).toMatchObject({ name: 'PeerJS Server' });
    expect((await fetch(`${httpUrl(server)}my/app/mine/id`)).status).toBe(200);
    expect((await fetch(`${httpUrl(server)}peerjs/id`)).status).toBe(404);
    const client = await JsonClient.open(`${server.url}my/app/peerjs?key=mine&id=a&token=t`);
    expect(await client.takeOne()).toEqual(OPEN);
  });

  it('are not there unless --peerjs is on', async () => {
    const { server } = await startTestServer();
    const refusal = await fetch(`${httpUrl(server)}peerjs/id`);
    expect(refusal.status).toBe(404);
    expect(await refusal.text()).toMatch(/--peerjs/);
  });
});

describe('clients of PeerJS at two nodes', () => {
  const epochsOn = ({ server }: TestServer) => [...server.parts.pairings].map(({ epoch }) => epoch);
  const twoNodes = async (options: Partial<ServerOptions> = {}) => {
    const { nodes, ...cluster } = await startTestCluster(2, {
      ...{ peerjs: true, peerjsDiscovery: true },
      ...options,
    });
    const [one, two] = nodes as [TestServer, TestServer];
    const knows = (node: TestServer, id: string) =>
      node.server.parts.features.started.peerjs?.realm.has(id) === true;
    return { ...cluster, one, two, knows };
  };

  it('reach each other, both ways, in order and with the true sender, and are listed at both', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await openAt(one, 'a'), await openAt(two, 'b')];
    a.send({ ...offer('b'), src: 'somebody else' });
    for (let n = 0; n < 3; n += 1) a.send(candidate('b', n));
    expect(await b.take(4)).toEqual(
      [offer('b'), ...[0, 1, 2].map((n) => candidate('b', n))].map((m) => from('a', m)),
    );
    b.send(answer('a'));
    expect(await a.takeOne()).toEqual(from('b', answer('a')));
    for (const { server } of [one, two])
      expect(((await (await fetch(`${httpUrl(server)}peerjs/peers`)).json()) as string[]).sort()).toEqual([
        'a',
        'b',
      ]);
  });

  it('have what was said to them before they came, to the other node', async () => {
    const { one, two } = await twoNodes();
    const a = await openAt(one, 'a');
    a.send(offer('late'));
    await settled(a, 'a');
    const late = await openAt(two, 'late');
    expect(await late.takeOne()).toEqual(from('a', offer('late')));
  });

  it('are told that an id is taken that somebody has at the other node', async () => {
    const { one, two, knows } = await twoNodes();
    const a = await openAt(one, 'a');
    await until(() => knows(two, 'a'), 'the other node to know');
    const b = await JsonClient.open(`${two.server.url}peerjs?key=peerjs&id=a&token=another`);
    expect(await b.takeOne()).toMatchObject({ type: 'ID-TAKEN' });
    await settled(a, 'a');
  });

  it('take an id along by its token, and the socket at the node before is closed', async () => {
    const { one, two, knows } = await twoNodes();
    const [before, b] = [await openAt(one, 'a'), await openAt(one, 'b')];
    await until(() => knows(two, 'a'), 'the other node to know');
    const after = await openAt(two, 'a', 'token of a');
    await before.whenClosed();
    b.send(offer('a'));
    expect(await after.takeOne()).toEqual(from('b', offer('a')));
    expect(one.server.parts.sessions.size).toBe(1);
  });

  it('give an id away that they lost at their own node', async () => {
    const { one, two, knows } = await twoNodes();
    const a = await openAt(one, 'a');
    await until(() => knows(two, 'a'), 'the other node to know');
    a.socket.terminate();
    await until(() => two.server.parts.cluster?.ids.find('a')?.isOnline === false, 'the other node to know');
    await openAt(two, 'a', 'another');
    await until(() => one.server.parts.sessions.size === 0, 'its session to end');
  });

  it('are known to be away at both when one was silent: its id can be had, and what it is sent waits', async () => {
    const { one, two, knows, advance } = await twoNodes();
    const silent = await openAt(one, 'a', 'one');
    silent.socket.pong = () => {};
    const b = await openAt(two, 'b');
    await until(() => knows(two, 'a'), 'the nodes to know');
    for (let turns = 0; !silent.closed && turns < 100; turns += 1) await advance(1_000);
    expect((await silent.whenClosed()).code).toBe(4408);
    await until(() => two.server.parts.cluster?.ids.find('a')?.isOnline === false, 'the other node to know');
    b.send(offer('a'));
    await settled(b, 'b');
    const next = await openAt(two, 'a', 'another');
    expect(await next.takeOne()).toEqual(from('b', offer('a')));
  });

  it('come to the other node while theirs drains, and what they are sent meanwhile waits for them', async () => {
    const { one, two, knows, advance } = await twoNodes({ drainMs: 10_000 });
    const [a, b] = [await openAt(one, 'a'), await openAt(two, 'b')];
    await until(() => knows(two, 'a') && knows(one, 'b'), 'the nodes to know');
    const drained = one.server.drain();
    for (let turns = 0; !a.closed && turns < 40; turns += 1) await advance(500);
    expect((await a.whenClosed()).code).toBe(1012);
    const isAway = () => two.server.parts.cluster?.ids.find('a')?.isOnline === false;
    await until(isAway, 'the other node to know');
    b.send(offer('a'));
    await settled(b, 'b');
    const after = await openAt(two, 'a');
    expect(await after.takeOne()).toEqual(from('b', offer('a')));
    after.send(answer('b'));
    expect(await b.takeOne()).toEqual(from('a', answer('b')));
    await advance(10_000);
    await drained;
    await settled(after, 'a');
  });

  it('are one pairing at both nodes, by the ids that their users know, whoever of them signals, until one says LEAVE', async () => {
    const { one, two, knows } = await twoNodes();
    const [a, b] = [await openAt(one, 'Ada'), await openAt(two, 'Bob')];
    await until(() => knows(one, 'Bob') && knows(two, 'Ada'), 'the nodes to know');
    const [feed, other] = [await openFeed(one.server), await openFeed(two.server)];
    a.send(offer('Bob'));
    await b.takeOne();
    for (let n = 0; n < 3; n += 1) {
      b.send(n === 0 ? answer('Ada') : candidate('Ada', n));
      await a.takeOne();
      a.send(candidate('Bob', n));
      await b.takeOne();
    }
    const [epoch] = epochsOn(one);
    expect([epochsOn(one), epochsOn(two)]).toEqual([[epoch], [epoch]]);
    for (const { rows } of [
      await feed.list({ of: 'pairing', query: 'bob' }),
      await other.list({ of: 'pairing', query: 'ada' }),
    ])
      expect(rows).toEqual([
        expect.objectContaining({ dialect: 'peerjs', known_as: 'Ada', peer_known_as: 'Bob', epoch }),
      ]);
    b.send({ type: 'LEAVE', dst: 'Ada' });
    expect(await a.takeOne()).toEqual({ type: 'LEAVE', src: 'Bob', dst: 'Ada' });
    await until(() => [one, two].every((node) => epochsOn(node).length === 0), 'the end of both sides');
    const said = (from: string, to: string, type: string) => [
      `${from} > server ${type}`,
      `server > ${to} ${type}`,
    ];
    const ofAda = (type: string) => said('initiator', 'responder', type);
    const ofBob = (type: string) => said('responder', 'initiator', type);
    // The same at both nodes.
    for (const each of [feed, other])
      expect(arrowsIn(await each.record(Number(epoch)))).toEqual([
        ...[...ofAda('OFFER'), ...ofBob('ANSWER'), ...ofAda('CANDIDATE')],
        ...[...ofBob('CANDIDATE'), ...ofAda('CANDIDATE'), ...ofBob('CANDIDATE'), ...ofAda('CANDIDATE')],
        ...ofBob('LEAVE'),
      ]);
    b.send(offer('Ada', 'dc_2'));
    expect(await a.takeOne()).toEqual(from('Bob', offer('Ada', 'dc_2')));
    expect(epochsOn(one)).toEqual(epochsOn(two));
    expect(epochsOn(one)).not.toEqual([epoch]);
    expect([a.inbox, b.inbox]).toEqual([[], []]);
  });

  it('that call each other at the same time are one pairing, and both calls arrive', async () => {
    const { one, two, knows, hold } = await twoNodes();
    const [a, b] = [await openAt(one, 'a'), await openAt(two, 'b')];
    await until(() => knows(one, 'b') && knows(two, 'a'), 'the nodes to know');
    const held = hold();
    a.send(offer('b', 'dc_a'));
    b.send(offer('a', 'dc_b'));
    for (const [client, id] of [
      [a, 'a'],
      [b, 'b'],
    ] as const)
      await settled(client, id);
    const lower = Math.min(...epochsOn(one), ...epochsOn(two));
    held.release();
    expect([await a.takeOne(), await b.takeOne()]).toEqual([
      from('b', offer('a', 'dc_b')),
      from('a', offer('b', 'dc_a')),
    ]);
    a.send(answer('b', 'dc_b'));
    await b.takeOne();
    b.send(answer('a', 'dc_a'));
    await a.takeOne();
    expect([epochsOn(one), epochsOn(two)]).toEqual([[lower], [lower]]);
    expect([a.inbox, b.inbox]).toEqual([[], []]);
  });

  it('are no pairing any more when one of the two is gone, who is never said to have left', async () => {
    const { one, two, knows } = await twoNodes();
    const [a, b] = [await openAt(one, 'a'), await openAt(two, 'b')];
    await until(() => knows(one, 'b') && knows(two, 'a'), 'the nodes to know');
    a.send(offer('b'));
    await b.takeOne();
    await a.close();
    await until(() => [one, two].every((node) => epochsOn(node).length === 0), 'the end of both sides');
    await settled(b, 'b');
    expect(b.inbox).toEqual([]);
  });

  it('stay one pairing while one of the two comes back to its node, and over a link that was lost', async () => {
    const { one, two, knows, sever, advance } = await twoNodes();
    const [a, b] = [await openAt(one, 'a'), await openAt(two, 'b')];
    await until(() => knows(one, 'b') && knows(two, 'a'), 'the nodes to know');
    a.send(offer('b'));
    await b.takeOne();
    const [epoch] = epochsOn(one);
    a.socket.terminate();
    const isAway = () => two.server.parts.cluster?.ids.find('a')?.isOnline === false;
    await until(isAway, 'the other node to know');
    const back = await openAt(one, 'a');
    await until(() => !isAway(), 'the other node to know');
    const reconnect = sever(two);
    for (let beats = 0; knows(one, 'b') && beats < 20; beats += 1) await advance(1_000);
    reconnect();
    for (let beats = 0; !(knows(one, 'b') && knows(two, 'a')) && beats < 20; beats += 1) await advance(1_000);
    await settled(b, 'b');
    b.send(answer('a'));
    await back.until(() => back.inbox.length > 0, 'the answer');
    expect(await back.takeOne()).toEqual(from('b', answer('a')));
    expect([epochsOn(one), epochsOn(two)]).toEqual([[epoch], [epoch]]);
    expect([back.inbox, b.inbox]).toEqual([[], []]);
  });

  it('cannot be held up by a pairing that is over: what comes late of it is passed on, and begins nothing', async () => {
    const { one, two, knows, hold } = await twoNodes();
    const [a, b] = [await openAt(one, 'a'), await openAt(two, 'b')];
    await until(() => knows(one, 'b') && knows(two, 'a'), 'the nodes to know');
    a.send(offer('b'));
    await b.takeOne();
    const held = hold();
    a.send({ type: 'LEAVE', dst: 'b' });
    b.send(candidate('a', 1));
    await settled(a, 'a');
    await settled(b, 'b');
    held.release();
    expect(await b.takeOne()).toEqual({ type: 'LEAVE', src: 'a', dst: 'b' });
    expect(await a.takeOne()).toEqual(from('b', candidate('a', 1)));
    await until(() => [one, two].every((node) => epochsOn(node).length === 0), 'the end of both sides');
  });

  it('that is one client at both nodes in the same instant stays at the one with the lower number', async () => {
    const { one, two, knows, hold } = await twoNodes();
    const held = hold();
    const [a, other] = [await openAt(one, 'a', 'same'), await openAt(two, 'a', 'same')];
    held.release();
    expect((await other.whenClosed()).code).toBe(4409);
    await settled(a, 'a');
    expect([one, two].map(({ server }) => server.parts.sessions.size)).toEqual([1, 0]);
    // It is where it comes next, whatever the number of that node.
    await until(() => knows(two, 'a'), 'the node to know');
    const next = await openAt(two, 'a', 'same');
    expect((await a.whenClosed()).code).toBe(4409);
    await settled(next, 'a');
  });

  it('that take one id at the same time: the one at the node with the lower number keeps it', async () => {
    const { one, two, hold } = await twoNodes();
    const held = hold();
    const [a, b] = [await openAt(one, 'a', 'one'), await openAt(two, 'a', 'another')];
    held.release();
    await b.whenClosed();
    await settled(a, 'a');
    expect([one, two].map(({ server }) => server.parts.sessions.size)).toEqual([1, 0]);
  });

  it('are told that one is away whose node died, after 5 s, and find it where it comes back', async () => {
    const { one, two, knows, kill, advance } = await twoNodes();
    const [a] = [await openAt(one, 'a'), await openAt(two, 'b')];
    await until(() => knows(one, 'b'), 'the other node to know');
    await kill(two);
    for (let beats = 0; knows(one, 'b') && beats < 60; beats += 1) await advance(1_000);
    a.send(offer('b'));
    await settled(a, 'a');
    await advance(5_000);
    expect(await a.takeOne()).toEqual({ type: 'EXPIRE', src: 'b', dst: 'a' });
    const b = await openAt(one, 'b', 'token of b');
    a.send(offer('b'));
    expect(await b.takeOne()).toEqual(from('a', offer('b')));
  });
});
