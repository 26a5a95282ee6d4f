import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const UPGRADE = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** A raw request, since clients of HTTP join repeated headers. @returns the status */
async function ask(
  { server }: { readonly server: { readonly port: number } },
  path: string,
  lines: readonly string[],
  before: Buffer = Buffer.alloc(0),
): Promise<number> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(before);
  socket.write(`${[`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...lines].join('\r\n')}\r\n\r\n`);
  const [head] = await once(socket, 'data');
  sockets.push(socket);
  return Number(String(head).split(' ')[1]);
}

const sockets: ReturnType<typeof connect>[] = [];

const PATHS = [
  ['a client', '/', UPGRADE],
  ['a client of Socket.IO over WebSocket', '/socket.io/?EIO=4&transport=websocket', UPGRADE],
  ['a client of Socket.IO over polling', '/socket.io/?EIO=4&transport=polling', []],
] as const;

const proxied = { trustProxy: ['127.0.0.1'], maxConnectionsPerAddress: 1, rooms: true };

describe.each(PATHS)('%s', (_name, path, headers) => {
  const from = (test: TestServer, ...forwarded: string[]) =>
    ask(test, path, [...headers, ...forwarded.map((line) => `X-Forwarded-For: ${line}`)]);
  const isIn = (status: number) => status === 101 || status === 200;

  it('is whom the last line of X-Forwarded-For names, not whom its own line does', async () => {
    const test = await startTestServer(proxied);
    expect(isIn(await from(test, '198.51.100.1', '203.0.113.7'))).toBe(true);
    expect(isIn(await from(test, '198.51.100.2', '203.0.113.7'))).toBe(false);
    expect(isIn(await from(test, '203.0.113.7', '198.51.100.3'))).toBe(true);
  });

  it('is one address however it is spelled, and another one is another', async () => {
    const test = await startTestServer(proxied);
    expect(isIn(await from(test, '198.51.100.1'))).toBe(true);
    for (const same of [
      '::ffff:198.51.100.1',
      '::FFFF:c633:6401',
      '0:0:0:0:0:ffff:198.51.100.1',
      '198.51.100.1:80',
    ])
      expect([same, isIn(await from(test, same))]).toEqual([same, false]);
    expect(isIn(await from(test, '::ffff:198.51.100.2'))).toBe(true);
  });

  const V2 = Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, 0, 12]);
  const header = (last: number) =>
    Buffer.concat([V2, Buffer.from([203, 0, 113, last, 10, 0, 0, 1, 16, 0, 0, 80])]);

  it('is whom the PROXY protocol names, with --proxy-protocol, and only by a trusted proxy', async () => {
    const test = await startTestServer({ ...proxied, proxyProtocol: true });
    expect(isIn(await ask(test, path, headers, header(1)))).toBe(true);
    expect(isIn(await ask(test, path, headers, header(1)))).toBe(false);
    expect(isIn(await ask(test, path, headers, header(2)))).toBe(true);
    for (const options of [proxied, { ...proxied, trustProxy: [], proxyProtocol: true }]) {
      const other = await startTestServer(options);
      expect(isIn(await ask(other, path, headers, header(1)))).toBe(true);
      expect(isIn(await ask(other, path, headers, header(2)))).toBe(false);
    }
  });
});

/** As a process: its limit is set before uWebSockets.js is loaded. */
describe('headers', () => {
  it('may have 16 KiB; above, they are refused with 431, in the log and in the metrics', async () => {
    const run = pairlane(['serve', '--port', '0', '--rooms']);
    const [, port] = await run.printed(/Server starting on 127\.0\.0\.1:(\d+)/);
    const test = { server: { port: Number(port) } };
    for (const [, path, headers] of PATHS) {
      const cookie = (bytes: number) => ask(test, path, [...headers, `Cookie: ${'x'.repeat(bytes)}`]);
      expect([path, await cookie(15 * 1024)]).toEqual([path, headers.length > 0 ? 101 : 200]);
      expect([path, await cookie(17 * 1024)]).toEqual([path, 431]);
    }
    await run.printed(/Refused a request: its headers have more than 16384 bytes/);
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(await metrics.text()).toContain('pairlane_refusals_total{kind="headers"} 3');
    run.child.kill('SIGTERM');
    expect(await run.exited()).toBe(0);
  });
});
