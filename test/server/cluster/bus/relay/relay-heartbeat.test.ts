import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  PULSE_INTERVAL_MS,
  RelayPulse,
} from '../../../../../src/server/cluster/bus/relay/relay-heartbeat.ts';

describe('the pulse of a parent', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('goes on as long as one in three questions is answered, and ends once when none is', () => {
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
      jest.advanceTimersByTime(3 * PULSE_INTERVAL_MS);
      pulse.answered();
    }
    expect([asked, silent]).toEqual([30, 0]);
    jest.advanceTimersByTime(20 * PULSE_INTERVAL_MS);
    expect([asked, silent]).toEqual([33, 1]);
    pulse.start();
    jest.advanceTimersByTime(PULSE_INTERVAL_MS);
    pulse.stop();
    jest.advanceTimersByTime(20 * PULSE_INTERVAL_MS);
    expect([asked, silent]).toEqual([34, 1]);
  });
});
