/** A signaling server on another program's HTTP server: each has its own paths, and nothing of the other's. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { listenAttached } from '../../src/server/dialects/native/listen-attached.ts';
import {
  type AttachOptions,
  attach,
  type ServerParts,
  type SignalingServer,
} from '../../src/server/index.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const running: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of running.splice(0).reverse()) await end();
});

/** A program whose pages all say `mine`. */
async function startProgram(): Promise<{ server: Server; origin: string }> {
  const server = createServer((_request, response) => response.end('mine'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { server, origin: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

async function attached(server: Server, options: AttachOptions = {}): Promise<SignalingServer> {
  const signaling = await attach(server, { path: '/signal', logLevel: 'silent', ...options });
  running.push(() => signaling.stop());
  return signaling;
}

const textOf = async (url: string) => (await fetch(url)).text();

describe('attach', () => {
  it('serves clients, health, metrics and the inspector below its path, and leaves the rest to the program', async () => {
    const { server, origin } = await startProgram();
    const signaling = await attached(server);
    expect(signaling.url).toBe(`${origin.replace('http', 'ws')}/signal/`);
    const [ada, bob] = [await RawClient.connect(signaling.url), await RawClient.connect(signaling.url)];
    ada.send({ type: 'pair_request', target_id: bob.id });
    await Promise.all([ada.next('paired'), bob.next('paired')]);
    expect(await textOf(`${origin}/signal/healthz`)).toBe('ok\n');
    expect(await textOf(`${origin}/signal/metrics`)).toMatch(/^pairlane_messages_received_total\{/m);
    expect((await fetch(`${origin}/signal/inspect/`)).status).toBe(200);
    expect((await fetch(`${origin}/signal/nothing`)).status).toBe(404);
    for (const path of ['/', '/healthz', '/signalling', '/a/signal/'])
      expect(await textOf(origin + path)).toBe('mine');
  });

  it("leaves the program's own WebSockets alone", async () => {
    const { server, origin } = await startProgram();
    const own = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/own') return;
      own.handleUpgrade(request, socket, head, (each) => each.send('mine'));
    });
    const signaling = await attached(server);
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/own`);
    const [message] = await once(socket, 'message');
    expect(String(message)).toBe('mine');
    expect((await RawClient.connect(signaling.url)).id).toMatch(/^[0-9a-f-]{36}$/);
    socket.terminate();
  });

  it('leaves a request for another protocol to the program, as one without that wish', async () => {
    const { server } = await startProgram();
    await attached(server);
    const { port } = server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*mine/);
  });

  it('leaves the server as it was when it stops, and its clients are told', async () => {
    const { server, origin } = await startProgram();
    const own = server.listeners('request');
    const signaling = await attached(server);
    const ada = await RawClient.connect(signaling.url);
    await signaling.stop();
    expect(await ada.whenClosed()).toMatchObject({ code: 1001 });
    expect(await textOf(`${origin}/signal/healthz`)).toBe('mine');
    expect(server.listening).toBe(true);
    expect(server.listeners('request')).toEqual(own);
    expect(server.listenerCount('upgrade')).toBe(0);
  });

  it('can be attached twice, each below its own path', async () => {
    const { server, origin } = await startProgram();
    const first = await attached(server, { path: '/one' });
    await attached(server, { path: '/two' });
    for (const path of ['one', 'two']) expect(await textOf(`${origin}/${path}/healthz`)).toBe('ok\n');
    await first.stop();
    expect(await textOf(`${origin}/two/healthz`)).toBe('ok\n');
    expect(await textOf(`${origin}/one/healthz`)).toBe('mine');
  });

  it('ends the connection of a client that does not answer, once it stops', async () => {
    const { server } = await startProgram();
    const signaling = await attached(server);
    const socket = connect(signaling.port, '127.0.0.1');
    socket.write(
      'GET /signal/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(socket, 'data');
    const closed = once(socket.resume(), 'close');
    await signaling.stop();
    await closed;
  });

  it('outlives a request for another protocol whose client is gone before the program answers', async () => {
    let asked = (_response: ServerResponse) => {};
    const reached = new Promise<ServerResponse>((resolve) => {
      asked = resolve;
    });
    const server = createServer((_request, response) => asked(response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    running.push(async () => server.close());
    const { port } = await attached(server);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    const response = await reached;
    socket.resetAndDestroy();
    await new Promise((resolve) => response.once('close', resolve));
    expect(await textOf(`http://127.0.0.1:${port}/signal/healthz`)).toBe('ok\n');
  });

  it('may be done before the program listens, and to one with a Unix socket: it then has no port to name', async () => {
    const server = createServer();
    const signaling = await attached(server);
    expect([signaling.port, signaling.url]).toEqual([0, 'ws://localhost:0/signal/']);
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-attach-'));
    server.listen(join(folder, 'socket'));
    await once(server, 'listening');
    expect([signaling.port, signaling.url]).toEqual([0, 'ws://localhost:0/signal/']);
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    running.push(async () => server.close());
    const { port } = server.address() as { port: number };
    expect([signaling.port, signaling.url]).toEqual([port, `ws://127.0.0.1:${port}/signal/`]);
  });

  it.each([
    ['/signal', '/signal'],
    ['', '/'],
  ])(
    'below the path %j is told in the log, counts its connections, and has no certificate to renew',
    async (basePath, place) => {
      const { server, origin } = await startProgram();
      const listen: ServerParts['listen'] = (deps, handlers) => listenAttached(server, deps, handlers);
      const test = await startTestServer({ basePath }, { listen });
      const lines = test.log.map(({ msg }) => msg);
      expect(lines).toContain('Running on ws, on the HTTP server of another program');
      expect(lines).toContain(`Server starting on ${place} of another program's HTTP server`);
      // The one that asks.
      expect(await textOf(`${origin}${basePath}/metrics`)).toContain(
        'pairlane_http_connections{state="open"} 1\n',
      );
      await test.server.reload(test.server.options);
      expect(test.log.at(-1)?.msg).toBe('Options read again: nothing changed');
    },
  );

  it.each([
    ['for us behind one for the program', '/', '/signal/', 'websocket'],
    ['for the program behind another of its own', '/', '/', 'h2c'],
    ['for us behind another for us', '/signal/healthz', '/signal/', 'websocket'],
  ])(
    'outlives an upgrade %s that is not answered yet: the connection ends',
    async (_what, first, second, protocol) => {
      const { server, origin } = await startProgram();
      await attached(server);
      const { port } = server.address() as { port: number };
      const socket = connect(port, '127.0.0.1').resume();
      socket.write(
        `GET ${first} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET ${second} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
          `Connection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Version: 13\r\n` +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      await once(socket, 'close');
      expect(await textOf(`${origin}/signal/healthz`)).toBe('ok\n');
      expect(await textOf(`${origin}/`)).toBe('mine');
    },
  );

  it('refuses what the program decides, and what is no server', async () => {
    const { server } = await startProgram();
    const given = { port: 1, tlsCert: 'a.pem' } as AttachOptions;
    await expect(attach(server, given)).rejects.toThrow(
      '--port: is for the HTTP server to decide; leave it out\n--tls-cert: is for the HTTP server to decide; leave it out',
    );
    await expect(attach({} as Server)).rejects.toThrow(
      'server: should be an HTTP server of node:http or node:https',
    );
  });
});
