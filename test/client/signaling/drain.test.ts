/** Peers whose server is restarted: they come back when it said, and their channel does not notice. */

import { describe, expect, it } from '@jest/globals';
import { nodePlatform, type Peer } from '../../../src/client/index.ts';
import type { SocketHandlers } from '../../../src/client/signaling/socket.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { freePort } from '../../../tools/free-port.ts';
import { event, inState, openPair, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const welcome = { type: 'your_id', id: 'me', ping_interval_ms: 30_000, resume: 'a secret' };

/** A peer on a server that the test plays, and a jitter that is always the whole of its bound. */
async function playedPeer() {
  const clock = new ManualClock();
  /** What the peer opened, and when. */
  const sockets: { at: number; handlers: SocketHandlers; url: string }[] = [];
  const openSocket = (url: string, handlers: SocketHandlers) => {
    sockets.push({ at: clock.now(), handlers, url });
    return { send() {}, close: () => handlers.closed(1000, '') };
  };
  const told = (message: object) => sockets.at(-1)?.handlers.received(JSON.stringify(message));
  const closed = (code: number) => sockets.at(-1)?.handlers.closed(code, '');
  const platform = { ...nodePlatform, openSocket, random: () => 1 };
  const starting = testPeer('ws://played/', { clock, reconnect: { baseMs: 500, capMs: 4_000 } }, platform);
  told(welcome);
  const peer = await starting;
  /** How long after its last socket the peer opens the next, within a tick of the timers. */
  const nextAfter = () => {
    const from = clock.now();
    const { length } = sockets;
    while (sockets.length === length && clock.now() - from < 60_000) clock.advance(50);
    return clock.now() - from;
  };
  return { peer, sockets, told, closed, nextAfter };
}

describe('a peer whose server is restarted', () => {
  it('comes back to its session when it was told to', async () => {
    const { peer, sockets, told, closed, nextAfter } = await playedPeer();
    told({ type: 'restarting', after_ms: 7_000 });
    expect(peer.signaling).toBe('online');
    closed(1012);
    expect([peer.signaling, peer.id]).toEqual(['waiting', 'me']);
    expect(nextAfter()).toBe(7_000);
    expect(sockets.at(-1)?.url).toBe('ws://played/?resume=back&evidence=2');
  });

  it('keeps a backoff after 1012: one that finds no server yet tries less and less often', async () => {
    const { peer, told, closed, nextAfter } = await playedPeer();
    told({ type: 'restarting', after_ms: 2_000 });
    closed(1012);
    expect(nextAfter()).toBe(2_000);
    const waits = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      closed(1006);
      waits.push(nextAfter());
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 4_000, 4_000]);
    expect(peer.signaling).toBe('connecting');
  });

  it('that is sent away again when it comes back too early waits as long as it is told then', async () => {
    const { told, closed, nextAfter } = await playedPeer();
    for (const after_ms of [1_000, 3_000]) {
      told({ type: 'restarting', after_ms });
      closed(1012);
      expect(nextAfter()).toBe(after_ms);
    }
    // What it was told on one socket is not true of the next.
    closed(1012);
    expect(nextAfter()).toBe(2_000);
  });

  it('does not wait forever: an impossible time counts as none', async () => {
    const { peer, told, closed, nextAfter } = await playedPeer();
    const errors = recorded(peer, 'error');
    told({ type: 'restarting', after_ms: 1e12 });
    closed(1012);
    expect(nextAfter()).toBe(500);
    expect(errors).toMatchObject([{ code: 'invalid_server_message' }]);
  });

  it('and its peer keep their channel, ids and pairing over a drain and a restart', async () => {
    const options = { port: Number(await freePort()), secret: 'a secret', drainMs: 1_000 };
    const before = await startTestServer(options);
    const clock = new ManualClock();
    const [a, b] = await openPair(before.server.url, { clock });
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const ids = [a.id, b.id];
    const states = [recorded(a, 'state'), recorded(b, 'state')];
    const errors = [recorded(a, 'error'), recorded(b, 'error')];
    const leaves = [recorded(a, 'peer_disconnected'), recorded(b, 'peer_disconnected')];
    const waiting = Promise.all([signaling(a, 'waiting'), signaling(b, 'waiting')]);
    void before.server.drain();
    before.clock.advance(1_000);
    await waiting;
    const received = event(b, 'message');
    await a.send('without a server');
    expect(await received).toBe('without a server');
    await before.server.ended;
    const after = await startTestServer(options);
    const online = Promise.all([signaling(a, 'online'), signaling(b, 'online')]);
    clock.advance(4_000);
    await online;
    expect([a.id, b.id]).toEqual(ids);
    expect(
      [...after.server.parts.pairings].map((pairing) => [pairing.initiator.id, pairing.responder.id]),
    ).toEqual([ids]);
    // They can still reach each other by way of the server.
    a.networkChanged();
    await inState(a, 'restarting');
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    expect([errors, leaves]).toEqual([
      [[], []],
      [[], []],
    ]);
    expect(states[0]).toEqual(['restarting', 'checking', 'connected']);
  });
});

function signaling(peer: Peer, state: Peer['signaling']): Promise<void> {
  return new Promise((resolve) => peer.on('signaling', (now) => now === state && resolve()));
}
