/** The socket of a browser's peer, over `ws` instead of the browser's own WebSocket, which has the same interface. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { openBrowserSocket } from '../../../src/client/browser/browser-socket.ts';
import type { Socket } from '../../../src/client/signaling/socket.ts';

const { WebSocket: own } = globalThis;
let server: WebSocketServer;
let received: string[];

beforeEach(async () => {
  Object.assign(globalThis, { WebSocket });
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  received = [];
  server.on('connection', (client) => {
    client.on('message', (data) => {
      received.push(String(data));
      client.send('got it');
    });
    client.on('close', (code) => {
      received.push(`closed ${code}`);
      server.emit('left');
    });
  });
  await once(server, 'listening');
});

afterEach(() => {
  Object.assign(globalThis, { WebSocket: own });
  for (const client of server.clients) client.terminate();
  server.close();
});

/** @returns the socket, and promises of its being open and of the first thing that it receives */
function open() {
  let opened = () => {};
  let heard = () => {};
  const whenOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const whenHeard = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const { port } = server.address() as AddressInfo;
  const socket: Socket = openBrowserSocket(`ws://127.0.0.1:${port}/`, {
    opened,
    received: heard,
    closed() {},
  });
  return { socket, whenOpen, whenHeard };
}

it('what can wait is sent by itself, and before anything that is said after it', async () => {
  const { socket, whenOpen, whenHeard } = open();
  await whenOpen;
  socket.send('alone', true);
  await whenHeard;
  socket.send('first', true);
  socket.send('second', true);
  socket.send('third');
  socket.send('last', true);
  socket.close(1000);
  await once(server, 'left');
  expect(received).toEqual(['alone', 'first', 'second', 'third', 'last', 'closed 1000']);
});

it('what is said before it is open is never sent, even if it can wait', async () => {
  const { socket, whenOpen } = open();
  socket.send('too early');
  socket.send('too early, and can wait', true);
  await whenOpen;
  socket.send('now');
  socket.close(1000);
  await once(server, 'left');
  expect(received).toEqual(['now', 'closed 1000']);
});
