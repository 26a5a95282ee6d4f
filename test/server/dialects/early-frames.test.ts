/** A socket that has no session yet sends without end what nobody handles. */
import { describe, expect, it } from '@jest/globals';
import type { WebSocket } from 'ws';
import { RawClient } from '../../support/clients/raw-client.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const NOBODY = { authenticate: () => new Promise<never>(() => {}) };
const NO_TOKEN = {
  authenticate: async () => ({ refusal: { code: 'token_invalid', message: 'none' } }) as const,
};

const sockets = {
  'comes back': ['?resume=back', undefined],
  'has its token checked': ['', NOBODY],
  'has shown no token': ['', NO_TOKEN],
  'of PeerJS has its token checked': ['peerjs?key=peerjs&id=a&token=t', NOBODY],
} as const;

const frames: { readonly [name: string]: (socket: WebSocket) => void } = {
  pings: (socket) => socket.ping(),
  pongs: (socket) => socket.pong(),
};

const AUTH = JSON.stringify({ type: 'auth', token: 't' });

describe('a socket that', () => {
  describe.each(Object.entries(sockets))('%s', (_name, [path, authenticator]) => {
    it.each(Object.entries(frames))(
      'is closed like a client that floods with 450 %s',
      async (_kind, send) => {
        const parts = authenticator && { authenticator };
        const { server } = await startTestServer({ peerjs: true }, parts);
        const client = RawClient.dial(server.url + path);
        await client.opened();
        for (let n = 0; n < 450; n += 1) send(client.socket);
        expect(await client.whenClosed()).toEqual({ code: 1008, reason: 'Too many messages' });
        expect(server.parts.metrics.refused.get('flood')).toBe(1);
      },
    );
  });

  it('comes back and sends one token after another is closed like a client that floods', async () => {
    const { server } = await startTestServer();
    const client = RawClient.dial(`${server.url}?resume=back`);
    await client.opened();
    for (let n = 0; n < 450; n += 1) client.send(AUTH);
    expect(await client.whenClosed()).toEqual({ code: 1008, reason: 'Too many messages' });
  });
});
