/** PeerJS where clients must say who they are: its `token` is the token, and apps never meet. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { MAX_HELD_SIGNALS } from '../../../../src/protocol/index.ts';
import { type StartOptions, startServer } from '../../../../src/server/index.ts';
import { JsonClient } from '../../../support/clients/json-client.ts';
import { refusalOf as httpRefusalOf } from '../../../support/clients/refusal-of.ts';
import { openFeed } from '../../../support/inspect-feed.ts';
import { httpUrl } from '../../../support/peers/browser.ts';
import { startTestCluster } from '../../../support/servers/test-cluster.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import {
  forge,
  keyPairs,
  nowS,
  pemOf,
  publish,
  SECRET,
  sign,
  signWithSecret,
} from '../../../support/servers/token-issuer.ts';
import { answering, WebhookServer } from '../../../support/servers/webhook-server.ts';
import { until } from '../../../support/until.ts';

const OPEN = { type: 'OPEN' };
const ID_TAKEN = { type: 'ID-TAKEN', payload: { msg: 'ID is taken' } };

interface Connecting {
  readonly id: string;
  readonly token: string;
  readonly key?: string;
}

const urlFor = ({ url }: { readonly url: string }, { id, token, key = 'peerjs' }: Connecting) =>
  `${url}peerjs?${new URLSearchParams({ key, id, token, version: '1.5.5' })}`;

/** A client that has been let in. */
async function opened(server: { readonly url: string }, connecting: Connecting): Promise<JsonClient> {
  const client = await JsonClient.open(urlFor(server, connecting));
  expect(await client.takeOne()).toEqual(OPEN);
  return client;
}

/** The message of a client that is turned away, as the unmodified client expects it: before a close without a code. */
async function refusalOf(server: { readonly url: string }, connecting: Connecting): Promise<unknown> {
  const client = await JsonClient.open(urlFor(server, connecting));
  const refusal = await client.takeOne();
  expect(await client.whenClosed()).toEqual({ code: 1005, reason: '' });
  return refusal;
}

async function guarded(options: StartOptions = {}) {
  const test = await startTestServer({ peerjs: true, jwtSecret: SECRET, ...options });
  const { server } = test;
  /** @param claims `sub` is the id that it asks for, if the test names no other */
  const join = async (id: string, claims: JWTPayload = { sub: id }, key = 'peerjs') =>
    opened(server, { id, token: await signWithSecret(claims), key });
  return { ...test, join };
}

const offer = (dst: string) => ({ type: 'OFFER', dst, payload: { sdp: { sdp: 'an offer' } } });
const answer = (dst: string) => ({ type: 'ANSWER', dst, payload: { sdp: { sdp: 'an answer' } } });
const candidate = (dst: string, n = 0) => ({ type: 'CANDIDATE', dst, payload: { n } });
const leave = (dst: string) => ({ type: 'LEAVE', dst });
const expire = (dst: string) => ({ type: 'EXPIRE', dst });
const from = (src: string, message: object) => ({ ...message, src });
const expired = (src: string, dst: string) => ({ type: 'EXPIRE', src, dst });

/** Until the server has dealt with all that it sent: what it says to itself comes back. */
async function settled(client: JsonClient, id: string): Promise<void> {
  const mark = { type: 'CANDIDATE', dst: id, payload: { mark: Math.random() } };
  client.send(mark);
  const isMark = (message: unknown) => isDeepStrictEqual(message, from(id, mark));
  await client.until(() => client.inbox.some(isMark), 'the mark');
  client.inbox.splice(client.inbox.findIndex(isMark), 1);
}

