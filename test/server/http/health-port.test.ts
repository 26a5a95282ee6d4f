import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../../../src/server/http/bind.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

async function ask(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  socket.write(`${request}\r\n\r\n`);
  await once(socket, 'close');
  return text;
}

describe('--health-port', () => {
  it.each([
    ['/healthz', 'ok\n'],
    ['/readyz', 'ready\n'],
    ['/metrics', '# HELP pairlane_sessions'],
  ])('answers %s in HTTP/1.0 without a Host, and HEAD without the body', async (path, body) => {
    const { server } = await startTestServer({ healthPort: 0 });
    const text = await ask(server.healthPort, `GET ${path} HTTP/1.0`);
    expect(text).toMatch(/^HTTP\/1\.[01] 200 /);
    expect(text.split('\r\n\r\n')[1]).toContain(body);
    const head = await ask(server.healthPort, `HEAD ${path} HTTP/1.0`);
    expect(head).toMatch(/^HTTP\/1\.[01] 200 /);
    expect(head.split('\r\n\r\n')[1]).toBe('');
  });

  it('says 503 with the reason when the server wants no clients', async () => {
    const { server } = await startTestServer({ healthPort: 0 });
    server.parts.readiness.add('out_of_descriptors');
    const text = await ask(server.healthPort, 'GET /readyz HTTP/1.0');
    expect(text).toMatch(/^HTTP\/1\.[01] 503 /);
    expect(text).toContain('(out_of_descriptors)');
  });

  it('answers nothing else, and no metrics under the name of a foreign page', async () => {
    const { server } = await startTestServer({ healthPort: 0 });
    for (const path of ['/', '/inspect/', '/drain'])
      expect(await ask(server.healthPort, `GET ${path} HTTP/1.0`)).toMatch(/^HTTP\/1\.[01] 404 /);
    expect(await ask(server.healthPort, 'POST /readyz HTTP/1.0')).toMatch(/^HTTP\/1\.[01] 404 /);
    const foreign = await ask(server.healthPort, 'GET /metrics HTTP/1.1\r\nHost: evil.example');
    expect(foreign).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('answers beside 64 connections that ask nothing, of which the oldest is closed', async () => {
    const { server } = await startTestServer({ healthPort: 0 });
    // One that has ended is no longer the oldest.
    await ask(server.healthPort, 'GET /readyz HTTP/1.0');
    const silent: Socket[] = [];
    for (let n = 0; n < 64; n += 1) {
      const socket = connect(server.healthPort, '127.0.0.1');
      await once(socket, 'connect');
      socket.resume();
      silent.push(socket);
    }
    const closed = once(silent[0] as Socket, 'close');
    expect(await ask(server.healthPort, 'GET /readyz HTTP/1.0')).toMatch(/^HTTP\/1\.[01] 200 /);
    await closed;
    expect(silent.filter((socket) => socket.closed)).toEqual([silent[0]]);
    for (const socket of silent) socket.destroy();
  });

  it('that is taken is an error that names the option', async () => {
    const { server } = await startTestServer({ healthPort: 0 });
    await expect(startTestServer({ healthPort: server.healthPort })).rejects.toThrow(
      /the port is taken. Choose another with --health-port/,
    );
  });
});

it('a port that is chosen for several workers is none of another machine: the error names the option', async () => {
  expect(await freePort('127.0.0.1')).toBeGreaterThan(0);
  await expect(freePort('192.0.2.77')).rejects.toThrow(
    'Cannot listen on 192.0.2.77:0: the address is none of this machine. Choose another with --host',
  );
});
