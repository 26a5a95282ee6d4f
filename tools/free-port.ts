/** For programs that cannot choose a port themselves, or must listen on the same one twice. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** @returns a TCP port of the loopback address that was free a moment ago */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
