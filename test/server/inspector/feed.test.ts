import { once } from 'node:events';
import { get } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { isStep } from '../../../src/protocol/index.ts';
import { openFeed, type TestFeed } from '../../support/inspect-feed.ts';
import { newestEpoch, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

interface Refused {
  readonly status: number;
  readonly body: string;
}

function request(
  { server }: TestServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<Refused> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    }).on('error', reject);
  });
}

const outcomeOf = async ({ socket }: Awaited<ReturnType<typeof openFeed>>): Promise<number> => {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  return response.statusCode;
};

describe('who may look', () => {
  it.each([
    ['a name that is not this machine', { host: 'evil.example' }],
    ['a proxy that speaks for others', { 'x-forwarded-for': '203.0.113.9' }],
    ['another site', { origin: 'http://evil.example' }],
  ])('is not %s, on the page or on the feed', async (_who, headers) => {
    const testServer = await startTestServer();
    expect((await request(testServer, '/inspect/', headers as never)).status).toBe(403);
    expect(await outcomeOf(await openFeed(testServer.server, headers as never))).toBe(403);
  });

  it('is this machine, which is served the page with a policy that loads nothing from elsewhere', async () => {
    const testServer = await startTestServer();
    const { status, body } = await request(testServer, '/inspect/');
    expect(status).toBe(200);
    expect(body).toContain('<title>Pairlane inspector</title>');
    expect(body).not.toMatch(/https?:\/\//);
  });

  it('is led to the page by its address without the final slash', async () => {
    const { server } = await startTestServer();
    const answer = await fetch(`http://127.0.0.1:${server.port}/inspect`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, 'inspect/']);
  });

  it('is nobody with --no-inspect', async () => {
    const testServer = await startTestServer({ inspect: false });
    expect((await request(testServer, '/inspect/')).status).toBe(404);
    expect((await request(testServer, '/inspect/page.js')).status).toBe(404);
  });

  it('with a token is who knows it, also by another name; nothing is sent before', async () => {
    const testServer = await startTestServer({ inspectToken: 'right' });
    const feed = await openFeed(testServer.server, { host: 'pairlane.example' });
    expect(await feed.next('token_needed')).toEqual({ type: 'token_needed', wrong: false });
    feed.send({ type: 'list', seq: 1, of: 'session', query: '', state: '', sort: 'newest', offset: 0 });
    feed.send({ type: 'auth', token: 'right' });
    await feed.next('hello');
    expect(feed.inbox.filter(({ type }) => type === 'list')).toEqual([]);
    feed.socket.terminate();
  });

  it('with a token is not who guesses, and however many guess, the one who knows it is let in', async () => {
    const testServer = await startTestServer({ inspectToken: 'right' });
    for (let i = 0; i < 25; i += 1) {
      const feed = await openFeed(testServer.server);
      await feed.next('token_needed');
      feed.send({ type: 'auth', token: `wrong ${i}` });
      expect(await feed.next('token_needed')).toEqual({ type: 'token_needed', wrong: true });
      const [code] = await once(feed.socket, 'close');
      expect(code).toBe(4401);
    }
    const feed = await openFeed(testServer.server);
    await feed.next('token_needed');
    feed.send({ type: 'auth', token: 'right' });
    await feed.next('hello');
    expect(testServer.server.parts.metrics.refused.get('inspect_token')).toBe(25);
    feed.socket.terminate();
  });

  it('with a token of 20 characters is who brings it along, whatever limits its address has used up by guessing', async () => {
    const inspectToken = 'a long token, by base64: /+=';
    const limits = { maxUpgradesPerSecond: 1, maxConnectionsPerAddress: 1, maxConnections: 1 };
    const { server } = await startTestServer({ inspectToken, ...limits });
    const bringing = (token: string) =>
      openFeed(server, {}, ['pairlane', `pairlane.inspect.${Buffer.from(token).toString('base64url')}`]);
    await (await bringing('a long token, but not that one')).next('token_needed');
    for (let n = 0; n < 12; n += 1)
      expect([429, 503]).toContain(await outcomeOf(await bringing(`guess ${n} of the long token`)));
    const known = await bringing(inspectToken);
    await known.next('hello');
    expect(known.inbox.some(({ type }) => type === 'token_needed')).toBe(false);
    expect(known.socket.protocol).toBe('pairlane');
    await (await openFeed(server, { authorization: `Bearer ${inspectToken}` })).next('hello');
  });

  it('with a shorter token waits behind the limits, which slow down who guesses it', async () => {
    const { server } = await startTestServer({ inspectToken: 'short', maxConnections: 1 });
    await (await openFeed(server)).next('token_needed');
    expect(await outcomeOf(await openFeed(server, { authorization: 'Bearer short' }))).toBe(503);
  });

  it('with a token has 10 s to send it', async () => {
    const testServer = await startTestServer({ inspectToken: 'right' });
    const [silent, known] = [await openFeed(testServer.server), await openFeed(testServer.server)];
    await silent.next('token_needed');
    await known.next('token_needed');
    known.send({ type: 'auth', token: 'right' });
    await known.next('hello');
    testServer.clock.advance(9_000);
    expect(silent.socket.readyState).toBe(silent.socket.OPEN);
    testServer.clock.advance(2_000);
    expect((await once(silent.socket, 'close'))[0]).toBe(4401);
    expect(known.socket.readyState).toBe(known.socket.OPEN);
    known.socket.terminate();
  });

  it('with a token is counted as a connection, with --max-connections-per-address 2', async () => {
    const testServer = await startTestServer({ inspectToken: 'right', maxConnectionsPerAddress: 2 });
    const feeds = [await openFeed(testServer.server), await openFeed(testServer.server)];
    for (const feed of feeds) await feed.next('token_needed');
    expect(await outcomeOf(await openFeed(testServer.server))).toBe(429);
    for (const { socket } of feeds) {
      socket.close();
      await once(socket, 'close');
    }
    await testServer.connect();
    await testServer.connect();
  });

  it.each([
    ['requests', ({ socket }: TestFeed) => socket.send('{"type":"unwatch"}')],
    ['pings', ({ socket }: TestFeed) => socket.ping()],
    ['pongs', ({ socket }: TestFeed) => socket.pong()],
  ])('is nobody who sends 1,000 %s at once, with or without the token', async (_what, act) => {
    for (const inspectToken of [undefined, 'right']) {
      const { server } = await startTestServer({ inspectToken });
      const feed = await openFeed(server);
      await once(feed.socket, 'open');
      for (let n = 0; n < 1_000; n += 1) act(feed);
      expect((await once(feed.socket, 'close'))[0]).toBe(1008);
      expect(server.parts.metrics.refused.get('flood')).toBe(1);
    }
  });

  it('is at most 32 without the token, of whom the oldest makes room, and at most 32 with it', async () => {
    const testServer = await startTestServer({ inspectToken: 'right' });
    const open = async () => {
      const feed = await openFeed(testServer.server);
      await feed.next('token_needed');
      return feed;
    };
    const feeds: Awaited<ReturnType<typeof open>>[] = [];
    for (let i = 0; i < 33; i += 1) feeds.push(await open());
    const [oldest, ...others] = feeds as [TestFeed, ...TestFeed[]];
    if (oldest.socket.readyState !== oldest.socket.CLOSED) await once(oldest.socket, 'close');
    for (const feed of others) {
      feed.send({ type: 'auth', token: 'right' });
      await feed.next('hello');
    }
    const late = await open();
    late.send({ type: 'auth', token: 'right' });
    expect((await once(late.socket, 'close'))[0]).toBe(1013);
    for (const { socket } of others) socket.terminate();
  });
});

