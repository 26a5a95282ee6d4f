/** Real peers with several connections each, on a real server: all of them at once, and a link that is lost meanwhile. */
import { describe, expect, it } from '@jest/globals';
import type { Connection } from '../../../src/client/index.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { errorOf, event, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

describe('a peer whose link to the server is lost while several connections are negotiated', () => {
  it('resumes, and all of them come about', async () => {
    const { server } = await startTestServer();
    const tcp = await TcpProxy.start(server.url);
    const hub = await testPeer(tcp.url, { peers: 4, reconnect: { baseMs: 20, capMs: 40 } });
    const others = await Promise.all(Array.from({ length: 4 }, () => testPeer(server.url, { peers: 2 })));
    const lost = recorded(hub, 'peer_disconnected');
    const connections: Connection[] = [];
    for (const { id } of others) connections.push(await hub.connect({ id: id as string }));
    // Whatever is signaled from here on waits for the next socket.
    tcp.stall();
    const { id } = hub;
    const back = new Promise<void>((resolve) => {
      hub.on('signaling', (state) => state === 'online' && resolve());
    });
    tcp.cut();
    tcp.heal();
    await back;
    await Promise.all(connections.map((connection) => connection.opened()));
    expect([hub.id, lost]).toEqual([id, []]);
    expect(hub.connections.size).toBe(4);
  });
});

describe('a peer that is asked', () => {
  it('reads what the other one said of itself, and its refusal reaches it with the reason', async () => {
    const { server, clock } = await startTestServer();
    const asked: unknown[] = [];
    const host = await testPeer(server.url, {
      peers: 2,
      accept: ({ metadata }) => {
        asked.push(metadata);
        return metadata === 'chess' || 'chess only';
      },
    });
    const guest = await testPeer(server.url, { peers: 2 });
    const id = host.id as string;
    const refused = await guest.connect({ id, metadata: 'go' });
    expect(await errorOf(refused.opened())).toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('chess only'),
    });
    // Whom one has just left, it may ask for again after a while.
    clock.advance(10_000);
    const connection = await guest.connect({ id, metadata: 'chess' });
    await connection.opened();
    expect(asked).toEqual(['go', 'chess']);
  });

  it('by more than it may have at once is busy for the last one, and keeps the others', async () => {
    const { server } = await startTestServer();
    const host = await testPeer(server.url, { peers: 2 });
    const guests = await Promise.all(Array.from({ length: 3 }, () => testPeer(server.url)));
    const id = host.id as string;
    await guests[0]?.pair({ id });
    await guests[1]?.pair({ id });
    expect(await errorOf(guests[2]?.pair({ id }) as Promise<unknown>)).toMatchObject({
      code: 'target_already_paired',
    });
    await Promise.all([guests[0]?.opened(), guests[1]?.opened()]);
    expect(host.connections.size).toBe(2);
  });
});

describe('a key without an end', () => {
  it('pairs one guest after another, and several at once', async () => {
    const { server } = await startTestServer();
    const host = await testPeer(server.url, { peers: 3 });
    const { key, expiresAt } = await host.createKey({ ttlS: 0, uses: 0 });
    expect(expiresAt).toBeUndefined();
    for (let round = 0; round < 2; round += 1) {
      const guests = await Promise.all(Array.from({ length: 2 }, () => testPeer(server.url)));
      await Promise.all(guests.map((guest) => guest.pair({ key })));
      await Promise.all(guests.map((guest) => guest.opened()));
      expect(host.connections.size).toBe(2);
      const ended = [...host.connections.values()].map(
        (connection) => new Promise((resolve) => connection.once('close', resolve)),
      );
      await Promise.all(guests.map((guest) => guest.close()));
      await Promise.all(ended);
    }
  });

  it('tells its maker when a key ends by time', async () => {
    const { server, clock } = await startTestServer();
    const host = await testPeer(server.url, { peers: 3 });
    const { key } = await host.createKey({ ttlS: 5, uses: 0 });
    const expired = event(host, 'key_expired');
    clock.advance(5_000);
    expect(await expired).toEqual({ key });
  });
});
