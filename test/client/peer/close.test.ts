/** What `close()` has released when it is fulfilled. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { nodePlatform, type Peer } from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';
import { open, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

/** The UDP ports of this machine that the peer's candidates name. */
function watchedPlatform(): { platform: Platform; ports: Set<number>; socketsOpen: () => number } {
  const ports = new Set<number>();
  let socketsOpen = 0;
  const platform: Platform = {
    ...nodePlatform,
    openSocket: (url, handlers) => {
      socketsOpen += 1;
      const socket = nodePlatform.openSocket(url, {
        ...handlers,
        closed: (code, reason) => {
          socketsOpen -= 1;
          handlers.closed(code, reason);
        },
      });
      return {
        ...socket,
        send: (text) => {
          for (const [, port] of text.matchAll(/ 127\.0\.0\.1 (\d+) typ host/g)) ports.add(Number(port));
          socket.send(text);
        },
      };
    },
  };
  return { platform, ports, socketsOpen: () => socketsOpen };
}

/** @param done what was closed, in order */
function noting(done: string[]): Platform {
  return {
    ...nodePlatform,
    openSocket: (...args) => {
      const socket = nodePlatform.openSocket(...args);
      return {
        ...socket,
        close: (...reason) => {
          done.push('goodbye');
          socket.close(...reason);
        },
      };
    },
    createConnection: (config) => {
      const rtc = nodePlatform.createConnection(config);
      const close = rtc.close.bind(rtc);
      rtc.close = () => {
        done.push('connection');
        return close();
      };
      return rtc;
    },
  };
}

/** Whether nobody has the port. */
async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  const isBound = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.close();
  return isBound;
}

describe('close()', () => {
  it('is fulfilled when the WebSocket and all UDP sockets are closed, and not before', async () => {
    const { server } = await startTestServer();
    const { platform, ports, socketsOpen } = watchedPlatform();
    const peer: Peer = await testPeer(server.url, {}, platform);
    await open(peer, await testPeer(server.url));
    expect(socketsOpen()).toBe(1);
    expect(ports.size).toBeGreaterThan(0);
    expect(await Promise.all([...ports].map(isFree))).toEqual([...ports].map(() => false));
    await peer.close();
    expect(socketsOpen()).toBe(0);
    expect(await Promise.all([...ports].map(isFree))).toEqual([...ports].map(() => true));
  });

  it.each([
    ['at once', (peer: Peer) => peer.close({ atOnce: true })],
    [
      'after all at once, while it waits for what was sent to arrive',
      (peer: Peer) => {
        for (const connection of peer.connections.values()) void connection.send('for the road');
        void peer.close();
        expect(peer.state).toBe('draining');
        return peer.close({ atOnce: true });
      },
    ],
  ])(
    '%s, says goodbye before it closes connections: a page that is left may not get that far',
    async (_when, close) => {
      const { server } = await startTestServer();
      const done: string[] = [];
      const peer = await testPeer(server.url, { peers: 2 }, noting(done));
      for (const other of [await testPeer(server.url), await testPeer(server.url)]) {
        await peer.connect({ id: other.id as string }).then((connection) => connection.opened());
      }
      await close(peer);
      expect(done).toEqual(['goodbye', 'connection', 'connection']);
    },
  );
});
