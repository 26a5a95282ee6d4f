/** What the shell over `ws` and `node:http` has to do by itself, which uWebSockets.js does for the other one. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it, jest } from '@jest/globals';
import { startTestServer } from '../../../support/servers/test-server.ts';

const REQUEST_TIMEOUT_MS = 10_000;

afterEach(() => {
  jest.restoreAllMocks();
});

it('ends a connection whose request is not there, to the end of its body, after 10 seconds', async () => {
  const { server } = await startTestServer({ shell: 'ws', rooms: true });
  const { setTimeout } = globalThis;
  const due: (() => void)[] = [];
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((call: () => void, ms: number) => {
    if (ms === REQUEST_TIMEOUT_MS) due.push(call);
    return setTimeout(call, ms);
  }) as never);
  const socket = connect(server.port, '127.0.0.1').resume();
  socket.write(
    'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{',
  );
  const closed = once(socket, 'close');
  // One is for the beginning of the request, the other for its body.
  while (due.length < 2) await new Promise(setImmediate);
  const { metrics } = server.parts;
  expect(metrics.httpConnections()).toBe(1);
  for (const call of due) call();
  await closed;
  while (metrics.httpConnections() > 0) await new Promise(setImmediate);
});

const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

it.each<[string, Record<string, string>]>([
  ['whose key is none', { 'Sec-WebSocket-Key': 'short' }],
  ['of a version that nobody speaks', { 'Sec-WebSocket-Version': '7' }],
  ['for another protocol', { Upgrade: 'h2c' }],
  ['with protocols that are no list', { 'Sec-WebSocket-Protocol': ',,' }],
  ['with a protocol twice', { 'Sec-WebSocket-Protocol': 'a, b,a' }],
])('makes no session for an upgrade %s, on any path, and serves on', async (_what, headers) => {
  const testServer = await startTestServer({ shell: 'ws', rooms: true, topics: true, peerjs: true });
  const { server } = testServer;
  const lines = Object.entries({ ...upgrade, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  for (const path of [
    '/',
    '/socket.io/?EIO=4&transport=websocket',
    '/y-webrtc',
    '/peerjs?key=peerjs&id=a&token=b',
  ]) {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 (2|4)0/);
    if (!socket.closed) await once(socket, 'close');
  }
  expect(server.parts.admission.connections).toBe(0);
  const [a] = await testServer.connectPair();
  await a.settled();
});
