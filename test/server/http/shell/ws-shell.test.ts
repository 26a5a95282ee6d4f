/** What the shell over `ws` and `node:http` has to do by itself, which uWebSockets.js does for the other one. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it, jest } from '@jest/globals';
import { Connections } from '../../../../src/server/http/shell/ws/connections.ts';
import { listenOn } from '../../../../src/server/http/shell/ws/ports.ts';
import { WsApp } from '../../../../src/server/http/shell/ws/ws-app.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const REQUEST_TIMEOUT_MS = 10_000;

afterEach(() => {
  jest.restoreAllMocks();
});

it('ends a connection whose request is not there, to the end of its body, after 10 seconds, and leaves no timer', async () => {
  const { server } = await startTestServer({ shell: 'ws', rooms: true });
  const { setTimeout } = globalThis;
  const due: { readonly call: () => void; readonly timer: NodeJS.Timeout }[] = [];
  const cleared = jest.spyOn(globalThis, 'clearTimeout');
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((call: () => void, ms: number) => {
    const timer = setTimeout(call, ms);
    if (ms === REQUEST_TIMEOUT_MS) due.push({ call, timer });
    return timer;
  }) as never);
  const socket = connect(server.port, '127.0.0.1').resume();
  socket.write(
    'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{',
  );
  const closed = once(socket, 'close');
  // One is for the beginning of the request, the other for its body.
  await until(() => due.length >= 2);
  const { metrics } = server.parts;
  expect(metrics.httpConnections()).toBe(1);
  for (const { call } of due) call();
  await closed;
  await until(() => metrics.httpConnections() === 0);
  for (const { timer } of due) expect(cleared).toHaveBeenCalledWith(timer);
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

/** A frame of a client, masked with zeros, that begins a text message (opcode 1) or continues it (0). */
function frame(opcode: number, text: string, isLast: boolean, length = text.length): Buffer {
  const head = Buffer.from([
    (isLast ? 0x80 : 0) | opcode,
    0x80 | 126,
    length >> 8,
    length & 0xff,
    0,
    0,
    0,
    0,
  ]);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function openSocket(port: number) {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  const lines = Object.entries(upgrade).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`);
  let heard = '';
  socket.on('data', (data) => {
    heard += data.toString('latin1');
  });
  const hears = async (text: string) => {
    while (!heard.includes(text)) await once(socket, 'data');
  };
  await hears('your_id');
  return { socket, hears };
}

it('takes a message in 80 fragments, and ends a socket that sends more', async () => {
  const { server } = await startTestServer({ shell: 'ws' });
  const message = JSON.stringify({ type: 'create_key' }).padEnd(80);
  const { socket, hears } = await openSocket(server.port);
  for (const [at, letter] of [...message].entries()) socket.write(frame(at === 0 ? 1 : 0, letter, at === 79));
  await hears('"key"');
  const closed = once(socket, 'close');
  socket.write(Buffer.concat([frame(1, '{', false), ...Array(80).fill(frame(0, ' ', false))]));
  await closed;
});

it('takes a message of 1 MiB in 1,000 fragments with --max-message-bytes 1048576', async () => {
  const { server } = await startTestServer({ shell: 'ws', maxMessageBytes: 1_048_576, maxBytesPerSecond: 0 });
  const { socket, hears } = await openSocket(server.port);
  const message = JSON.stringify({ type: 'create_key', more: 'y'.repeat(1_000_000) });
  const each = Math.ceil(message.length / 1_000);
  for (let n = 0; n < 1_000; n += 1)
    socket.write(frame(n === 0 ? 1 : 0, message.slice(n * each, (n + 1) * each), n === 999));
  await hears('"key"');
});

it('lets 64 KiB of pongs wait for a client of a route that sets no limit', async () => {
  const app = new WsApp();
  let most = 0;
  app.ws('/', {
    upgrade: (res, req, context) => res.upgrade({}, req.getHeader('sec-websocket-key'), '', '', context),
    ping(socket) {
      most = Math.max(most, socket.getBufferedAmount());
    },
  });
  const listening = await app.listenOn({ kind: 'tcp', host: '127.0.0.1' }, 0);
  const socket = connect(listening?.port ?? 0, '127.0.0.1');
  const lines = Object.entries(upgrade).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`);
  await once(socket, 'data');
  socket.pause();
  const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)]);
  const pings = Buffer.concat(Array(1_000).fill(ping));
  for (let n = 0; n < 200; n += 1) await new Promise((resolve) => socket.write(pings, resolve));
  expect(most).toBeGreaterThan(60 * 1024);
  expect(most).toBeLessThan(66 * 1024);
  socket.destroy();
  listening?.close();
  app.close();
});

it('ends a socket whose message comes in thousands of pieces', async () => {
  const { server } = await startTestServer({ shell: 'ws' });
  const { socket } = await openSocket(server.port);
  socket.write(frame(1, '', true, 60_000));
  let sent = 0;
  for (; sent < 20_000 && !socket.closed; sent += 1) {
    socket.write('x');
    await new Promise(setImmediate);
  }
  expect(sent).toBeLessThan(20_000);
});

it('reads no more than one piece of 5,000 pipelined requests', async () => {
  const { server } = await startTestServer({ shell: 'ws' });
  const asks = jest.spyOn(Connections.prototype, 'asks');
  const socket = connect(server.port, '127.0.0.1').pause();
  socket.on('error', () => {});
  const request = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(request.repeat(5_000));
  const { metrics } = server.parts;
  await until(() => metrics.httpConnections() !== 0);
  await until(() => metrics.httpConnections() === 0);
  socket.destroy();
  const asked = asks.mock.calls.length;
  expect(asked).toBeGreaterThan(1);
  expect(asked).toBeLessThanOrEqual(Math.ceil((64 * 1024) / request.length));
});

it('leaves a port to the app that has it when another one closes its own share twice', async () => {
  const address = { kind: 'tcp', host: '127.0.0.1' } as const;
  const asked: string[] = [];
  const receiver = (name: string) => (socket: Socket) => {
    asked.push(name);
    socket.end();
  };
  const first = await listenOn(receiver('first'), address, 0);
  if (!first) throw new Error('no port was free');
  const second = await listenOn(receiver('second'), address, first.port);
  second?.close();
  second?.close();
  const socket = connect(first.port, '127.0.0.1').resume();
  await once(socket, 'close');
  expect(asked).toEqual(['first']);
  first.close();
});