describe('the feed', () => {
  it('passes over what is no request, and goes on', async () => {
    const testServer = await startTestServer();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    for (const nonsense of [
      '',
      '{',
      '[]',
      '{"type":"__proto__"}',
      '{"type":"list"}',
      '{"type":"watch","epoch":-1}',
    ])
      feed.socket.send(nonsense);
    feed.send({ type: 'watch', epoch: 12_345 });
    expect(await feed.next('not_found')).toEqual({ type: 'not_found', epoch: 12_345 });
    feed.socket.terminate();
  });

  it('keeps what clients tell of themselves to what the negotiation machine knows', async () => {
    const testServer = await startTestServer();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const [a] = await testServer.connectPair();
    const epoch = newestEpoch(testServer);
    const to = { open: { signaling: 'online', connection: 'unpaired' } };
    const tell = (step: object) => a.send({ type: 'inspect', step });
    tell({
      event: { type: 'WELCOMED', sdp: 'v=0', id: 'x' },
      to,
      taken: ['<b>', 7],
      effects: [{ type: 'steal' }],
    });
    tell({ event: { type: 'my own words' }, to });
    tell({ event: { type: 'WELCOMED' }, to: { open: { signaling: 'my own words' } } });
    tell({ event: 'WELCOMED', to });
    await a.settled();
    feed.send({ type: 'watch', epoch });
    const { record } = await feed.next('record');
    const told = record.lines.filter((line) => 'of' in line && line.of === 'peer_initiator');
    expect(told).toEqual([
      { t: 0, of: 'peer_initiator', event: { type: 'WELCOMED' }, to, taken: [], effects: [] },
    ]);
    feed.socket.terminate();
  });

  it('follows a pairing that began while somebody looked, from its first step, and keeps it when it is over', async () => {
    const testServer = await startTestServer();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const [a, b] = await testServer.connectPair();
    const epoch = newestEpoch(testServer);
    a.send({ type: 'unpair' });
    await Promise.all([a.settled(), b.settled()]);
    feed.send({ type: 'watch', epoch });
    const { record } = await feed.next('record');
    expect(record.lines.find(isStep)?.event.type).toBe('PAIR_REQUESTED');
    expect(record.lines.at(-1)).toMatchObject({ end: 'over' });
    feed.send({
      type: 'list',
      seq: 9,
      of: 'pairing',
      query: a.id.slice(0, 8),
      state: '',
      sort: 'newest',
      offset: 0,
    });
    expect(await feed.next('list')).toMatchObject({
      seq: 9,
      total: 1,
      rows: [{ state: 'disconnected', epoch }],
    });
    feed.socket.terminate();
  });
});
