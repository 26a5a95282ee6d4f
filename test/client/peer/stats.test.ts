/** What a peer tells of its connection: by which way, how fast, how much. */
import { describe, expect, it } from '@jest/globals';
import { nodePlatform, type PeerOptions } from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { event, open, openPair, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

/** Node's platform, and how often the statistics of its connections were read. */
function counting(): { platform: Platform; reads: () => number } {
  let reads = 0;
  const createConnection: Platform['createConnection'] = (config) => {
    const rtc = nodePlatform.createConnection(config);
    const getStats = rtc.getStats?.bind(rtc);
    rtc.getStats = () => {
      reads += 1;
      return getStats?.() ?? Promise.reject(new Error('no statistics'));
    };
    return rtc;
  };
  return { platform: { ...nodePlatform, createConnection }, reads: () => reads };
}

describe('the statistics of a connection', () => {
  it('say that it is direct, and count what was sent; there are none before it and after it', async () => {
    const { server } = await startTestServer();
    const alone = await testPeer(server.url);
    expect(await alone.stats()).toBeUndefined();
    const [a, b] = await openPair(server.url);
    const arrived = event(b, 'message');
    await a.send('x'.repeat(10_000));
    await arrived;
    const stats = await a.stats();
    expect(stats).toMatchObject({ path: 'direct', protocol: 'udp' });
    expect(stats?.bytesSent).toBeGreaterThan(10_000);
    expect((await b.stats())?.bytesReceived).toBeGreaterThanOrEqual(10_000);
    await a.close();
    expect(await a.stats()).toBeUndefined();
  });

  it('are told once it is connected and every five seconds, to who listens, and are not read for nobody', async () => {
    const { server } = await startTestServer({ inspect: false });
    const clock = new ManualClock();
    const { platform, reads } = counting();
    const options: PeerOptions = { clock };
    const silent = await testPeer(server.url, options, platform);
    const listener = await testPeer(server.url);
    const first = event(listener, 'stats');
    await open(silent, listener);
    expect(await first).toMatchObject({ path: 'direct' });
    const before = reads();
    clock.advance(60_000);
    expect(reads()).toBe(before);
    const told = event(silent, 'stats');
    clock.advance(5_000);
    expect(await told).toMatchObject({ path: 'direct', protocol: 'udp' });
  });
});
