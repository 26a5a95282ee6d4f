import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { startTestServer } from '../../support/servers/test-server.ts';

function open(port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  return socket;
}

/** All that comes back until the server ends the connection, by a reset if it has not read all that was sent. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** The head of the answer to a HEAD request, which the client ends. */
async function readHead(socket: Socket): Promise<string> {
  let text = '';
  while (!text.includes('\r\n\r\n')) text += String((await once(socket, 'data'))[0]);
  socket.destroy();
  return text;
}

const request = (path: string, method = 'GET') => `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

/** Every path that something answers, and one that nothing does. */
const PATHS = ['/healthz', '/readyz', '/metrics', '/inspect', '/nothing'];

describe('plain HTTP', () => {
  it.each(PATHS)('ends the connection after its answer at %s', async (path) => {
    const { server } = await startTestServer();
    const answer = await readAll(open(server.port, request(path)));
    expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it.each(PATHS)(
    'answers no more than fits in one write, however many requests are pipelined at %s',
    async (path) => {
      const { server } = await startTestServer();
      const [alone] = (await readAll(open(server.port, request(path)))).split('\r\n\r\n').slice(1);
      const answers = await readAll(open(server.port, request(path).repeat(5_000)));
      const bound = 16 * 1024 + String(alone).length + 1024;
      expect(answers.length).toBeLessThanOrEqual(bound);
    },
  );

  it.each(PATHS)('answers HEAD at %s as GET, without the body', async (path) => {
    const { server } = await startTestServer();
    const get = await readAll(open(server.port, request(path)));
    const head = await readHead(open(server.port, request(path, 'HEAD')));
    const [getHead = '', body = ''] = get.split('\r\n\r\n');
    const withoutDate = (text: string) => text.replace(/^Date: .*$/m, '');
    expect(withoutDate(head)).toBe(`${withoutDate(getHead)}\r\n\r\n`);
    expect(getHead).toContain(`Content-Length: ${body.length}`);
  });
});
