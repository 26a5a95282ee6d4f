/** The light clients of the benchmarks: they come back by themselves, and their records tell what happened. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { isClean } from '../../tools/history.ts';
import { SteadyPairs } from '../../tools/steady-pairs.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { startTestServer } from '../support/servers/test-server.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

const made: SteadyPairs[] = [];

function newPairs(): SteadyPairs {
  const pairs = new SteadyPairs();
  made.push(pairs);
  return pairs;
}

afterEach(() => {
  for (const pairs of made.splice(0)) pairs.close();
});

const unlimited = { maxMessagesPerSecond: 0 };

describe('a steady client', () => {
  it('comes back after each lost socket, and its pair has said and heard everything', async () => {
    const { server } = await startTestServer(unlimited);
    const proxy = await TcpProxy.start(server.url);
    const pairs = newPairs();
    const at = { chooseUrl: () => proxy.url };
    const [a, b] = await pairs.add(at, at);
    for (let round = 0; round < 5; round += 1) {
      for (let n = 0; n < 20; n += 1) for (const client of [a, b]) client.say();
      if (round % 2 === 0) proxy.cut();
      else a.drop();
      expect(await pairs.settled(PATIENCE_MS)).toBe(true);
    }
    expect(pairs.verdict).toMatchObject({ sent: 200, received: 200 });
    expect(isClean(pairs.verdict)).toBe(true);
    expect(pairs.problems).toEqual([]);
    expect(a.returns).toBeGreaterThanOrEqual(5);
  });

  it('records that its pairing is over', async () => {
    const { server } = await startTestServer(unlimited);
    const pairs = newPairs();
    const [a, b] = await pairs.add({ chooseUrl: () => server.url }, { chooseUrl: () => server.url });
    const told = new Promise((resolve) => b.once('message', resolve));
    a.close();
    await told;
    expect(pairs.verdict).toMatchObject({ endedPairings: 1 });
    expect(b.history.ended).toContain('peer_disconnected');
  });

  it('says no more than may wait for a peer that is away', async () => {
    const { server } = await startTestServer(unlimited);
    const pairs = newPairs();
    const proxy = await TcpProxy.start(server.url);
    const [a, b] = await pairs.add({ chooseUrl: () => server.url }, { chooseUrl: () => proxy.url });
    proxy.refuse();
    proxy.cut();
    let said = 0;
    while (a.say()) said += 1;
    expect(said).toBeLessThan(256);
    proxy.heal();
    expect(await pairs.settled(PATIENCE_MS)).toBe(true);
    expect(b.history.received).toHaveLength(said);
    expect(isClean(pairs.verdict)).toBe(true);
  });
});
