import { describe, expect, it } from '@jest/globals';
import { SEED } from '../support/seed.ts';
import { crowd } from './crowd.ts';

describe('a server with a heap of 256 MB in a crowd', () => {
  it('serves honest clients of every kind through 60 hostile acts, lets nobody hear others, and keeps nothing', async () => {
    try {
      const report = await crowd({ seed: SEED, acts: 60 });
      expect(report).toMatchObject({ harm: [], strays: [], sessionsLeft: 0 });
      // The honest clients' unacked messages.
      expect(report.waitingBytesLeft).toBeLessThan(16 * 1024);
      expect(report.refusals).toBeGreaterThan(100);
      expect(report.talks).toBeGreaterThan(10);
      expect(report.growthBytes).toBeLessThan(8 * 1024 * 1024);
    } catch (error) {
      throw new Error(`with the seed ${SEED}`, { cause: error });
    }
  });
});
