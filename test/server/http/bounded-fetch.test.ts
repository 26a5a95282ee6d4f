/** What we ask of other servers: whatever one of them does, it ends, is bounded, and its error has no address and no password. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fetchBounded, isPrivateUrl } from '../../../src/server/http/bounded-fetch.ts';

const MAX_BYTES = 1_000;

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

/** A server that does this once it was asked. @returns its URL */
async function hostile(answer: (socket: Socket) => void): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', () => answer(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`;
}

/** Writes for as long as somebody reads. */
const endlessly = (text: string) => (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', more);
  more();
};

const OK = 'HTTP/1.1 200 OK\r\n';
const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));

describe('A request to another server', () => {
  it.each<[string, (socket: Socket) => void, RegExp]>([
    [
      'whose answer never ends',
      (socket) => {
        socket.write(`${OK}\r\n`);
        endlessly('x'.repeat(10_000))(socket);
      },
      /more than 1000 bytes/,
    ],
    [
      'whose header never ends',
      (socket) => endlessly(`${OK}x: ${'y'.repeat(10_000)}\r\n`)(socket),
      /no answer/,
    ],
    [
      'that is unpacked to more than it may have',
      (socket) => {
        socket.write(`${OK}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
        socket.end(bomb);
      },
      /more than 1000 bytes/,
    ],
    ['that is answered with what is no HTTP', (socket) => socket.end('\0hello\r\n\r\n'), /no answer \(HPE_/],
    ['that is hung up on', (socket) => socket.destroy(), /no answer/],
  ])('%s is an error without an address', async (_what, answer, words) => {
    const url = await hostile(answer);
    const error = (await fetchBounded(url, {}, MAX_BYTES).catch((error) => error)) as Error;
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain('127.0.0.1');
    expect(error.cause).toBeUndefined();
  });

  it.each<[string, (socket: Socket) => void]>([
    ['never answered', () => {}],
    ['answered with one hint after another (103)', endlessly('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50))],
    ['answered by half a header', (socket) => socket.write(`${OK}x: y`)],
    ['answered by half a body', (socket) => socket.write(`${OK}Content-Length: 10\r\n\r\nhalf`)],
  ])('that is %s ends when it is aborted, and its connection with it', async (_what, answer) => {
    const late = new AbortController();
    const url = await hostile((socket) => {
      answer(socket);
      late.abort(new Error('too late'));
    });
    await expect(fetchBounded(url, { signal: late.signal }, MAX_BYTES)).rejects.toThrow('too late');
    const [socket] = sockets;
    // Not `once` of node:events, which fails where the connection is reset.
    if (socket && !socket.destroyed) await new Promise((resolve) => socket.resume().once('close', resolve));
  });

  it('follows nobody elsewhere', async () => {
    const url = await hostile((socket) =>
      socket.end('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n'),
    );
    expect((await fetchBounded(url, {}, MAX_BYTES)).status).toBe(302);
  });

  it('with a password in its URL is none: options refuse it, and the error does not repeat it', async () => {
    const url = 'https://user:hidden@example.com/';
    expect(isPrivateUrl(url)).toBe(false);
    await expect(fetchBounded(url, {}, MAX_BYTES)).rejects.toThrow(/^the request cannot be made$/);
  });
});
