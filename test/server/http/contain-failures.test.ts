/** A bug in what answers a request costs that request, and nobody else. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { serveGet } from '../../../src/server/http/answer.ts';
import { containFailures } from '../../../src/server/http/contain-failures.ts';
import { listenForHealth } from '../../../src/server/http/health-listener.ts';
import { openListener } from '../../../src/server/http/listener.ts';
import { serveRequests } from '../../../src/server/http/serve-requests.ts';
import { loadShell } from '../../../src/server/http/shell/load-shell.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const oops = new Error('of the test');
const fail = () => {
  throw oops;
};

/** An app whose routes fail, and what it tells of that. */
async function failingApp(shellName: 'uws' | 'ws') {
  const { shell } = await loadShell(shellName);
  const app = shell.createApp({});
  const told: unknown[] = [];
  containFailures(app, (route, error) => told.push([route, error]));
  serveGet(app, '/at-once', fail);
  serveGet(app, '/later', () => Promise.reject(oops));
  serveGet(app, '/unreadable', () => ({
    headers: [['a', undefined as never]],
    get body() {
      return fail();
    },
  }));
  serveRequests(app, '/body', {
    maxBodyBytes: 100,
    tooLarge: {},
    refusalOf: (_, req) => (req.getQuery() === 'refuse' ? fail() : undefined),
    answerTo: fail,
  });
  app.post('/posted', fail);
  app.any('/any/*', (res) => {
    res.end('answered', true);
    fail();
  });
  app.ws('/socket', { upgrade: fail });
  serveGet(app, '/well', () => ({ body: 'well' }));
  const listener = await openListener(app, {
    addresses: [{ kind: 'tcp', host: '127.0.0.1' }],
    ...{ port: 0, changed() {} },
  });
  const url = `http://127.0.0.1:${listener.port}`;
  const get = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(url + path, init);
    return [answer.status, await answer.text()];
  };
  const close = () => {
    listener.close();
    app.close();
  };
  return { get, told, port: listener.port, close };
}

describe.each(['uws', 'ws'] as const)('with the shell %s, what fails', (shell) => {
  it.each<[string, string, RequestInit]>([
    ['at once', '/at-once', {}],
    ['at once for HEAD', '/at-once', { method: 'HEAD' }],
    ['later', '/later', {}],
    ['while its answer is written', '/unreadable', {}],
    ['with a body', '/body', { method: 'PUT', body: 'a body' }],
    ['before its body is read', '/body?refuse', {}],
    ['for POST', '/posted', { method: 'POST' }],
  ])('%s is answered with 500, and told by its route', async (_when, path, init) => {
    const { get, told, close } = await failingApp(shell);
    expect(await get(path, init)).toEqual([500, '']);
    expect(told).toEqual([[path.split('?')[0], oops]]);
    expect(await get('/well')).toEqual([200, 'well']);
    close();
  });

  it('after it has answered is told, and the answer stays', async () => {
    const { get, told, close } = await failingApp(shell);
    expect(await get('/any/thing')).toEqual([200, 'answered']);
    expect(told).toEqual([['/any/*', oops]]);
    close();
  });

  it('as a WebSocket is opened is answered with 500', async () => {
    const { told, port, close } = await failingApp(shell);
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 500 /);
    socket.destroy();
    expect(told).toEqual([['/socket', oops]]);
    close();
  });
});

it('what fails at the health port is answered with 500, and told', async () => {
  const told: unknown[] = [];
  const listener = await listenForHealth({
    ...{ hosts: ['127.0.0.1'], port: 0 },
    answers: new Map([
      ['/at-once', fail],
      ['/later', () => Promise.reject(oops)],
    ]),
    failed: (route, error) => told.push([route, error]),
  });
  for (const path of ['/at-once', '/later'])
    expect((await fetch(`http://127.0.0.1:${listener.port}${path}`)).status).toBe(500);
  expect(told).toEqual([
    ['/at-once', oops],
    ['/later', oops],
  ]);
  listener.close();
});

it('a server logs and counts what fails, without what was asked for, and goes on', async () => {
  const { server, log } = await startTestServer();
  const { metrics } = server.parts;
  metrics.text = fail;
  expect((await fetch(`http://127.0.0.1:${server.port}/metrics?token=secret`)).status).toBe(500);
  const errors = log.filter(({ level }) => level === 50);
  expect(errors).toMatchObject([
    { event: 'request_failed', route: '/metrics', err: { message: 'of the test' } },
  ]);
  expect(JSON.stringify(errors)).not.toContain('secret');
  expect(metrics.refused.get('internal_error')).toBe(1);
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
});
