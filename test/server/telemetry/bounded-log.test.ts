import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { boundedLog, LINES_PER_SECOND } from '../../../src/server/telemetry/bounded-log.ts';
import { FROM } from '../../../src/server/telemetry/logger.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const ADDRESS = '192.0.2.1';

function logOf() {
  const written: string[] = [];
  const clock = new ManualClock();
  const log = boundedLog(pino({ base: null }, { write: (line) => written.push(line) }), () => clock.now());
  const lines = () => written.map((line) => JSON.parse(line) as { msg: string; more?: number });
  return { written, lines, clock, log };
}

describe('the log of what clients do', () => {
  it(`has ${LINES_PER_SECOND} lines an event, address and second, and the count of the others in the next`, () => {
    const { lines, clock, log } = logOf();
    const come = (address: string) => log.info({ event: 'session_opened', [FROM]: address }, 'It came');
    for (let times = 0; times < 1_000; times += 1) come(ADDRESS);
    expect(lines()).toHaveLength(LINES_PER_SECOND);
    come('192.0.2.2');
    log.info({ event: 'session_ended', [FROM]: ADDRESS }, 'It went');
    expect(lines().slice(LINES_PER_SECOND)).toMatchObject([{ msg: 'It came' }, { msg: 'It went' }]);
    clock.advance(1_000);
    come(ADDRESS);
    expect(lines().at(-1)).toMatchObject({
      more: 1_000 - LINES_PER_SECOND,
      msg: `It came (and ${1_000 - LINES_PER_SECOND} more like it before)`,
    });
  });

  it('has every warning and error, and what is for no address', () => {
    const { lines, log } = logOf();
    for (let times = 0; times < 50; times += 1) {
      log.warn({ event: 'session_timed_out', [FROM]: ADDRESS }, 'silent');
      log.error({ event: 'session_failed', [FROM]: ADDRESS }, 'failed');
      log.info({ event: 'node_linked' }, 'linked');
    }
    expect(lines()).toHaveLength(150);
  });

  it('never names the address', () => {
    const { written, log } = logOf();
    for (const level of ['debug', 'info', 'warn', 'error'] as const)
      log[level]({ event: 'session_opened', id: 'a', [FROM]: ADDRESS }, 'It came');
    expect(written).toHaveLength(3);
    expect(written.join('')).not.toContain(ADDRESS);
  });

  it('has 10 lines an event of 30 clients of one address that come and go within a second', async () => {
    const { server, connect, log } = await startTestServer({ logLevel: 'info' });
    for (let times = 0; times < 30; times += 1) await (await connect()).close();
    while (server.parts.sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
    const counts = ['session_opened', 'session_ended'].map(
      (event) => log.filter((line) => line.event === event).length,
    );
    expect(counts).toEqual([LINES_PER_SECOND, LINES_PER_SECOND]);
  });
});
