import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { TrustedProxies } from '../../../src/server/admission/client-address.ts';
import { nativeClientOf } from '../../support/servers/native-client.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

/** Connects as a client behind a proxy would. @returns the status that refuses it, or 101 */
async function connectAs(url: string, forwarded: string): Promise<number> {
  const socket = new WebSocket(url, { headers: { 'x-forwarded-for': forwarded } });
  const status = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, response]) => Number(response.statusCode)),
  ]);
  socket.on('error', () => {});
  if (status !== 101) socket.terminate();
  return status;
}

describe('--trust-proxy', () => {
  it("makes the proxy's clients be counted each for itself", async () => {
    const { server } = await startTestServer({ maxConnectionsPerAddress: 1, trustProxy: ['127.0.0.1'] });
    expect(await connectAs(server.url, '192.0.2.1')).toBe(101);
    expect(await connectAs(server.url, '192.0.2.2')).toBe(101);
    expect(await connectAs(server.url, '192.0.2.1')).toBe(429);
    for (const session of server.parts.sessions.values()) nativeClientOf(session).socket?.close();
  });

  it("left out, nobody's word for an address is believed", async () => {
    const { server } = await startTestServer({ maxConnectionsPerAddress: 1 });
    expect(await connectAs(server.url, '192.0.2.1')).toBe(101);
    expect(await connectAs(server.url, '192.0.2.2')).toBe(429);
    for (const session of server.parts.sessions.values()) nativeClientOf(session).socket?.close();
  });

  it.each([
    ['one proxy', '10.0.0.1', '192.0.2.9', '192.0.2.9'],
    ['a chain of proxies', '10.0.0.1', '192.0.2.9, 10.0.0.7', '192.0.2.9'],
    ['a client that made up hops before its own', '10.0.0.1', '8.8.8.8, 192.0.2.9, 10.0.0.7', '192.0.2.9'],
    ['a hop that is no address', '10.0.0.1', '192.0.2.9, unknown', '10.0.0.1'],
    ['a socket of nobody we trust', '192.0.2.5', '192.0.2.9', '192.0.2.5'],
    ['addresses with ports', '10.0.0.1', '192.0.2.9:4711', '192.0.2.9'],
    ['IPv6 in brackets', 'fd00::1', '[2001:db8::9]:4711', '2001:db8::9'],
  ])('finds the client behind %s', (_name, remote, forwarded, client) => {
    const proxies = new TrustedProxies(['10.0.0.0/8', 'fd00::1']);
    expect(proxies.clientOf(remote, forwarded)).toBe(client);
  });

  it.each(['nowhere', '10.0.0.0/33', '10.0.0.0/', '::/129'])('refuses %s to start with', (entry) => {
    expect(() => new TrustedProxies([entry])).toThrow(`--trust-proxy: ${entry} is no address`);
  });
});
