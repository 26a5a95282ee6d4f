import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';

function open({ server }: TestServer): Socket {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  return socket.resume(); // what the server answers is read, or the end of the connection would never be seen
}

const isEnded = (socket: Socket) => once(socket, 'close').then(() => true);

/** Until the server has counted so many. */
async function counted({ server }: TestServer, count: number): Promise<void> {
  while (server.parts.metrics.httpConnections() !== count)
    await new Promise((resolve) => setImmediate(resolve));
}

describe('--max-http-connections', () => {
  it('ends the TCP connections above it, and takes new ones when others are gone', async () => {
    const test = await startTestServer({ maxHttpConnections: 2 });
    const [first] = [open(test), open(test)];
    await counted(test, 2);
    expect(await isEnded(open(test))).toBe(true);
    expect(test.server.parts.metrics.refused.get('http_connections')).toBe(1);
    first?.destroy();
    await counted(test, 1);
    open(test);
    await counted(test, 2);
  });

  it('lets one address have a tenth of it, 64 at least, that ask nothing; asking gives the place back, and so does time', async () => {
    const test = await startTestServer({ maxHttpConnections: 100 });
    const silent = Array.from({ length: 64 }, () => open(test));
    await counted(test, 64);
    expect(await isEnded(open(test))).toBe(true);
    expect(test.server.parts.metrics.refused.get('http_connections_per_address')).toBe(1);
    silent[0]?.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await counted(test, 63);
    open(test);
    await counted(test, 64);
    expect(await isEnded(open(test))).toBe(true);
    test.clock.advance(1_000);
    open(test);
    await counted(test, 65);
  });

  it('does not count what comes from a trusted proxy against its address', async () => {
    const test = await startTestServer({ maxHttpConnections: 100, trustProxy: ['127.0.0.1'] });
    for (let n = 0; n < 80; n += 1) open(test);
    await counted(test, 80);
  });

  it("does not count clients' WebSockets", async () => {
    const test = await startTestServer({ maxHttpConnections: 1 });
    for (let clients = 0; clients < 3; clients += 1) await test.connect();
    expect(test.server.parts.metrics.httpConnections()).toBe(0);
  });
});
