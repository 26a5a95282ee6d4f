import { describe, expect, it } from '@jest/globals';
import { RelayPulse } from '../../../../../src/server/cluster/bus/relay/relay-heartbeat.ts';
import { RelayTestClock } from '../../../../support/relay/relay-clock.ts';

const INTERVAL_MS = 2_000;

describe('the pulse of a parent', () => {
  it('asks every 2 s, goes on as long as one in three questions is answered, and ends once when none is, each time it starts', () => {
    let [asked, silent] = [0, 0];
    const clock = new RelayTestClock();
    const pulse = new RelayPulse(
      clock,
      () => {
        asked += 1;
      },
      () => {
        silent += 1;
      },
    );
    pulse.start();
    for (let round = 0; round < 10; round += 1) {
      clock.pass(3 * INTERVAL_MS);
      pulse.answered();
    }
    expect([asked, silent]).toEqual([30, 0]);
    clock.pass(20 * INTERVAL_MS);
    expect([asked, silent]).toEqual([33, 1]);
    pulse.start();
    clock.pass(20 * INTERVAL_MS);
    expect([asked, silent]).toEqual([36, 2]);
    pulse.start();
    clock.pass(INTERVAL_MS);
    pulse.stop();
    clock.pass(20 * INTERVAL_MS);
    expect([asked, silent]).toEqual([37, 2]);
  });
});