describe('a client of PeerJS with a token', () => {
  it('comes in as the id that its `sub` names, in its app, with what the token allows', async () => {
    const { join, server } = await guarded();
    const [a, b] = [await join('ada', { sub: 'ada', app: 'chess' }), await join('bob', { app: 'chess' })];
    a.send(offer('bob'));
    expect(await b.takeOne()).toEqual(from('ada', offer('bob')));
    b.send(answer('ada'));
    expect(await a.takeOne()).toEqual(from('bob', answer('ada')));
    expect(server.sessions().map(({ app, publicId }) => [app, publicId])).toEqual([
      ['chess', 'ada'],
      ['chess', 'bob'],
    ]);
    expect([...server.parts.sessions.values()].map(({ grants }) => grants.sub)).toEqual(['ada', undefined]);
  });

  it('may have a key of any kind, also a published one; what it sends meanwhile is not lost', async () => {
    const pair = keyPairs.ES256();
    const publisher = await publish({ a: pair });
    const { server } = await startTestServer({ peerjs: true, jwksUrl: publisher.url });
    const b = await opened(server, { id: 'bob', token: await sign({ sub: 'bob' }, pair, 'a') });
    const a = JsonClient.dial(urlFor(server, { id: 'ada', token: await sign({ sub: 'ada' }, pair, 'a') }));
    await a.opened();
    // At once, as the library does for a connect() before `open`.
    a.send(offer('bob'));
    for (let n = 0; n < 5; n += 1) a.send(candidate('bob', n));
    expect(await b.take(6)).toEqual(
      [offer('bob'), ...[0, 1, 2, 3, 4].map((n) => candidate('bob', n))].map((one) => from('ada', one)),
    );
    expect(a.inbox).toEqual([OPEN]);
  });

  it.each([
    [
      'is of another secret',
      () => signWithSecret({ sub: 'ada' }, `${SECRET}x`),
      'The signature of the token',
    ],
    ['has no algorithm', () => forge({ alg: 'none' }, { sub: 'ada' }), 'an algorithm that this server'],
    ['has expired', () => signWithSecret({ sub: 'ada', exp: 1 }), 'The token has expired'],
    ['does not expire', () => signWithSecret({ sub: 'ada', exp: undefined as never }), 'should have `exp`'],
    ['is one that the library made up', () => 'ab12cd34ef', 'That is not a signed JWT'],
    ['names another id', () => signWithSecret({ sub: 'bob' }), 'It is for another id'],
    [
      'has a wrong claim',
      () => signWithSecret({ sub: 'ada', may: ['fly'] }),
      'A claim of the token is wrong',
    ],
  ])('is told so when the token %s, in the words of PeerServer, and closed', async (_what, token, why) => {
    const { server } = await guarded();
    const refusal = await refusalOf(server, { id: 'ada', token: await token() });
    expect(refusal).toEqual({
      type: 'ERROR',
      payload: { msg: expect.stringMatching(new RegExp(`^Invalid token provided: .*${why}`)) },
    });
    expect([server.parts.sessions.size, server.parts.metrics.refused.get('token')]).toEqual([0, 1]);
  });

  it('cannot pass off a public key as a secret', async () => {
    const pair = keyPairs.RS256();
    const { server } = await startTestServer({ peerjs: true, jwksUrl: (await publish({ a: pair })).url });
    const token = await signWithSecret({ sub: 'ada' }, pemOf(pair));
    expect(await refusalOf(server, { id: 'ada', token })).toMatchObject({ type: 'ERROR' });
  });

  it('lets it in though its address connects too often, where it shows one', async () => {
    const { server, join } = await guarded({ maxUpgradesPerSecond: 1 });
    for (let n = 0; n < 10; n += 1) (await join(`early ${n}`)).close();
    const tokenless = `${server.url}peerjs?${new URLSearchParams({ key: 'peerjs', id: 'ada' })}`;
    expect(await httpRefusalOf(tokenless)).toBe(429);
    await join('ada');
    expect(server.parts.metrics.refused.get('upgrades')).toBe(1);
  });

  it('of more than 8 KiB is refused, and so is any token elsewhere in the URL', async () => {
    const { server } = await guarded();
    const good = await signWithSecret({ sub: 'ada' });
    const statusOf = (url: string) => httpRefusalOf(url);
    // Within Jest, uWebSockets.js reads no longer requests than 4 KiB.
    const { server: ws } = await guarded({ shell: 'ws' });
    const long = await signWithSecret({ sub: 'ada', other: 'x'.repeat(6_200) });
    expect(Buffer.byteLength(long)).toBeGreaterThan(8 * 1024);
    expect(await refusalOf(ws, { id: 'ada', token: long })).toEqual({
      type: 'ERROR',
      payload: { msg: 'Invalid token provided: The token should have at most 8192 bytes' },
    });
    const longest = await signWithSecret({ sub: 'ada', other: 'x'.repeat(5_900) });
    await opened(ws, { id: 'ada', token: longest });
    for (const more of [`access_token=x`, `jwt=x`, `a=${good}`, good])
      expect(await statusOf(`${urlFor(server, { id: 'ada', token: good })}&${more}`)).toBe(400);
    expect(await statusOf(urlFor(server, { id: good, token: good }))).toBe(400);
    // Where no token is asked for, none belongs there at all; nor on another wire's path.
    const open = await startTestServer({ peerjs: true });
    expect(await statusOf(urlFor(open.server, { id: 'ada', token: good }))).toBe(400);
    expect(await statusOf(`${server.url}?token=${good}`)).toBe(400);
    expect([server.parts.sessions.size, server.parts.metrics.refused.get('token')]).toEqual([0, 6]);
  });

  it('with a key that the server does not have is told that, before its token is looked at', async () => {
    const { server } = await guarded();
    expect(await refusalOf(server, { id: 'a', token: 'x', key: 'other' })).toEqual({
      type: 'ERROR',
      payload: { msg: 'Invalid key provided' },
    });
    expect(server.parts.metrics.refused.get('token')).toBeUndefined();
  });

  it(`may send ${MAX_HELD_SIGNALS} messages before it is let in; with more it is closed, and never comes in`, async () => {
    const verdicts: (() => void)[] = [];
    const grants = { app: '', may: ['pair'] as const, expiresAt: Date.now() + 60_000 };
    const authenticator = {
      authenticate: () => new Promise((resolve) => verdicts.push(() => resolve({ grants }))),
    };
    const test = await startTestServer({ peerjs: true }, { authenticator } as never);
    const dial = async (id: string, messages: number) => {
      const client = await JsonClient.open(urlFor(test.server, { id, token: 't' }));
      for (let n = 0; n < messages; n += 1) client.send(candidate(id, n));
      return client;
    };
    const [fits, floods] = [await dial('fits', MAX_HELD_SIGNALS), await dial('floods', MAX_HELD_SIGNALS + 1)];
    expect((await floods.whenClosed()).code).toBe(1008);
    const large = await dial('large', 0);
    for (let n = 0; n < 5; n += 1) large.send({ ...candidate('large'), payload: 'x'.repeat(16_000) });
    expect((await large.whenClosed()).code).toBe(1008);
    for (const verdict of verdicts) verdict();
    expect(await fits.take(1 + MAX_HELD_SIGNALS)).toEqual([
      OPEN,
      ...Array.from({ length: MAX_HELD_SIGNALS }, (_, n) => from('fits', candidate('fits', n))),
    ]);
    for (const client of [floods, large])
      expect(client.inbox).toEqual([{ type: 'ERROR', payload: { msg: 'You send too many messages' } }]);
    expect([test.server.parts.sessions.size, test.server.parts.metrics.refused.get('flood')]).toEqual([1, 2]);
  });

  it('is let in to a full server only to come back to its own place, as its token says', async () => {
    const { join, server } = await guarded({ maxConnectionsPerAddress: 2 });
    const [lost] = [await join('ada', { sub: 'ada', app: 'chess' }), await join('bob')];
    lost.socket.terminate();
    await until(() => [...server.parts.sessions.values()].some(({ client }) => !client.isOnline));
    const stranger = await signWithSecret({ sub: 'ada', app: 'go' });
    expect(await refusalOf(server, { id: 'ada', token: stranger })).toEqual({
      type: 'ERROR',
      payload: { msg: 'Server has reached its concurrent user limit' },
    });
    await until(() => server.parts.admission.connections === 1, 'the stranger to be gone');
    await join('ada', { sub: 'ada', app: 'chess', exp: nowS() + 7_200 });
    expect(server.parts.sessions.size).toBe(2);
  });

  it('is closed with 1011 when the server fails to find out who it is, and the log says why', async () => {
    const authenticator = { authenticate: () => Promise.reject(new Error('out of order')) };
    const { server, log } = await startTestServer({ peerjs: true }, { authenticator } as never);
    const client = await JsonClient.open(urlFor(server, { id: 'a', token: 'secret' }));
    expect((await client.whenClosed()).code).toBe(1011);
    const lines = log.filter(({ event }) => event === 'client_failed');
    expect(lines).toEqual([
      expect.objectContaining({ err: expect.objectContaining({ message: 'out of order' }) }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('that is gone before it is known who it is leaves nothing behind', async () => {
    let answer = (_verdict: object) => {};
    const authenticator = {
      authenticate: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    };
    const test = await startTestServer({ peerjs: true }, { authenticator } as never);
    const client = await JsonClient.open(urlFor(test.server, { id: 'a', token: 't' }));
    await client.close();
    await until(() => test.server.parts.admission.connections === 0, 'the server to notice');
    answer({ grants: { app: '', may: [], expiresAt: Date.now() + 60_000 } });
    const next = opened(test.server, { id: 'a', token: 'u' });
    await until(() => test.server.parts.admission.connections === 1, 'the next one');
    answer({ grants: { app: '', may: [], expiresAt: Date.now() + 60_000 } });
    await next;
    expect(test.server.parts.sessions.size).toBe(1);
  });
});

describe('an id', () => {
  it('is taken back with a newer token of the same `sub`: OPEN, the old socket is closed, the pairing stands', async () => {
    const { join, server } = await guarded();
    const [old, b] = [await join('ada', { sub: 'ada', may: ['pair'] }), await join('bob')];
    old.send(offer('bob'));
    await b.takeOne();
    const [pairing] = server.parts.pairings;
    const again = await join('ada', { sub: 'ada', exp: nowS() + 7_200, may: ['pair', 'turn'] });
    expect((await old.whenClosed()).code).toBe(4409);
    b.send(answer('ada'));
    expect(await again.takeOne()).toEqual(from('bob', answer('ada')));
    expect([...server.parts.pairings]).toEqual([pairing]);
    const ada = [...server.parts.sessions.values()].find(({ grants }) => grants.sub === 'ada');
    expect(ada?.grants.may).toEqual(['pair', 'turn']);
  });

  it('that a token does not name is first come, first served, and the same token takes it back', async () => {
    const { server, join } = await guarded();
    const token = await signWithSecret({ app: 'a' });
    const first = await opened(server, { id: 'mine', token });
    const other = await signWithSecret({ app: 'a', exp: nowS() + 7_200 });
    expect(await refusalOf(server, { id: 'mine', token: other })).toEqual(ID_TAKEN);
    const again = await opened(server, { id: 'mine', token });
    expect((await first.whenClosed()).code).toBe(4409);
    await settled(again, 'mine');
    // Whoever's token names the id has it, and keeps it while it is away.
    const owner = await join('mine', { sub: 'mine', app: 'a' });
    expect((await again.whenClosed()).code).toBe(4410);
    owner.socket.terminate();
    await owner.whenClosed();
    await until(() => [...server.parts.sessions.values()].every(({ client }) => !client.isOnline));
    expect(await refusalOf(server, { id: 'mine', token: other })).toEqual(ID_TAKEN);
    await join('mine', { sub: 'mine', app: 'a' });
  });

  it('goes to the node where its owner comes next, whatever token it brings, and to nobody else', async () => {
    const { nodes } = await startTestCluster(2, { peerjs: true, jwtSecret: SECRET });
    const [one, two] = nodes as [TestServer, TestServer];
    const knows = (id: string) => two.server.parts.cluster?.ids.find(id) !== undefined;
    const before = await opened(one.server, { id: 'ada', token: await signWithSecret({ sub: 'ada' }) });
    const b = await opened(one.server, { id: 'bob', token: await signWithSecret({ sub: 'bob' }) });
    await until(() => knows('/ada') && knows('/bob'), 'the other node to know');
    expect(await refusalOf(two.server, { id: 'ada', token: await signWithSecret({}) })).toEqual(ID_TAKEN);
    const token = await signWithSecret({ sub: 'ada', exp: nowS() + 7_200 });
    const after = await opened(two.server, { id: 'ada', token });
    await before.whenClosed();
    b.send(offer('ada'));
    expect(await after.takeOne()).toEqual(from('bob', offer('ada')));
    expect(one.server.parts.sessions.size).toBe(1);
  });
});

/** Two nodes that hear nothing from each other until what is held is released, and how clients take an id at each. */
async function nodesApart() {
  const { nodes, hold } = await startTestCluster(2, { peerjs: true, jwtSecret: SECRET });
  const held = hold();
  const at = async (place: number, claims: JWTPayload) =>
    opened((nodes[place] as TestServer).server, { id: 'ada', token: await signWithSecret(claims) });
  return { nodes, held, at };
}

describe('an id that clients take at two nodes at the same time', () => {
  it.each([
    ['the one node', 0, 1],
    ['the other node', 1, 0],
  ])('is whose token names it, at %s', async (_which, named, chosen) => {
    const { nodes, held, at } = await nodesApart();
    const [owner, other] = [await at(named, { sub: 'ada' }), await at(chosen, {})];
    held.release();
    expect((await other.whenClosed()).code).toBe(4409);
    await settled(owner, 'ada');
    expect(nodes.map(({ server }) => server.parts.sessions.size)).toEqual(named === 0 ? [1, 0] : [0, 1]);
  });
});

describe('an id that somebody takes at another node while its owner is away and the nodes are apart', () => {
  it.each([
    ['the one node', 0, 1],
    ['the other node', 1, 0],
  ])('is whose token names it, at %s', async (_which, named, chosen) => {
    const { nodes, held, at } = await nodesApart();
    const owner = await at(named, { sub: 'ada' });
    owner.socket.terminate();
    const [session] = (nodes[named] as TestServer).server.parts.sessions.values();
    await until(() => session?.client.isOnline === false, 'its node to notice');
    const other = await at(chosen, {});
    held.release();
    expect((await other.whenClosed()).code).toBe(4409);
    expect(nodes.map(({ server }) => server.parts.sessions.size)).toEqual(named === 0 ? [1, 0] : [0, 1]);
  });
});

describe('what a token allows', () => {
  it('without `pair`, a client can answer those that ask it, and ask nobody', async () => {
    const { join, server } = await guarded();
    const [shy, b] = [await join('shy', { sub: 'shy', may: ['key'] }), await join('bob')];
    const toBob = [offer, answer, candidate, leave, expire].map((message) => message('bob'));
    for (const message of [...toBob, offer('nobody')]) shy.send(message);
    await settled(shy, 'shy');
    expect(shy.inbox.splice(0)).toEqual(
      [...toBob.map(({ dst }) => dst), 'nobody'].map((peer) => expired(peer, 'shy')),
    );
    expect([b.inbox, server.parts.pairings.size]).toEqual([[], 0]);
    expect(server.parts.metrics.refused.get('forbidden')).toBe(6);
    b.send(offer('shy'));
    expect(await shy.takeOne()).toEqual(from('bob', offer('shy')));
    shy.send(answer('bob'));
    shy.send(candidate('bob'));
    expect(await b.take(2)).toEqual([from('shy', answer('bob')), from('shy', candidate('bob'))]);
    shy.send(offer('bob'));
    expect(await shy.takeOne()).toEqual(expired('bob', 'shy'));
    shy.send(expire('bob'));
    shy.send(leave('bob'));
    expect(await b.take(2)).toEqual([from('shy', expire('bob')), from('shy', leave('bob'))]);
    shy.send(leave('bob'));
    expect(await shy.takeOne()).toEqual(expired('bob', 'shy'));
  });

  it.each([['LEAVE'], ['EXPIRE']])(
    'with `max_peers`, a client says %s to no more than that, and hears no more',
    async (type) => {
      const { join } = await guarded();
      const one = await join('one', { sub: 'one', max_peers: 1 });
      const [b, c] = [await join('bob'), await join('carl')];
      one.send(offer('bob'));
      expect(await b.takeOne()).toEqual(from('one', offer('bob')));
      one.send({ type, dst: 'carl' });
      expect(await one.takeOne()).toEqual(expired('carl', 'one'));
      c.send({ type, dst: 'one' });
      expect(await c.takeOne()).toEqual(expired('one', 'carl'));
      for (const [client, id] of [
        [one, 'one'],
        [c, 'carl'],
      ] as const) {
        await settled(client, id);
        expect(client.inbox).toEqual([]);
      }
    },
  );

  it('with `max_peers`, a client can still give up somebody whom it waits for', async () => {
    const { join } = await guarded();
    const one = await join('one', { sub: 'one', max_peers: 1 });
    const b = await join('bob');
    one.send(offer('late'));
    one.send(offer('bob'));
    expect(await b.takeOne()).toEqual(from('one', offer('bob')));
    one.send(leave('late'));
    expect(await one.takeOne()).toEqual(expired('late', 'one'));
    one.send(leave('bob'));
    await b.takeOne();
    const late = await join('late');
    await settled(late, 'late');
    expect(late.inbox).toEqual([]);
  });

  it('with `max_peers`, a client has to do with no more than that, whoever asked, until one is gone', async () => {
    const { join } = await guarded();
    const one = await join('one', { sub: 'one', max_peers: 1 });
    const [b, c] = [await join('bob'), await join('carl')];
    one.send(offer('bob'));
    expect(await b.takeOne()).toEqual(from('one', offer('bob')));
    one.send(offer('carl'));
    expect(await one.takeOne()).toEqual(expired('carl', 'one'));
    c.send(offer('one'));
    expect(await c.takeOne()).toEqual(expired('one', 'carl'));
    b.send(answer('one'));
    expect(await one.takeOne()).toEqual(from('bob', answer('one')));
    await b.close();
    await settled(one, 'one');
    c.send(offer('one'));
    expect(await one.takeOne()).toEqual(from('carl', offer('one')));
  });

  it.each([
    ['it says LEAVE', 'one', 'bob'],
    ['the other one says LEAVE', 'bob', 'one'],
  ])('with `max_peers`, it has room for another when %s', async (_what, leaving, left) => {
    const { join } = await guarded();
    const clients = {
      one: await join('one', { sub: 'one', max_peers: 1 }),
      bob: await join('bob', { sub: 'bob', max_peers: 1 }),
      carl: await join('carl'),
    };
    const { one, bob, carl } = clients;
    one.send(offer('bob'));
    await bob.takeOne();
    clients[leaving as 'one'].send(leave(left));
    await clients[left as 'one'].takeOne();
    for (const id of ['one', 'bob'] as const) {
      carl.send(offer(id));
      expect(await clients[id].takeOne()).toEqual(from('carl', offer(id)));
    }
  });

  it('holds over nodes, too', async () => {
    const { nodes } = await startTestCluster(2, { peerjs: true, jwtSecret: SECRET });
    const [one, two] = nodes as [TestServer, TestServer];
    const at = async ({ server }: TestServer, id: string, claims: JWTPayload = {}) =>
      opened(server, { id, token: await signWithSecret({ sub: id, ...claims }) });
    const [shy, single] = [await at(one, 'shy', { may: [] }), await at(one, 'single', { max_peers: 1 })];
    const [b, c] = [await at(two, 'bob'), await at(two, 'carl')];
    const knows = (test: TestServer, id: string) => test.server.parts.cluster?.ids.find(id) !== undefined;
    await until(() => knows(one, '/carl') && knows(two, '/single'), 'the nodes to know');
    for (const message of [offer, leave, expire]) {
      shy.send(message('bob'));
      expect(await shy.takeOne()).toEqual(expired('bob', 'shy'));
    }
    b.send(offer('shy'));
    expect(await shy.takeOne()).toEqual(from('bob', offer('shy')));
    shy.send(answer('bob'));
    expect(await b.takeOne()).toEqual(from('shy', answer('bob')));
    b.send(offer('single'));
    b.send(expire('single'));
    expect(await single.take(2)).toEqual([from('bob', offer('single')), from('bob', expire('single'))]);
    for (const message of [offer, leave, expire]) {
      c.send(message('single'));
      expect(await c.takeOne()).toEqual(expired('single', 'carl'));
      single.send(message('carl'));
      expect(await single.takeOne()).toEqual(expired('carl', 'single'));
    }
    // Whoever was refused has no place taken.
    expect([one, two].map(({ server }) => server.parts.pairings.size)).toEqual([2, 2]);
    b.send(leave('single'));
    expect(await single.takeOne()).toMatchObject({ type: 'LEAVE' });
    c.send(offer('single'));
    expect(await single.takeOne()).toEqual(from('carl', offer('single')));
    // Gone without LEAVE.
    await c.close();
    await until(() => one.server.parts.pairings.size === 1, 'the end of the pairing');
    single.send(offer('bob'));
    expect(await b.takeOne()).toEqual(from('single', offer('bob')));
    // Who was refused at the other node is none of those that a client has to do with.
    const [choosy, d] = [await at(two, 'choosy', { max_peers: 1 }), await at(one, 'dora')];
    await until(() => knows(one, '/choosy') && knows(two, '/dora'), 'the nodes to know');
    choosy.send(offer('single'));
    expect(await choosy.takeOne()).toEqual(expired('single', 'choosy'));
    choosy.send(offer('dora'));
    expect(await d.takeOne()).toEqual(from('choosy', offer('dora')));
  });

  it('with `max_peers`, one that lost its connection counts until it is waited for no longer, and one that is left not', async () => {
    const { join, clock } = await guarded({ resumeGraceMs: 30_000 });
    const one = await join('one', { sub: 'one', max_peers: 1 });
    const [b, c] = [await join('bob'), await join('carl')];
    const loses = async (peer: JsonClient) => {
      peer.socket.terminate();
      await peer.whenClosed();
    };
    one.send(offer('bob'));
    await b.takeOne();
    await loses(b);
    one.send(offer('carl'));
    expect(await one.takeOne()).toEqual(expired('carl', 'one'));
    clock.advance(20_000);
    clock.advance(11_000);
    one.send(offer('carl'));
    expect(await c.takeOne()).toEqual(from('one', offer('carl')));
    await loses(c);
    one.send(leave('carl'));
    const again = await join('bob');
    one.send(offer('bob'));
    expect(await again.takeOne()).toEqual(from('one', offer('bob')));
  });

  it('without `pair`, a client cannot answer another one that has come with the id of one that asked', async () => {
    const { join } = await guarded();
    const shy = await join('shy', { sub: 'shy', may: [] });
    const b = await join('bob', {});
    b.send(offer('shy'));
    await shy.takeOne();
    await b.close();
    const other = await join('bob', { jti: 'another' });
    shy.send(answer('bob'));
    expect(await shy.takeOne()).toEqual(expired('bob', 'shy'));
    expect(other.inbox).toEqual([]);
  });

  it.each([
    ['its peer', 'bob', 'single'],
    ['the client', 'single', 'bob'],
  ] as const)(
    'makes room for another when %s leaves the one at the other node',
    async (_who, leaver, left) => {
      const { nodes } = await startTestCluster(2, { peerjs: true, jwtSecret: SECRET });
      const [one, two] = nodes as [TestServer, TestServer];
      const at = async ({ server }: TestServer, id: string, claims: JWTPayload = {}) =>
        opened(server, { id, token: await signWithSecret({ sub: id, ...claims }) });
      const single = await at(one, 'single', { max_peers: 1 });
      const [b, c] = [await at(two, 'bob'), await at(two, 'carl')];
      const knows = (test: TestServer, id: string) => test.server.parts.cluster?.ids.find(id) !== undefined;
      await until(() => knows(one, '/carl') && knows(two, '/single'), 'the nodes to know');
      b.send(offer('single'));
      expect(await single.takeOne()).toEqual(from('bob', offer('single')));
      const [leaving, other] = leaver === 'bob' ? [b, single] : [single, b];
      leaving.send(leave(left));
      expect(await other.takeOne()).toEqual({ type: 'LEAVE', src: leaver, dst: left });
      c.send(offer('single'));
      expect(await single.takeOne()).toEqual(from('carl', offer('single')));
      b.send(offer('single'));
      expect(await b.takeOne()).toEqual(expired('single', 'bob'));
    },
  );

  it('ends 30 s after its `exp` with a word why; the id comes back with the next token', async () => {
    const { join, clock, server } = await guarded({ pingIntervalMs: 0 });
    const exp = Math.floor(clock.wallTime() / 1_000) + 600;
    const a = await join('ada', { sub: 'ada', exp });
    clock.advance(600_000);
    await settled(a, 'ada');
    expect(a.inbox).toEqual([]);
    clock.advance(31_000);
    expect((await a.whenClosed()).code).toBe(4401);
    expect(a.inbox).toEqual([
      { type: 'ERROR', payload: { msg: 'Invalid token provided: The token has expired; bring a new one' } },
    ]);
    expect(server.parts.sessions.size).toBe(0);
  });

  it('is put off when it comes back in time with a newer one', async () => {
    const { join, clock } = await guarded({ pingIntervalMs: 0 });
    const inS = (seconds: number) => Math.floor(clock.wallTime() / 1_000) + seconds;
    const a = await join('ada', { sub: 'ada', exp: inS(600) });
    clock.advance(590_000);
    await settled(a, 'ada');
    const again = await join('ada', { sub: 'ada', exp: inS(600) });
    clock.advance(100_000);
    await settled(again, 'ada');
    expect(again.closed).toBeUndefined();
  });
});

describe('two apps', () => {
  /** All that a client can say, to an id that only the other app has, and to one that both have. */
  const everything = (dst: string) => [
    offer(dst),
    answer(dst),
    candidate(dst),
    leave(dst),
    expire(dst),
    { ...offer(dst), src: 'only there', app: 'two' },
  ];

  it('never meet, by any message, id or list, also when they have the same ids', async () => {
    const { join, server, clock } = await guarded({ peerjsKey: ['k1=one', 'k2=two'], peerjsDiscovery: true });
    const mine = await join('ada', { sub: 'ada', app: 'one' }, 'k1');
    const theirs = await join('ada', { sub: 'ada', app: 'two' }, 'k2');
    const other = await join('only there', { sub: 'only there', app: 'two' }, 'k2');
    for (const dst of ['only there', 'two/only there', '/only there', '../two/only there'])
      for (const message of everything(dst)) mine.send(message);
    await settled(mine, 'ada');
    clock.advance(6_000);
    await settled(mine, 'ada');
    expect(new Set(mine.inbox.map(({ type }) => type))).toEqual(new Set(['EXPIRE']));
    for (const [client, id] of [
      [theirs, 'ada'],
      [other, 'only there'],
    ] as const) {
      await settled(client, id);
      expect([client.inbox, client.closed]).toEqual([[], undefined]);
    }
    // What waits for somebody who is not there does not go to one of the same name in another app.
    mine.send(offer('late'));
    await settled(mine, 'ada');
    const late = await join('late', { sub: 'late', app: 'two' }, 'k2');
    await settled(late, 'late');
    expect(late.inbox).toEqual([]);
    const ours = await join('late', { sub: 'late', app: 'one' }, 'k1');
    expect(await ours.takeOne()).toEqual(from('ada', offer('late')));
    const listed = async (key: string) => (await fetch(`${httpUrl(server)}${key}/peers`)).json();
    expect([await listed('k1'), await listed('k2')]).toEqual([
      ['ada', 'late'],
      ['ada', 'only there', 'late'],
    ]);
    expect((await fetch(`${httpUrl(server)}peerjs/peers`)).status).toBe(404);
  });

  it('never meet over two nodes, either', async () => {
    const { nodes, advance } = await startTestCluster(2, { peerjs: true, jwtSecret: SECRET });
    const [one, two] = nodes as [TestServer, TestServer];
    const at = async ({ server }: TestServer, id: string, app: string) =>
      opened(server, { id, token: await signWithSecret({ sub: id, app }) });
    const mine = await at(one, 'ada', 'one');
    const theirs = await at(two, 'ada', 'two');
    const other = await at(two, 'bob', 'two');
    const ids = one.server.parts.cluster?.ids;
    await until(() => ids?.find('two/bob') !== undefined, 'the node to know');
    for (const dst of ['bob', 'two/bob']) for (const message of everything(dst)) mine.send(message);
    await settled(mine, 'ada');
    await advance(6_000);
    await settled(mine, 'ada');
    expect(new Set(mine.inbox.map(({ type }) => type))).toEqual(new Set(['EXPIRE']));
    for (const [client, id] of [
      [theirs, 'ada'],
      [other, 'bob'],
    ] as const) {
      await settled(client, id);
      expect([client.inbox, client.closed]).toEqual([[], undefined]);
    }
  });

  it('have names of any length: the longest id of the longest app reaches another node', async () => {
    const [app, id] = ['a'.repeat(36), 'i'.repeat(256)];
    const { nodes } = await startTestCluster(2, { peerjs: true, peerjsKey: [`k=${app}`] });
    const [one, two] = nodes as [TestServer, TestServer];
    const a = await opened(one.server, { id, token: 't', key: 'k' });
    const b = await opened(two.server, { id: 'b', token: 't', key: 'k' });
    await until(() => two.server.parts.cluster?.ids.find(`${app}/${id}`) !== undefined, 'the node to know');
    b.send(offer(id));
    expect(await a.takeOne()).toEqual(from('b', offer(id)));
  });

  it('are apart by key alone where no tokens are asked for; a key needs a token of its app where they are', async () => {
    const { server, connect } = await startTestServer({
      ...{ peerjs: true, peerjsKey: ['k1=one', 'k2=two', 'also one=one'], peerjsDiscovery: true },
    });
    const a = await opened(server, { id: 'ada', token: 't', key: 'k1' });
    const b = await opened(server, { id: 'ada', token: 'other', key: 'k2' });
    const c = await opened(server, { id: 'carl', token: 't', key: 'also one' });
    c.send(offer('ada'));
    expect(await a.takeOne()).toEqual(from('carl', offer('ada')));
    await settled(b, 'ada');
    expect(b.inbox).toEqual([]);
    for (const key of ['k1', 'also%20one']) {
      expect(await (await fetch(`${httpUrl(server)}${key}/peers`)).json()).toEqual(['ada', 'carl']);
      expect(await (await fetch(`${httpUrl(server)}${key}/id`)).text()).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(server.sessions().map(({ app }) => app)).toEqual(['one', 'two', 'one']);
    // Our own wire has no app here, and reaches none of them by any id.
    const native = await connect();
    for (const target_id of ['ada', 'one/ada', ...server.parts.sessions.keys()].filter(
      (id) => id !== native.id,
    )) {
      native.send({ type: 'pair_request', target_id });
      expect(await native.next('error')).toMatchObject({ code: 'target_not_found' });
    }
    const test = await guarded({ peerjsKey: ['k1=one', 'k2=two'] });
    const token = await signWithSecret({ sub: 'ada', app: 'two' });
    expect(await refusalOf(test.server, { id: 'ada', token, key: 'k1' })).toMatchObject({
      payload: { msg: expect.stringContaining('another app than the key') },
    });
    await opened(test.server, { id: 'ada', token, key: 'k2' });
  });

  it('that tokens name share a key without an app, and are apart', async () => {
    const { join, server } = await guarded();
    const [one, two] = [
      await join('ada', { sub: 'ada', app: 'one' }),
      await join('bob', { sub: 'bob', app: 'two' }),
    ];
    one.send(offer('bob'));
    await settled(one, 'ada');
    await settled(two, 'bob');
    expect(two.inbox).toEqual([]);
    expect((await fetch(`${httpUrl(server)}peerjs/peers`)).status).toBe(401);
  });
});

describe('whom else the server asks', () => {
  it('the hook `authorize`: it is told the token, and not in the URL; it answers like a token', async () => {
    const asked: { token: string | undefined; url: string | undefined }[] = [];
    const { server } = await startTestServer({
      peerjs: true,
      authorize({ token, url }) {
        asked.push({ token, url });
        return token === 'let me in' ? { sub: 'ada', app: 'chess' } : false;
      },
    });
    await opened(server, { id: 'ada', token: 'let me in' });
    expect(await refusalOf(server, { id: 'bob', token: 'let me in' })).toMatchObject({ type: 'ERROR' });
    expect(await refusalOf(server, { id: 'ada', token: 'please' })).toEqual({
      type: 'ERROR',
      payload: { msg: 'This server does not let you in' },
    });
    expect(asked).toEqual([
      { token: 'let me in', url: '/peerjs?key=peerjs&id=ada&version=1.5.5' },
      { token: 'let me in', url: '/peerjs?key=peerjs&id=bob&version=1.5.5' },
      { token: 'please', url: '/peerjs?key=peerjs&id=ada&version=1.5.5' },
    ]);
    expect(server.sessions()).toMatchObject([{ app: 'chess' }]);
  });

  it('--auth-webhook: its claims count, and while it does not answer nobody comes in', async () => {
    const webhook = await WebhookServer.start(answering(200, { sub: 'ada', app: 'chess' }));
    const { server } = await startTestServer({ peerjs: true, authWebhook: webhook.url });
    await opened(server, { id: 'ada', token: 'anything' });
    expect(webhook.requests[0]?.body).toEqual({ wants: 'connect', address: '127.0.0.1', token: 'anything' });
    const down = await WebhookServer.start(answering(500, {}));
    const test = await startTestServer({ peerjs: true, authWebhook: down.url });
    expect(await refusalOf(test.server, { id: 'ada', token: 'anything' })).toEqual({
      type: 'ERROR',
      payload: { msg: expect.stringContaining('try again later') },
    });
  });
});

it('a token is seen by nobody: not in the log, an answer, the metrics, the inspector, or what is kept for a client', async () => {
  const { server, log, join } = await guarded({ logLevel: 'trace', inspect: true, peerjsDiscovery: false });
  const feed = await openFeed(server);
  await feed.next('hello');
  const good = await signWithSecret({ sub: 'ada' });
  const bad = await signWithSecret({ sub: 'ada' }, `${SECRET}x`);
  const a = await opened(server, { id: 'ada', token: good });
  const b = await join('bob');
  a.send(offer('bob'));
  await b.takeOne();
  const refusals = [await refusalOf(server, { id: 'ada', token: bad })];
  const [sessions, pairings] = [await feed.list({ of: 'session' }), await feed.list({ of: 'pairing' })];
  const kept = [...server.parts.sessions.values()].map(({ context, grants, client }) => {
    const { proof, socket } = client as never as {
      proof: string;
      socket: { getUserData(): { token: string; request?: unknown } };
    };
    const { token, request } = socket.getUserData();
    return { context, grants, proof, token, request };
  });
  expect(kept.map(({ token, request }) => [token, request])).toEqual([
    ['', undefined],
    ['', undefined],
  ]);
  const seen = JSON.stringify([log, refusals, sessions, pairings, feed.inbox, kept, server.sessions()]);
  const all = seen + (await server.parts.metrics.text());
  for (const token of [good, bad])
    for (const part of token.split('.').slice(1)) expect(all).not.toContain(part);
});

describe('a server does not start', () => {
  it.each([
    [{ peerjsKey: ['a', 'b'] }, 'each should name its app'],
    [{ peerjsKey: ['a=one', 'a=two'] }, 'each KEY once'],
    [{ peerjsKey: ['a=no app'] }, 'APP of at most 36'],
    [{ peerjsKey: ['a='] }, 'APP of at most 36'],
    [{ peerjsKey: ['=app'] }, '--peerjs-key'],
    [{ peerjsKey: [] }, '--peerjs-key'],
  ] as [StartOptions, string][])('with %j', async (options, problem) => {
    await expect(startServer({ port: 0, peerjs: true, ...options })).rejects.toThrow(problem);
  });

  it.each([
    ['a secret for tokens', { jwtSecret: SECRET }],
    ['a webhook', { authWebhook: 'https://example.com/' }],
    ['a hook', { authorize: () => true }],
  ] as [string, StartOptions][])(
    'with a list for all and %s, unless each key has its app',
    async (_what, guard) => {
      const options: StartOptions = { port: 0, peerjs: true, peerjsDiscovery: true, ...guard };
      const silent = { ...options, logLevel: 'silent' } as const;
      await expect(startServer(silent)).rejects.toThrow('--peerjs-discovery');
      await (await startServer({ ...silent, peerjsKey: ['k=app'] })).stop();
    },
  );
});
