/** Why a Node program cannot reach its server: the error names the cause, and no address. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPeer } from '../../../src/client/index.ts';
import { makeCertificate } from '../../support/servers/certificate.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function refusalOf(url: string): Promise<string> {
  const error = await createPeer({ url, iceServers: [] }).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'PairlaneError', code: 'signaling_failed' });
  expect(error.message).not.toContain('127.0.0.1');
  return error.message;
}

const WORDS = 'The signaling server cannot be reached. Is it running, and is the URL right?';

describe('a server that cannot be reached', () => {
  it('is named with the cause: nobody listens', async () => {
    const server = createHttpServer();
    const port = await portOf(server);
    server.close();
    await once(server, 'close');
    expect(await refusalOf(`ws://127.0.0.1:${port}/`)).toBe(`${WORDS} (ECONNREFUSED)`);
  });

  it.each([
    ['by a status alone', '429 Too Many Requests', undefined, '', 'HTTP 429'],
    ['and says nothing in plain text', '429 Too Many Requests', 'text/plain', '', 'HTTP 429'],
    [
      'and says why',
      '400 Bad Request',
      'text/plain; charset=utf-8',
      'No token in a URL.\n',
      'HTTP 400: No token in a URL.',
    ],
    ['and says why at length', '503 Busy', 'text/plain', 'é'.repeat(5_000), `HTTP 503: ${'é'.repeat(200)}`],
    ['by a page of a proxy', '502 Bad Gateway', 'text/html', '<html>', 'HTTP 502'],
  ])('is named with the cause: HTTP refuses %s', async (_how, status, type, body, cause) => {
    const server = createHttpServer();
    const head = `HTTP/1.1 ${status}\r\n${type === undefined ? '' : `content-type: ${type}\r\n`}`;
    server.on('upgrade', (_request, socket) => socket.end(`${head}connection: close\r\n\r\n${body}`));
    const port = await portOf(server);
    expect(await refusalOf(`ws://127.0.0.1:${port}/`)).toBe(`${WORDS} (${cause})`);
  });

  it('is named with the status when HTTP refuses and then says nothing, and the request is ended', async () => {
    const server = createHttpServer();
    const port = await portOf(server);
    const ended = new Promise((resolve) => {
      server.on('upgrade', (_request, socket) => {
        // It is open in the one direction for as long as we do not end it.
        socket
          .on('end', () => resolve(socket.destroy()))
          .on('error', resolve)
          .resume();
        socket.write('HTTP/1.1 503 Busy\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\n');
      });
    });
    const options = { url: `ws://127.0.0.1:${port}/`, iceServers: [], timeouts: { signalingMs: 200 } };
    await expect(createPeer(options)).rejects.toMatchObject({ code: 'signaling_timeout' });
    await ended;
  });

  it('is named with the cause: its certificate is not trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-'));
    try {
      const { tlsCert, tlsKey } = makeCertificate(folder, 'own', 'IP:127.0.0.1');
      const port = await portOf(
        createHttpsServer({ cert: readFileSync(tlsCert), key: readFileSync(tlsKey) }) as Server,
      );
      expect(await refusalOf(`wss://127.0.0.1:${port}/`)).toBe(`${WORDS} (DEPTH_ZERO_SELF_SIGNED_CERT)`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
