/** What the shell over `ws` and `node:http` has to do by itself, which uWebSockets.js does for the other one. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it, jest } from '@jest/globals';
import { startTestServer } from '../../../support/servers/test-server.ts';

const REQUEST_TIMEOUT_MS = 10_000;

afterEach(() => {
  jest.restoreAllMocks();
});

it('ends a connection whose request is not there, to the end of its body, after 10 seconds', async () => {
  const { server } = await startTestServer({ shell: 'ws', rooms: true });
  const { setTimeout } = globalThis;
  const due: (() => void)[] = [];
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((call: () => void, ms: number) => {
    if (ms === REQUEST_TIMEOUT_MS) due.push(call);
    return setTimeout(call, ms);
  }) as never);
  const socket = connect(server.port, '127.0.0.1').resume();
  socket.write(
    'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{',
  );
  const closed = once(socket, 'close');
  // One is for the beginning of the request, the other for its body.
  while (due.length < 2) await new Promise(setImmediate);
  const { metrics } = server.parts;
  expect(metrics.httpConnections()).toBe(1);
  for (const call of due) call();
  await closed;
  while (metrics.httpConnections() > 0) await new Promise(setImmediate);
});
