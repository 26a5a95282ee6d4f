/** The doctor against a real server and a real coturn: what is well, and what it says of what is not. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocketServer } from 'ws';
import type { Check } from '../../../src/client/doctor/check.ts';
import { type DoctorOptions, examine } from '../../../src/client/doctor/doctor.ts';
import { parseIceUrl } from '../../../src/client/doctor/stun-client.ts';
import { startServer } from '../../../src/server/index.ts';
import { makeCertificate } from '../../support/servers/certificate.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startCoturn } from '../../support/servers/coturn.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';
import { until } from '../../support/until.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function examined(options: Partial<DoctorOptions> & Pick<DoctorOptions, 'url'>): Promise<Check[]> {
  const checks: Check[] = [];
  const none = { stunUrls: [], turnUrls: [], turnSecret: undefined, token: undefined };
  for await (const check of examine({ ...none, ...options })) checks.push(check);
  return checks;
}

const find = (checks: readonly Check[], name: string) => checks.find((check) => check.name === name);

/** A server that greets, and then tells whoever pairs what a test has it tell; its HTTP answers never end. */
async function hostileServer(...told: (string | object)[]) {
  const http = createHttpServer((_request, response) => {
    response.write('x'.repeat(100));
    const more = setInterval(() => response.write('x'.repeat(100)), 20);
    response.on('close', () => clearInterval(more));
  });
  const server = new WebSocketServer({ server: http });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.send(JSON.stringify({ type: 'your_id', id: 'me', ping_interval_ms: 0 }));
    for (const message of told) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  closing.push(() => {
    for (const socket of server.clients) socket.terminate();
    http.close();
  });
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    connections: () =>
      new Promise<number>((resolve) => http.getConnections((_error, count) => resolve(count))),
  };
}

const pairedWith = (ice_servers: unknown) => ({ type: 'paired', peer_id: 'x', initiator: true, ice_servers });

