import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { RefusalLog } from '../../../src/server/telemetry/refusal-log.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { refusalOf } from '../../support/clients/refusal-of.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

function refusalLog() {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line).msg) });
  const clock = new ManualClock();
  return { lines, clock, refusals: new RefusalLog(log, () => clock.now()) };
}

describe('the log of refusals', () => {
  it('has one line a kind, address and second, and the count of the others in the next', () => {
    const { lines, clock, refusals } = refusalLog();
    for (let times = 0; times < 1_000; times += 1) refusals.warn('rate', '192.0.2.1', 'Too fast');
    refusals.warn('rate', '192.0.2.2', 'Too fast');
    refusals.warn('size', '192.0.2.1', 'Too large');
    expect(lines).toEqual(['Too fast', 'Too fast', 'Too large']);
    clock.advance(1_000);
    refusals.warn('rate', '192.0.2.1', 'Too fast');
    expect(lines.at(-1)).toBe('Too fast (and 999 more like it before)');
    clock.advance(1_000);
    refusals.warn('rate', '192.0.2.1', 'Too fast');
    expect(lines.at(-1)).toBe('Too fast');
  });

  it('has no more lines a second than 10,000, and one a kind, however many addresses there are', () => {
    const { lines, refusals } = refusalLog();
    for (let host = 0; host < 20_000; host += 1) refusals.warn('rate', `address ${host}`, 'Too fast');
    expect(lines.length).toBeLessThanOrEqual(10_001);
  });

  it('says of 50 refused connections and 50 bad messages of one address a line each', async () => {
    const { server, connect, log } = await startTestServer({ maxConnectionsPerAddress: 1 });
    const client = await connect();
    for (let times = 0; times < 50; times += 1) {
      expect(await refusalOf(server.url)).toBe(429);
      client.send('{');
    }
    await client.settled();
    const refused = log.map(({ msg }) => msg).filter((msg) => msg.startsWith('Refused'));
    expect(refused.filter((msg) => msg.startsWith('Refused a connection'))).toHaveLength(1);
    expect(refused.filter((msg) => msg.includes('Invalid JSON'))).toHaveLength(1);
  });
});
