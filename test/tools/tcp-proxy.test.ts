/** A slow link of the tests delivers everything, also what was sent right before its end. */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { TcpProxy } from '../../tools/tcp-proxy.ts';

it.each([0, 20])('delivers an answer whose sender closes behind it, %i ms later', async (delayMs) => {
  const server = createServer((_, res) => res.writeHead(200, { connection: 'close' }).end('all of it'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await TcpProxy.start(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  proxy.delayMs = delayMs;
  const text = await new Promise<string>((resolve, reject) => {
    get(proxy.url, { agent: false }, async (res) =>
      resolve((await res.setEncoding('utf8').toArray()).join('')),
    ).on('error', reject);
  });
  expect(text).toBe('all of it');
  await proxy.close();
  server.close();
});
