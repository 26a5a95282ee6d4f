/** A program that listens on a port, and says nothing to those who connect; gone after the tests of the file. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll } from '@jest/globals';

const running: Server[] = [];
/** A socket that nobody reads does not learn that the other side has gone: it would keep the worker of the tests alive. */
const sockets = new Set<Socket>();

/** @returns its port */
export async function startSilentServer(host = '127.0.0.1'): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).once('close', () => sockets.delete(socket)));
  });
  running.push(server);
  await once(server.listen(0, host), 'listening');
  return (server.address() as AddressInfo).port;
}

afterAll(() => {
  for (const server of running.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
});
