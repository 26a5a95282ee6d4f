import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { parseListenAddress } from '../../../src/common/listen-address.ts';
import { serverOptionProblems } from '../../../src/server/check-server-options.ts';
import { startServer } from '../../../src/server/index.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startSilentServer } from '../../support/servers/silent-server.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-listen-'));
afterAll(() => rmSync(folder, { recursive: true }));

const quiet = { port: 0, logLevel: 'silent' } as const;

/** The first message that the server sends there. */
async function greeting(url: string, options = {}): Promise<string> {
  const socket = new WebSocket(url, options);
  const [data] = await once(socket, 'message');
  socket.terminate();
  return JSON.parse(String(data)).type;
}

interface Got {
  readonly status: number | undefined;
  readonly location: string | undefined;
  readonly body: string;
}

function get(where: { socketPath: string } | { port: number }, path: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    request({ ...where, path, headers: { host: 'localhost' } }, (response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, location: response.headers.location, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('--host', () => {
  it.each([
    ['127.0.0.1', { kind: 'tcp', host: '127.0.0.1' }],
    ['::', { kind: 'tcp', host: '::' }],
    ['[::1]', { kind: 'tcp', host: '::1' }],
    ['pair.example.org', { kind: 'tcp', host: 'pair.example.org' }],
    ['unix:/run/pairlane/pairlane.sock', { kind: 'unix', path: '/run/pairlane/pairlane.sock' }],
    ['', undefined],
    ['[localhost]', undefined],
    ['http://localhost', undefined],
    ['127.0.0.1:80', undefined],
    ['unix:relative', undefined],
    ['unix:/', undefined],
    [`unix:/${'x'.repeat(107)}`, undefined],
  ])('reads %j', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
    const isRefused = serverOptionProblems({ host: [text] }).length > 0;
    expect(isRefused).toBe(address === undefined);
  });

  it('needs at least one address', () => {
    expect(serverOptionProblems({ host: [] })).toEqual(['--host: should name at least one address']);
  });

  it('takes IPv6, and all of both with ::', async () => {
    const { server } = await startTestServer({ host: ['::'] });
    expect(server.url).toBe(`ws://[::]:${server.port}/`);
    expect(await greeting(`ws://127.0.0.1:${server.port}/`)).toBe('your_id');
    expect(await greeting(`ws://[::1]:${server.port}/`)).toBe('your_id');
  });

  it('takes several, with one port, and the health port at each', async () => {
    const { server } = await startTestServer({ host: ['127.0.0.1', '[::1]'], healthPort: 0 });
    for (const host of ['127.0.0.1', '[::1]']) {
      expect(await greeting(`ws://${host}:${server.port}/`)).toBe('your_id');
      expect((await fetch(`http://${host}:${server.healthPort}/readyz`)).status).toBe(200);
    }
  });

  it('listens at none of them when one cannot be had', async () => {
    const port = await startSilentServer('::1');
    const starting = startServer({ ...quiet, host: ['127.0.0.1', '::1'], port });
    await expect(starting).rejects.toThrow(`Cannot listen on [::1]:${port}: the port is taken`);
    await expect(greeting(`ws://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  it('takes a Unix socket, and no port', async () => {
    const path = join(folder, 'a.sock');
    const { server, log } = await startTestServer({ host: [`unix:${path}`] });
    expect(server.port).toBe(0);
    expect(await greeting(server.url)).toBe('your_id');
    expect((await get({ socketPath: path }, '/healthz')).status).toBe(200);
    expect(log.map(({ msg }) => msg)).toContain(`Server starting on unix:${path}`);
    // As of any socket of this process.
    expect(statSync(path).mode & 0o777).toBe(0o777 & ~process.umask());
    await server.stop();
    expect(existsSync(path)).toBe(false);
  });

  it('takes a Unix socket beside a port', async () => {
    const path = join(folder, 'b.sock');
    const { server } = await startTestServer({ host: [`unix:${path}`, '127.0.0.1'] });
    expect(await greeting(`ws://127.0.0.1:${server.port}/`)).toBe('your_id');
    expect(await greeting(`ws+unix:${path}:/`)).toBe('your_id');
  });

  it('replaces a Unix socket that a server left when it was killed, and no other', async () => {
    const path = join(folder, 'left.sock');
    const killed = pairlane(['serve', '--host', `unix:${path}`]);
    await killed.printed(/Server starting/);
    await expect(startServer({ ...quiet, host: [`unix:${path}`] })).rejects.toThrow(
      `Cannot listen on unix:${path}: another program listens there`,
    );
    killed.child.kill('SIGKILL');
    await killed.exited();
    expect(lstatSync(path).isSocket()).toBe(true);
    const { server } = await startTestServer({ host: [`unix:${path}`] });
    expect(await greeting(server.url)).toBe('your_id');
  });

  it('never replaces a file that is no socket', async () => {
    const path = join(folder, 'precious');
    writeFileSync(path, 'precious');
    await expect(startServer({ ...quiet, host: [`unix:${path}`] })).rejects.toThrow(
      `Cannot listen on unix:${path}: there is a file that is no socket`,
    );
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('says which folder of a Unix socket is missing', async () => {
    const path = join(folder, 'nowhere/a.sock');
    await expect(startServer({ ...quiet, host: [`unix:${path}`] })).rejects.toThrow(
      `Cannot listen on unix:${path}: its folder does not exist or may not be written`,
    );
  });

  it('through a Unix socket, a proxy is believed with --trust-proxy unix, and is not this machine', async () => {
    const path = join(folder, 'proxied.sock');
    const { server } = await startTestServer({
      host: [`unix:${path}`],
      trustProxy: ['unix'],
      maxConnectionsPerAddress: 1,
      drainMs: 1_000,
    });
    const from = (address: string) => greeting(server.url, { headers: { 'x-forwarded-for': address } });
    const first = new WebSocket(server.url, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    await once(first, 'message');
    expect(await from('192.0.2.2')).toBe('your_id');
    await expect(from('192.0.2.1')).rejects.toThrow('429');
    first.terminate();
    expect((await get({ socketPath: path }, '/inspect/')).status).toBe(403);
  });
});

describe('connections that come at once', () => {
  it('wait until the server has time for them: 3,000, while it has none', async () => {
    const run = pairlane(['serve', '--port', '0']);
    await run.printed(/Server starting on/);
    const port = Number(/Server starting on 127\.0\.0\.1:(\d+)/.exec(run.stdout)?.[1]);
    run.child.kill('SIGSTOP');
    let waiting = 0;
    const sockets = Array.from({ length: 3_000 }, () =>
      connect(port, '127.0.0.1', () => {
        waiting += 1;
      }).on('error', () => {}),
    );
    await until(() => waiting === 3_000).catch(() => {});
    expect(waiting).toBe(3_000);
    for (const socket of sockets) socket.destroy();
  });
});

describe('without --base-path', () => {
  it('a native client may connect at any path, such as the prefix that a proxy has left', async () => {
    const { server } = await startTestServer();
    for (const path of ['', 'signal', 'signal/', 'a/b?resume=1'])
      expect([path, await greeting(`${server.url}${path}`)]).toEqual([path, 'your_id']);
  });
});

describe('--base-path', () => {
  it.each(['signal', '/signal/', '/', '/a b', '/a?b', '//a'])('refuses %j', (basePath) => {
    expect(serverOptionProblems({ basePath })).toEqual([
      '--base-path: should begin with / and not end with it, like /signal',
    ]);
  });

  it('is what every path begins with, and nothing is elsewhere', async () => {
    const { server } = await startTestServer({ basePath: '/a/signal', rooms: true });
    const { port } = server;
    expect(server.url).toBe(`ws://127.0.0.1:${port}/a/signal/`);
    expect(await greeting(server.url)).toBe('your_id');
    expect(await greeting(`ws://127.0.0.1:${port}/a/signal`)).toBe('your_id');
    expect(await greeting(`ws://127.0.0.1:${port}/a/signal?resume=1`)).toBe('your_id');
    expect(await greeting(`ws://127.0.0.1:${port}/a/signal/b/c`)).toBe('your_id');
    for (const path of ['/healthz', '/readyz', '/metrics', '/', '/pairlane.js', '/inspect/'])
      expect([path, (await get({ port }, `/a/signal${path}`)).status]).toEqual([path, 200]);
    for (const path of ['/healthz', '/metrics', '/', '/a', '/a/signalling', '/inspect/'])
      expect([path, (await get({ port }, path)).status]).toEqual([path, 404]);
    await expect(greeting(`ws://127.0.0.1:${port}/`)).rejects.toThrow('404');
    const polling = await get({ port }, '/a/signal/socket.io/?EIO=4&transport=polling');
    expect(polling.body).toMatch(/^0\{"sid"/);
  });

  it('without its last slash leads to the page', async () => {
    const { server } = await startTestServer({ basePath: '/a/signal' });
    const { port } = server;
    expect(await get({ port }, '/a/signal')).toMatchObject({ status: 308, location: 'signal/' });
    expect(await get({ port }, '/a/signal/inspect')).toMatchObject({ status: 308, location: 'inspect/' });
  });
});
