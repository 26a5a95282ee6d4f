/** `pairlane bots` as its user runs it, and the numbers that it prints. */
import { describe, expect, it } from '@jest/globals';
import { Fleet } from '../../../src/client/commands/fleet.ts';
import { percentile, progressOf, reportOf, tableOf } from '../../../src/client/commands/fleet-report.ts';
import type { Peer } from '../../../src/client/index.ts';
import { event, testPeer } from '../../support/peers/werift-peers.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const counts = {
  pairs: 2,
  failedPairs: 1,
  sent: 2_000,
  received: 1_999,
  openedAfterMs: [300, 100.4],
  latencyUs: { count: 1_999, percentile: (percent: number) => percent * 1_234 },
  errors: new Map([['connection_timeout', 1]]),
};

describe('pairlane bots', () => {
  it('makes every pair, loses nothing, and ends with status 0', async () => {
    const { server } = await startTestServer();
    const args = ['--no-ice', '--ice-host-address', '127.0.0.1', '--pairs', '3', '--rate', '0', '--json'];
    const run = pairlane(['bots', '--url', server.url, '--messages', '500', ...args]);
    expect(await run.exited()).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual({
      pairs: 3,
      failedPairs: 0,
      openMs: { p50: expect.any(Number), p99: expect.any(Number) },
      latencyMs: { p50: expect.any(Number), p99: expect.any(Number) },
      sent: 3_000,
      received: 3_000,
      lost: 0,
      seconds: expect.any(Number),
      errors: {},
    });
    expect(run.stderr).toBe('');
  });

  it('ends with status 1 and the kinds of errors when no pair could be made', async () => {
    const run = pairlane(['bots', '--url', 'ws://127.0.0.1:1/', '--pairs', '2']);
    expect(await run.exited()).toBe(1);
    expect(run.stdout).toMatch(/^pairs made +0 of 2$/m);
    expect(run.stdout).toMatch(/^ {2}signaling_failed +2$/m);
  });

  it('says in one line what is missing when it would never end', async () => {
    const run = pairlane(['bots', '--messages', '0', '--seconds', '0']);
    expect(await run.exited()).toBe(2);
    expect(run.stderr).toBe(
      'pairlane bots: give --messages or --seconds, or both\nTry: pairlane bots --help\n',
    );
  });
});

describe('the commands of a peer', () => {
  const url = '--url: should look like ws://HOST:PORT/ or wss://HOST/';
  const iceServer = '--ice-server: should look like stun:HOST:PORT';
  it.each([
    ['bot', ['--url', 'nonsense'], url],
    ['chat', ['--url', 'http://127.0.0.1:8765/'], url],
    ['bots', ['--url', '127.0.0.1:8765'], url],
    ['doctor', ['--url', 'nonsense'], url],
    ['agent', ['--url', 'ftp://x/'], '--url: should look like http://HOST:PORT/ or ws://HOST:PORT/'],
    ['chat', ['--ice-server', 'example.org'], iceServer],
    ['bots', ['--ice-server', 'http://example.org'], iceServer],
    ['bot', ['--ice-host-address', 'localhost'], '--ice-host-address: should look like 127.0.0.1 or ::1'],
    ['doctor', ['--stun-url', 'example.org'], '--stun-url: should look like stun:HOST:PORT'],
  ])(
    'pairlane %s %j: says by the name of the option what is wrong, and ends with 2',
    async (command, args, problem) => {
      const run = pairlane([command, ...args]);
      expect(await run.exited()).toBe(2);
      expect(run.stderr).toBe(`pairlane ${command}: ${problem}\nTry: pairlane ${command} --help\n`);
    },
  );
});

describe('a fleet', () => {
  it('whose peer is lost counts its error, and ends', async () => {
    const { server } = await startTestServer();
    const peers: Peer[] = [];
    const fleet = new Fleet({
      pairs: 1,
      // One message of each, and no second one for a quarter of an hour, which would fail before the loss is told of.
      rate: 0.001,
      messages: 0,
      seconds: 0,
      createPeer: async () => {
        const peer = await testPeer(server.url);
        peers.push(peer);
        return peer;
      },
    });
    const run = fleet.run();
    await until(() => fleet.counts.received >= 2);
    const told = event(peers[1] as Peer, 'peer_disconnected');
    peers[0]?.unpair();
    await told;
    fleet.stop();
    await run;
    expect([...fleet.counts.errors]).toEqual([['peer_gone', 1]]);
  });

  it('is reported with what was lost, and in which percentile a channel opened', () => {
    expect(reportOf(counts, 1.26)).toEqual({
      pairs: 2,
      failedPairs: 1,
      openMs: { p50: 100, p99: 300 },
      latencyMs: { p50: 61.7, p99: 122.2 },
      sent: 2_000,
      received: 1_999,
      lost: 1,
      seconds: 1.3,
      errors: { connection_timeout: 1 },
    });
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 99, 100]);
  });

  it('takes the latency from the messages themselves, half of them at most p50 and all but one in a hundred p99', async () => {
    const { server } = await startTestServer();
    const createPeer = () => testPeer(server.url);
    const fleet = new Fleet({ pairs: 1, rate: 0, messages: 100, seconds: 0, createPeer });
    await fleet.run();
    const { latencyUs } = fleet.counts;
    expect(latencyUs.count).toBe(200);
    expect(latencyUs.percentile(50)).toBeGreaterThan(0);
    expect(latencyUs.percentile(99)).toBeGreaterThanOrEqual(latencyUs.percentile(50));
  });

  it('of which no message arrived has no latency', () => {
    const none = { ...counts, latencyUs: { count: 0, percentile: () => 0 } };
    expect(reportOf(none, 1).latencyMs).toBeUndefined();
    expect(tableOf(reportOf(none, 1))).toMatch(/^latency, p99 +-$/m);
  });

  it('is shown as a table whose numbers stand below each other', () => {
    const lines = tableOf(reportOf(counts, 1)).trimEnd().split('\n');
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
    expect(lines).toContain('messages received        1,999');
  });

  it('shows on one line of a terminal how far it is', () => {
    const line = progressOf(counts, 4, 1_000);
    expect(line).toBe('[###########-------------] pairs 3/4  messages 1,999/8,000');
    expect(progressOf({ ...counts, pairs: 3 }, 4, 0)).toMatch(/^\[#{24}\]/);
  });
});