describe('a server that means harm', () => {
  it.each([
    ['no JSON', ['{', 'null', '7']],
    ['servers that are no list', [pairedWith({ urls: 'stun:127.0.0.1' })]],
    ['servers that are none', [pairedWith([null, 7, { urls: 7 }])]],
    [
      'credentials that are none',
      [pairedWith([{ urls: ['turn:127.0.0.1:9'], username: {}, credential: [] }])],
    ],
    ['a message of 2 MiB', [`"${'x'.repeat(2 * 1024 * 1024)}"`]],
  ])('and says %s is found out, and nothing breaks', async (_what, told) => {
    const { url } = await hostileServer(...told);
    const checks = await examined({ url });
    expect(find(checks, 'websocket')?.status).toBe('ok');
    expect(find(checks, 'turn')?.text).toContain('No TURN server is known');
  });

  it('and names 1,000 STUN servers has 8 of them asked', async () => {
    const socket = createSocket('udp4');
    let asked = new Set<string>();
    socket.on('message', (bytes, { port, address }) => {
      const id = bytes.subarray(8, 20);
      asked = asked.add(id.toString('hex'));
      // A success that says nothing.
      socket.send(Buffer.concat([Buffer.from('010100002112a442', 'hex'), id]), port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    closing.push(() => socket.close());
    const urls = Array(1_000).fill(`stun:127.0.0.1:${socket.address().port}`);
    const checks = await examined({ url: (await hostileServer(pairedWith([{ urls }]))).url });
    expect(checks.filter(({ name }) => name === 'stun')).toHaveLength(8);
    expect(asked.size).toBe(8);
  });

  it('and answers HTTP without end is left', async () => {
    const { url, connections } = await hostileServer(pairedWith([]));
    await examined({ url });
    await until(async () => (await connections()) === 0);
  });
});

describe('a server that requires a token', () => {
  const STUN = 'stun:127.0.0.1:9';
  const started = async () => {
    const server = await startServer({
      port: 0,
      logLevel: 'silent',
      jwtSecret: SECRET,
      firstMessageTimeoutMs: 50,
      stunUrl: [STUN],
      allowOrigin: ['*'],
    });
    closing.push(() => void server.stop());
    return server.url;
  };

  it('is said to require one when none is given, and what it gives its clients is not guessed', async () => {
    const checks = await examined({ url: await started() });
    expect(find(checks, 'websocket')).toMatchObject({
      status: 'bad',
      remedy: expect.stringContaining('--token-file'),
    });
    expect(checks.filter(({ name }) => name === 'stun' || name === 'turn')).toMatchObject([
      { status: 'skipped' },
      { status: 'skipped' },
    ]);
  });

  it('says why it refuses one', async () => {
    const token = await signWithSecret({}, 'another secret of thirty-two bytes');
    const { status, text } = find(await examined({ url: await started(), token }), 'websocket') ?? {};
    expect([status, text]).toEqual([
      'bad',
      'The server refuses the token: The signature of the token does not match.',
    ]);
  });

  it('is greeted with one, and the servers that it names are tried', async () => {
    const checks = await examined({ url: await started(), token: await signWithSecret({}) });
    expect(find(checks, 'websocket')?.status).toBe('ok');
    expect(find(checks, 'origin')?.text).toBe('Pages of any site can connect.');
    expect(find(checks, 'stun')?.text).toContain(STUN);
  });

  it('tells nothing of those to a token that only one client can have, and that is said', async () => {
    const checks = await examined({ url: await started(), token: await signWithSecret({ sub: 'ann' }) });
    expect(find(checks, 'websocket')?.status).toBe('ok');
    expect(find(checks, 'stun')).toMatchObject({
      status: 'skipped',
      remedy: expect.stringContaining('without `sub`'),
    });
  });
});

describe('where all is well', () => {
  it('is greeted, sees that foreign pages are refused, and allocates with the credentials that the server gives', async () => {
    const coturn = await startCoturn();
    // By the real clock: coturn looks at the time in the credentials.
    const server = await startServer({
      port: 0,
      logLevel: 'silent',
      turnUrl: [coturn.url],
      turnSecret: coturn.secret,
    });
    closing.push(() => void server.stop());
    const stun = coturn.url.replace('turn:', 'stun:');
    const checks = await examined({ url: server.url, stunUrls: [stun, stun] });
    expect(checks.filter(({ status }) => status === 'bad')).toEqual([]);
    expect(find(checks, 'websocket')?.text).toMatch(/^Connected and greeted in \d+ ms/);
    expect(find(checks, 'origin')?.text).toBe('Pages of another site are refused.');
    expect(find(checks, 'udp')?.status).toBe('ok');
    expect(find(checks, 'nat')?.status).toBe('ok');
    expect(find(checks, 'turn')).toMatchObject({ status: 'ok', text: expect.stringContaining('by UDP') });
    expect(await coturn.allocatedFor(1)).toHaveLength(1);
  });

  it.each([
    ['via', '1.1 Caddy'],
    ['server', 'nginx/1.22.1'],
  ])('notices a proxy by its header %s', async (header, value) => {
    const { server } = await startTestServer();
    expect(find(await examined({ url: server.url }), 'proxy')?.remedy).toBeUndefined();
    const proxy = createHttpServer((_request, response) => response.setHeader(header, value).end());
    new WebSocketServer({ server: proxy }).on('connection', (socket) =>
      socket.send(JSON.stringify({ type: 'your_id', id: 'me', ping_interval_ms: 0 })),
    );
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    closing.push(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    expect(find(await examined({ url: `ws://127.0.0.1:${port}/` }), 'proxy')).toMatchObject({
      text: `There is a proxy in between (${header}).`,
      remedy: expect.stringContaining('--trust-proxy'),
    });
  });

  it('tests a certificate for an IP address without a warning of Node', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-'));
    try {
      const files = makeCertificate(folder, 'own', 'IP:127.0.0.1');
      const { server } = await startTestServer(files);
      const run = pairlane(['doctor', '--url', server.url], { NODE_EXTRA_CA_CERTS: files.tlsCert });
      expect(await run.exited()).toBe(0);
      expect(run.stdout).toMatch(/^warning +tls +The certificate expires in 0 days/m);
      expect(run.stderr).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('allocates by TCP, with credentials that it makes itself', async () => {
    const coturn = await startCoturn();
    const { server } = await startTestServer();
    const checks = await examined({
      url: server.url,
      turnUrls: [`${coturn.url}?transport=tcp`],
      turnSecret: coturn.secret,
    });
    expect(find(checks, 'turn')).toMatchObject({ status: 'ok', text: expect.stringContaining('by TCP') });
    expect((await coturn.allocatedFor(1))[0]).toMatch(/:doctor$/);
  });
});

describe('what is not well, and what to do', () => {
  it('is a TURN server with another secret, or no secret at all', async () => {
    const coturn = await startCoturn();
    const { server } = await startTestServer();
    const turnUrls = [coturn.url];
    const wrong = await examined({ url: server.url, turnUrls, turnSecret: 'another' });
    expect(find(wrong, 'turn')).toMatchObject({
      status: 'bad',
      text: expect.stringContaining('refused with 401'),
      remedy: expect.stringContaining('static-auth-secret'),
    });
    const none = await examined({ url: server.url, turnUrls });
    expect(find(none, 'turn')).toMatchObject({ remedy: expect.stringContaining('Give --turn-secret') });
  });

  it('is a server that is not there, and a port where something else answers', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {
        socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n', () => socket.destroy());
      });
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    closing.push(() => other.close());
    const { port } = other.address() as AddressInfo;
    const elsewhere = await examined({ url: `ws://127.0.0.1:${port}/` });
    expect(find(elsewhere, 'websocket')).toMatchObject({
      status: 'bad',
      remedy: expect.stringContaining('Upgrade'),
    });
    other.close();
    await once(other, 'close');
    const gone = await examined({ url: `ws://127.0.0.1:${port}/` });
    expect(find(gone, 'websocket')).toMatchObject({
      status: 'bad',
      text: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is a certificate that is not trusted: the way to the server is not blamed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-'));
    try {
      const { server } = await startTestServer(makeCertificate(folder, 'own', 'IP:127.0.0.1'));
      const checks = await examined({ url: server.url });
      expect(find(checks, 'websocket')).toMatchObject({ status: 'bad', remedy: 'See `tls`.' });
      expect(find(checks, 'tls')).toMatchObject({
        status: 'bad',
        text: expect.stringContaining('not trusted'),
      });
      const leaf = await startTestServer(
        makeCertificate(folder, 'leaf', 'IP:127.0.0.1', makeCertificate(folder, 'issuer')),
      );
      expect(find(await examined({ url: leaf.server.url }), 'websocket')).toMatchObject({
        text: expect.stringContaining('unable to verify the first certificate'),
        remedy: 'See `tls`.',
      });
      const plain = await examined({ url: server.url.replace('wss:', 'ws:') });
      expect(find(plain, 'websocket')).toMatchObject({
        status: 'bad',
        remedy: expect.stringContaining('wss://'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is a port without TLS: it is said in words, without the codes of OpenSSL', async () => {
    const { server } = await startTestServer();
    const checks = await examined({ url: server.url.replace('ws:', 'wss:') });
    expect(find(checks, 'websocket')).toMatchObject({
      text: 'No connection: wrong version number.',
      remedy: 'See `tls`.',
    });
    expect(find(checks, 'tls')).toMatchObject({
      status: 'bad',
      text: 'No TLS: wrong version number.',
      remedy: expect.stringContaining('ws://'),
    });
  });

  it.each([
    [502, 'reach the server'],
    [504, 'reach the server'],
    [404, 'Upgrade'],
  ])('is a proxy that answers %i: %s', async (status, remedy) => {
    const proxy = createHttpServer((_request, response) => response.writeHead(status).end());
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    closing.push(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    expect(find(await examined({ url: `ws://127.0.0.1:${port}/` }), 'websocket')).toMatchObject({
      text: `No connection: HTTP ${status}.`,
      remedy: expect.stringContaining(remedy),
    });
  });

  it('is a STUN URL that cannot be tried, such as one without its scheme', async () => {
    const { server } = await startTestServer();
    const stunUrls = ['stun.example.com:3478', 'stuns:127.0.0.1', 'stun:127.0.0.1?transport=tcp'];
    const checks = await examined({ url: server.url, stunUrls });
    expect(
      checks.filter(({ name, status }) => name === 'stun' && status === 'bad').map(({ text }) => text),
    ).toEqual(stunUrls.map((url) => `${url} is no STUN URL by UDP.`));
  });

  it('is a server that names no STUN server: which one its clients then use is said', async () => {
    const { server } = await startTestServer();
    expect(find(await examined({ url: server.url }), 'stun')).toMatchObject({
      status: 'skipped',
      text: expect.stringContaining('stun:stun.l.google.com:19302'),
    });
  });

  it('is UDP that gets no answer, and a TURN server that does not listen', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    closing.push(() => silent.close());
    const { port } = silent.address();
    const { server } = await startTestServer();
    const checks = await examined({
      url: server.url,
      stunUrls: [`stun:127.0.0.1:${port}`],
      turnUrls: [`turn:127.0.0.1:${port}?transport=tcp`],
      turnSecret: 'any',
    });
    expect(find(checks, 'udp')).toMatchObject({ status: 'bad', remedy: expect.stringContaining('TCP 443') });
    expect(find(checks, 'turn')).toMatchObject({
      status: 'bad',
      text: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

it.each([
  ['turn:turn.example.org', { isTurn: true, host: 'turn.example.org', port: 3478, transport: 'udp' }],
  [
    'turns:turn.example.org?transport=tcp',
    { isTurn: true, host: 'turn.example.org', port: 5349, transport: 'tls' },
  ],
  ['stun:[2001:db8::1]:19302', { isTurn: false, host: '2001:db8::1', port: 19302, transport: 'udp' }],
  ['http://example.org', undefined],
  ['turn:host:99999', undefined],
])('reads %s', (url, read) => {
  expect(parseIceUrl(url)).toEqual(read);
});
