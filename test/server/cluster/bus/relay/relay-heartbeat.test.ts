import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RelayPulse } from '../../../../../src/server/cluster/bus/relay/relay-heartbeat.ts';

const INTERVAL_MS = 2_000;

describe('the pulse of a parent', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('asks every 2 s, goes on as long as one in three questions is answered, and ends once when none is', () => {
    let [asked, silent] = [0, 0];
    const pulse = new RelayPulse(
      () => {
        asked += 1;
      },
      () => {
        silent += 1;
      },
    );
    pulse.start();
    for (let round = 0; round < 10; round += 1) {
      jest.advanceTimersByTime(3 * INTERVAL_MS);
      pulse.answered();
    }
    expect([asked, silent]).toEqual([30, 0]);
    jest.advanceTimersByTime(20 * INTERVAL_MS);
    expect([asked, silent]).toEqual([33, 1]);
    pulse.start();
    jest.advanceTimersByTime(INTERVAL_MS);
    pulse.stop();
    jest.advanceTimersByTime(20 * INTERVAL_MS);
    expect([asked, silent]).toEqual([34, 1]);
  });
});
