import { once } from 'node:events';
import { get } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { Origins } from '../../../src/server/admission/origins.ts';
import { serverOptionProblems } from '../../../src/server/check-server-options.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const none = { allowOrigin: [], publicHost: [] };
const everywhere = { host: ['0.0.0.0'], ...none };
const loopback = { host: ['127.0.0.1'], ...none };

describe('an option that could fit no page', () => {
  it.each([
    ['allowOrigin', 'game.example', 'should look like https://HOST or https://HOST:PORT'],
    ['allowOrigin', 'https://game.example/play', 'should look like https://HOST or https://HOST:PORT'],
    ['allowOrigin', 'https://*.example ', 'should look like https://HOST or https://HOST:PORT'],
    ['publicHost', 'https://pair.example', 'should look like pair.example.org, without https:// and port'],
    ['publicHost', 'pair.example:8765', 'should look like pair.example.org, without https:// and port'],
  ])('%s %j is refused', (name, value, problem) => {
    expect(serverOptionProblems({ [name]: [value] })).toEqual([`${name}: ${problem}`]);
  });

  it.each(['pair.example.org', 'localhost', '*', '[2001:db8::1]', '192.0.2.1'])(
    'publicHost %s is none',
    (name) => {
      expect(serverOptionProblems({ publicHost: [name] })).toEqual([]);
    },
  );
});

describe('a page may connect', () => {
  it.each([
    ['when it is no page but a program', '', true],
    ['of the server itself', 'https://signal.example', true],
    ['of the server itself, at another port', 'https://signal.example:444', false],
    ['of this machine', 'http://localhost:3000', true],
    ['of this machine by its address', 'http://127.0.0.1:8080', true],
    ['of this machine by its IPv6 address', 'http://[::1]', true],
    ['of an origin that is listed', 'https://game.example', true],
    ['of an origin that only begins like one', 'https://game.example.evil.example', false],
    ['of a foreign origin', 'https://evil.example', false],
    ['whose origin is opaque', 'null', false],
    ['that is a file', 'file://', false],
  ])('%s: %s -> %s', (_name, origin, isAllowed) => {
    const origins = new Origins({
      host: ['0.0.0.0'],
      allowOrigin: ['https://game.example'],
      publicHost: ['signal.example'],
    });
    expect(origins.mayConnect(origin, 'signal.example:443')).toBe(isAllowed);
  });

  it.each([
    ['https://Game.example/', 'https://game.example'],
    ['https://game.example:443', 'https://game.example'],
    ['http://game.example:3000/', 'http://game.example:3000'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['null', 'null'],
  ])('with --allow-origin %s, of the origin %s', (allowed, origin) => {
    const origins = new Origins({ ...everywhere, allowOrigin: [allowed] });
    expect(origins.mayConnect(origin, 'signal.example')).toBe(true);
  });

  it('of any origin with *', () => {
    const origins = new Origins({ ...loopback, allowOrigin: ['*'] });
    expect(origins.mayConnect('https://evil.example', 'signal.example')).toBe(true);
  });

  it('and is refused with 403 else, and the log says how to allow it', async () => {
    const { server, log } = await startTestServer();
    const socket = new WebSocket(server.url, { origin: 'https://evil.example' });
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(403);
    expect(log.map((line) => line.msg)).toContain(
      'Refused a page of origin "https://evil.example"; --allow-origin "https://evil.example" allows it',
    );
    expect(server.parts.metrics.refused.get('origin')).toBe(1);
  });

  it.each(['pairlane.js', 'pairlane-watch.js', 'schemas/asyncapi.json', 'peerjs/id', 'webrtc-manager.js'])(
    'and one that may not read /%s finds the same in the log: its browser tells it nothing',
    async (path) => {
      const { server, log } = await startTestServer({ peerjs: true, rooms: true });
      const ask = (headers: Record<string, string>) =>
        fetch(`http://127.0.0.1:${server.port}/${path}`, { headers });
      await Promise.all([ask({}), ask({ origin: 'http://localhost:3000' })]);
      expect(server.parts.metrics.refused.get('origin')).toBeUndefined();

      const response = await ask({ origin: 'https://app.example' });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(log.filter(({ kind }) => kind === 'origin').map(({ msg }) => msg)).toEqual([
        'Refused a page of origin "https://app.example"; --allow-origin "https://app.example" allows it',
      ]);
      expect(server.parts.metrics.refused.get('origin')).toBe(1);
    },
  );

  it('and a page of the name that it calls the server by is told of --public-host', async () => {
    const { server, log } = await startTestServer();
    const headers = { host: 'pair.example.org' };
    const socket = new WebSocket(server.url, { origin: 'https://pair.example.org', headers });
    await once(socket, 'unexpected-response');
    expect(log.map((line) => line.msg)).toContainEqual(
      expect.stringContaining(
        '; --public-host "pair.example.org", under which it called this server, allows it',
      ),
    );
  });
});

describe('a server answers to', () => {
  it.each([
    ['localhost', 'localhost:8080', true, true],
    ['a name below localhost', 'app.localhost', true, true],
    ['a loopback address', '127.8.8.8:80', true, true],
    ['the IPv6 loopback address', '[::1]:8080', true, true],
    ['another address', '192.0.2.1:8080', false, true],
    ['another IPv6 address', '[2001:db8::1]:8080', false, true],
    ['a name', 'evil.example:8080', false, false],
    ['a name that begins like an address', '127.0.0.1.evil.example', false, false],
    ['what only looks like an address', '127.999.999.999', false, false],
    ['localhost with a dot behind', 'localhost.', false, false],
    ['two hosts', '127.0.0.1, evil.example', false, false],
    ['no name', '', false, false],
  ])('%s: %s, on loopback %s, else %s', (_name, host, onLoopback, elsewhere) => {
    expect(new Origins(loopback).isOwnName(host)).toBe(onLoopback);
    expect(new Origins(everywhere).isOwnName(host)).toBe(elsewhere);
  });

  it.each([
    ['a name of --public-host', { publicHost: ['Signal.Example'] }, 'signal.example:443', true],
    ['a name of --allow-origin', { allowOrigin: ['https://signal.example'] }, 'signal.example', true],
    ['any name with --public-host *', { publicHost: ['*'] }, 'whatever.example', true],
    ['no name beside those', { publicHost: ['signal.example'] }, 'a.signal.example', false],
  ])('%s', (_name, options, host, isOwn) => {
    expect(new Origins({ ...loopback, ...options }).isOwnName(host)).toBe(isOwn);
  });
});

/** A GET with a `Host` header of one's own. @returns status, and the CORS header */
function ask(
  { server }: TestServer,
  path: string,
  headers: Record<string, string>,
): Promise<[number, unknown]> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path, headers }, (response) => {
      response.resume();
      resolve([Number(response.statusCode), response.headers['access-control-allow-origin']]);
    }).on('error', reject);
  });
}

