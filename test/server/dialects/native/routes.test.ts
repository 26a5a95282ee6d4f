/** What a client's URL asks for, and what the port answers besides. */

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { refusalWords } from '../../../../src/inspector/records/refusal-words.ts';
import { wishesIn } from '../../../../src/server/dialects/native/routes.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';

describe('the URL of a client', () => {
  const wishes = (query: string) => wishesIn((name) => new URLSearchParams(query).get(name) ?? undefined, 64);

  it.each([
    ['', 'plain'],
    ['resume=1', 'resumable'],
    ['resume=back', 'back'],
    ['resume=2', 'plain'],
  ])('%j asks for a session that is %s', (query, kind) => {
    expect(wishes(query).kind).toBe(kind);
  });

  it.each([
    ['', undefined],
    ['peers=1', 1],
    ['peers=63', 63],
    ['peers=65', 64],
    ['peers=999999999', 64],
    // What is no number counts as the least.
    ['peers=0', 1],
    ['peers=-3', 1],
    ['peers=4x', 1],
    ['peers=1000000000', 1],
  ])('%j asks for %j peers, of 64 that may be', (query, peers) => {
    expect(wishes(query).peers).toBe(peers);
  });

  it('asks by `pair=key` to be paired by key only', () => {
    expect(['', 'pair=id', 'pair=key'].map((query) => wishes(query).isKeyOnly)).toEqual([false, false, true]);
  });
});

describe('the port', () => {
  it.each([
    ['/peerjs/id', 'peerjs', 'PeerJS'],
    ['/peerjs?key=peerjs&id=a&token=t', 'peerjs', 'PeerJS'],
    ['/y-webrtc', 'topics', 'y-webrtc'],
    ['/trystero', 'topics', 'Trystero’s relay'],
    ['/socket.io/?EIO=4&transport=websocket', 'rooms', 'Socket.IO'],
    ['/examples/pong/', 'rooms', 'The client of game rooms'],
  ])(
    'tells clients at %s that --%s would serve them, and the log, and counts it',
    async (path, option, name) => {
      const { server, log } = await startTestServer();
      const text = `${name} is not served here (--${option}).\n`;
      const origin = 'http://localhost:3000';
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { origin } });
      expect([response.status, await response.text()]).toEqual([404, text]);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);

      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
      socket.on('error', () => {});
      const [, upgrade] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
      expect([upgrade.statusCode, String((await once(upgrade, 'data'))[0])]).toEqual([404, text]);
      socket.terminate();

      expect(server.parts.metrics.refused.get(`${option}_off`)).toBe(2);
      expect(log).toContainEqual(
        expect.objectContaining({
          event: 'refused',
          kind: `${option}_off`,
          msg: `Refused a client: ${name} is not served; --${option} serves it`,
        }),
      );
      expect(refusalWords(`${option}_off`)).toContain(`--${option}.`);
    },
  );

  it('says in the log which shell serves it', async () => {
    const { log } = await startTestServer();
    expect(log).toContainEqual(
      expect.objectContaining({ event: 'shell_loaded', msg: expect.stringContaining('Running on') }),
    );
  });

  it('leaves no connection open when the server stops', async () => {
    const { server } = await startTestServer();
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket.resume(), 'close');
    await server.stop();
    await closed;
  });
});
