/** What a server that drains tells whom, on a clock that is stepped. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { RawClient } from '../../support/clients/raw-client.ts';
import { nativeClientOf } from '../../support/servers/native-client.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const DRAIN_MS = 10_000;

const draining = (options = {}) => startTestServer({ drainMs: DRAIN_MS, ...options });

const httpUrl = ({ server }: TestServer, path: string) => `${server.url.replace('ws:', 'http:')}${path}`;

async function ask(url: string, method = 'GET', headers: Record<string, string> = {}) {
  const asked = request(url, { method, headers });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

/** Tries to open a WebSocket. @returns how it was refused */
async function refusalOf(url: string): Promise<{ status: number | undefined; body: string }> {
  const socket = new WebSocket(url);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

/** When the client was told to come back, after its socket was closed for the restart. */
async function toldBy(client: RawClient): Promise<number> {
  expect(await client.whenClosed()).toEqual({ code: 1012, reason: 'Server is restarting' });
  return Number(client.inbox.find(({ type }) => type === 'restarting')?.after_ms);
}

const typesOf = (client: RawClient) => client.inbox.map(({ type }) => type);

describe('a server that drains', () => {
  it('refuses new sessions, and says so on /readyz and in the metrics', async () => {
    const test = await draining();
    await test.connect();
    expect(await ask(httpUrl(test, 'readyz'))).toEqual({ status: 200, body: 'ready\n' });
    expect((await ask(httpUrl(test, 'metrics'))).body).toContain('pairlane_unready{reason="draining"} 0');
    test.clock.advance(1_000);
    void test.server.drain();
    const unready = await ask(httpUrl(test, 'readyz'));
    expect(unready.status).toBe(503);
    expect(unready.body).toMatch(/restarting.*\(draining\)/);
    const refusals = [await refusalOf(test.server.url), await refusalOf(`${test.server.url}?resume=1`)];
    for (const { status, body } of refusals)
      expect([status, body]).toEqual([503, expect.stringMatching(/try again/)]);
    expect((await ask(httpUrl(test, 'healthz'))).status).toBe(200);
    const { body } = await ask(httpUrl(test, 'metrics'));
    expect(body).toContain('pairlane_refusals_total{kind="draining"} 2');
    expect(body).toContain('pairlane_unready{reason="draining"} 1');
  });

  it.each([
    ['our own wire', ''],
    ['our own wire, which can come back', '?resume=1'],
    ['PeerJS', 'peerjs?key=peerjs&id=late&token=late'],
  ])(
    'lets nobody in any more who was still asked about when it began to, a client of %s',
    async (_what, path) => {
      const answers: (() => void)[] = [];
      const authorize = () => new Promise<boolean>((resolve) => answers.push(() => resolve(true)));
      const test = await draining({ peerjs: true, authorize });
      const here = RawClient.dial(test.server.url);
      await until(() => answers.length === 1, 'the first question');
      answers.shift()?.();
      await here.next('your_id');
      const late = RawClient.dial(`${test.server.url}${path}`);
      await until(() => answers.length === 1, 'the second question');
      void test.server.drain();
      answers.shift()?.();
      expect(await late.whenClosed()).toEqual({ code: 1012, reason: 'Server is restarting' });
      expect([test.server.parts.sessions.size, test.server.parts.metrics.refused.get('draining')]).toEqual([
        1, 1,
      ]);
      expect(typesOf(late)).toEqual(path.startsWith('peerjs') ? [] : ['restarting']);
    },
  );

  it('refuses new clients of the game rooms, too', async () => {
    const test = await draining({ rooms: true });
    await test.connect();
    const polling = `${httpUrl(test, 'socket.io/')}?EIO=4&transport=polling`;
    expect((await ask(polling)).status).toBe(200);
    void test.server.drain();
    expect(await ask(polling)).toEqual({ status: 403, body: expect.stringMatching(/restarting/) });
    expect(test.server.parts.metrics.refused.get('draining')).toBe(1);
  });

  it('tells each client a different time to come back, after the drain', async () => {
    const test = await draining();
    const clients = await Promise.all(Array.from({ length: 12 }, () => test.connectResumable()));
    void test.server.drain();
    test.clock.advance(DRAIN_MS);
    const times = await Promise.all(clients.map(toldBy));
    expect(new Set(times).size).toBe(times.length);
    // The first one is sent away at once, the last one at the end: nobody comes back before it.
    expect(Math.max(...times)).toBeGreaterThan(DRAIN_MS);
    expect(Math.min(...times)).toBeGreaterThan(0);
  });

  it('spreads those who leave over the drain time, and those who come back over as much', async () => {
    const test = await draining({ resumeGraceMs: 60_000 });
    const clients: RawClient[] = [];
    // One after another: connected at once, they may come in another order.
    while (clients.length < 20) clients.push(await test.connectResumable());
    const sockets = () =>
      [...test.server.parts.sessions.values()].filter(({ client }) => client.isOnline).length;
    void test.server.drain();
    const left: number[] = [];
    for (let at = 0; at < DRAIN_MS; at += 1_000) {
      left.push(sockets());
      test.clock.advance(1_000);
    }
    expect(left[0]).toBe(20);
    for (let i = 1; i < left.length; i += 1)
      expect((left[i - 1] as number) - (left[i] as number)).toBeLessThanOrEqual(3);
    expect(sockets()).toBe(0);
    const told = await Promise.all(clients.map(toldBy));
    // They leave in the order in which they came, the last one a second before the end.
    const returns = told.map((ms, index) => (index / 20) * (DRAIN_MS - 1_000) + ms);
    for (let from = DRAIN_MS; from < 2 * DRAIN_MS; from += 1_000) {
      const within = returns.filter((at) => at >= from && at < from + 2_000);
      expect(within.length).toBeLessThanOrEqual(7);
    }
  });

  it('logs how many are left, and ends as soon as nobody is', async () => {
    const test = await draining();
    const clients = [await test.connect(), await test.connectResumable()];
    void test.server.drain();
    test.clock.advance(DRAIN_MS / 2);
    await Promise.all(clients.map(toldBy));
    await test.server.ended;
    const messages = test.log.map(({ msg }) => msg);
    expect(messages).toContain('Draining: 2 clients go within 10000 ms');
    expect(messages).toContain('Draining: 1 of 2 clients left');
    expect(messages.at(-1)).toBe('Server stopping');
  });

  it('ends when nobody is there, without a moment passing', async () => {
    const test = await draining();
    await test.server.drain();
    await test.server.ended;
    expect(test.log.at(-1)?.msg).toBe('Server stopping');
    await expect(ask(httpUrl(test, 'healthz'))).rejects.toThrow(/ECONNREFUSED/);
  });

  it('keeps sessions and pairings, and tells nobody that a peer left', async () => {
    const test = await draining({ resumeGraceMs: 1_000 });
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    await pairUp(a, b);
    void test.server.drain();
    test.clock.advance(100);
    await toldBy(a);
    b.send({ type: 'candidate', candidate: { candidate: 'waits' } });
    await b.settled();
    // Longer than a session waits for a client that was lost.
    test.clock.advance(4_000);
    const session = test.server.parts.sessions.get(a.id);
    expect(session?.value).toMatchObject({ present: { socket: 'drained' } });
    expect(String(nativeClientOf(session).resume?.delivery.unacked.at(-1)?.message)).toContain('waits');
    expect(test.server.parts.pairings.size).toBe(1);
    expect(typesOf(b)).toEqual([]);
    test.clock.advance(DRAIN_MS);
    await toldBy(b);
    await test.server.ended;
    expect(typesOf(b)).toEqual(['restarting']);
    expect(test.log.map(({ msg }) => msg).join()).not.toMatch(/disconnected|is away/);
  });

  it('keeps the session of one that was away already, however long it drains', async () => {
    const test = await draining({ resumeGraceMs: 1_000, drainMs: 60_000 });
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    await pairUp(a, b);
    await test.connect();
    b.socket.terminate();
    await a.next('peer_away');
    void test.server.drain();
    test.clock.advance(20_000);
    await toldBy(a);
    expect(test.server.parts.sessions.get(b.id)?.value).toMatchObject({ present: { socket: 'drained' } });
    expect(typesOf(a)).toEqual(['restarting']);
  });

  it('ends the session of a plain client, and does not tell its peer', async () => {
    const test = await draining();
    const [plain, peer] = [await test.connect(), await test.connectResumable()];
    await pairUp(plain, peer);
    void test.server.drain();
    test.clock.advance(100);
    await toldBy(plain);
    expect(test.server.parts.sessions.has(plain.id)).toBe(false);
    peer.send({ type: 'candidate', candidate: { candidate: 'to nobody' } });
    await peer.settled();
    expect(typesOf(peer)).toEqual([]);
  });

  it('sends a client that comes back away again, with a time, and keeps its session', async () => {
    const test = await draining();
    const [early, waiting] = [await test.connectResumable(), await test.connectResumable()];
    const late = waiting.comeBackSilently(test.server.url);
    await late.opened();
    void test.server.drain();
    test.clock.advance(100);
    await toldBy(early);
    const again = early.comeBackSilently(test.server.url);
    expect(await toldBy(again)).toBeGreaterThan(0);
    // One whose socket was open when the drain began, and that says only now who it is.
    late.socket.send('{}');
    expect(await toldBy(late)).toBeGreaterThan(0);
    expect(test.server.parts.sessions.has(early.id)).toBe(true);
    expect(test.server.parts.metrics.refused.get('draining')).toBe(2);
  });

  it('that is told to stop meanwhile ends at once (1001)', async () => {
    const test = await draining();
    const clients = [await test.connect(), await test.connect()];
    void test.server.drain();
    await test.server.stop();
    for (const client of clients)
      expect(await client.whenClosed()).toEqual({ code: 1001, reason: 'Server is stopping' });
    await test.server.ended;
  });
});

describe('POST /drain', () => {
  it.each<[string, Record<string, string>]>([
    ['for another host', { 'x-forwarded-for': '192.0.2.1' }],
    ['for a chain that ends here', { 'x-forwarded-for': '192.0.2.1, 127.0.0.1' }],
    ['for another host, as nginx says it', { 'x-real-ip': '192.0.2.1' }],
    ['through a proxy, for this machine', { 'x-forwarded-for': '127.0.0.1' }],
    ['through a proxy that names nobody', { via: '1.1 proxy' }],
    ['through a proxy that names only the host', { 'x-forwarded-host': 'public.example' }],
    ['through Cloudflare', { 'cf-connecting-ip': '127.0.0.1' }],
    ['under an address that is none', { host: '127.999.999.999' }],
    ['for whom RFC 7239 names', { forwarded: 'for=192.0.2.1' }],
    ['under a name that points here', { host: 'evil.example' }],
    ['by a page of another site', { origin: 'https://evil.example' }],
    ['by a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['by a page that hides its origin', { origin: 'null' }],
    ['by a page, as its browser says', { 'sec-fetch-site': 'cross-site' }],
    ['by a page of the same site', { 'sec-fetch-site': 'same-site' }],
  ])('is refused from elsewhere: %s', async (_name, headers) => {
    const test = await draining({ trustProxy: ['127.0.0.1'] });
    const { status, body } = await ask(httpUrl(test, 'drain'), 'POST', headers);
    expect([status, body]).toEqual([403, expect.stringMatching(/^Only from this machine itself/)]);
    expect(test.server.parts.readiness.isDraining).toBe(false);
  });

  it('drains, from this machine; asked again it says the same', async () => {
    const test = await draining();
    const client = await test.connect();
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await ask(httpUrl(test, 'drain'), 'POST');
      expect([status, body]).toEqual([202, 'Draining: everybody is gone within 10000 ms.\n']);
    }
    test.clock.advance(DRAIN_MS);
    await toldBy(client);
    await test.server.ended;
  });

  it('needs --drain-ms, and says so', async () => {
    const test = await startTestServer();
    const { status, body } = await ask(httpUrl(test, 'drain'), 'POST');
    expect([status, body]).toEqual([409, expect.stringMatching(/--drain-ms/)]);
  });

  it('is a POST: a link to it does nothing', async () => {
    const test = await draining();
    expect((await ask(httpUrl(test, 'drain'))).status).toBe(404);
    expect(test.server.parts.readiness.isDraining).toBe(false);
  });
});