const POLLING = '/socket.io/?EIO=4&transport=polling';

describe('a page whose name was made to lead to a loopback server', () => {
  it('gets nothing of it: no WebSocket, no Socket.IO, no file, no metrics; the log says how to allow it', async () => {
    const test = await startTestServer({ rooms: true });
    const host = `evil.example:${test.server.port}`;
    const socket = new WebSocket(test.server.url, { origin: `http://${host}`, headers: { host } });
    expect((await once(socket, 'unexpected-response'))[1].statusCode).toBe(403);
    for (const path of ['/', '/metrics', POLLING, '/pairlane.js', '/nothing', '/inspect/'])
      expect([path, await ask(test, path, { host })]).toEqual([path, [403, undefined]]);
    expect(test.log.map(({ msg }) => msg)).toContain(
      'Refused a request for the host "evil.example"; --public-host "evil.example" allows it',
    );
    expect(test.server.parts.metrics.refused.get('host')).toBe(6);
  });

  it('is no name without a dot: nobody else can have one, and services in one network use them', async () => {
    const test = await startTestServer();
    for (const path of ['/', '/metrics'])
      expect(await ask(test, path, { host: 'pairlane:8080' })).toEqual([200, undefined]);
  });

  it('still hears whether the server runs: balancers ask by any name', async () => {
    const test = await startTestServer();
    for (const path of ['/healthz', '/readyz'])
      expect(await ask(test, path, { host: 'pool.example' })).toEqual([200, undefined]);
  });
});

describe('a page of another origin that may connect', () => {
  const page = 'http://localhost:3000';

  it.each([POLLING, '/pairlane.js', '/webrtc-manager.js'])('may read %s', async (path) => {
    const test = await startTestServer({ rooms: true });
    expect(await ask(test, path, { origin: page })).toEqual([200, page]);
  });

  it.each([POLLING, '/pairlane.js', '/webrtc-manager.js'])(
    'and one that may not, may not read %s',
    async (path) => {
      const test = await startTestServer({ rooms: true });
      const [, allowed] = await ask(test, path, { origin: 'https://evil.example' });
      expect(allowed).toBeUndefined();
    },
  );
});
