import { describe, expect, it } from '@jest/globals';
import { SEED } from '../support/seed.ts';
import { fuzz } from './fuzz.ts';

describe('a server that is sent rubbish', () => {
  it('survives 20,000 frames, keeps nothing of them, and no message reaches the wrong one', async () => {
    try {
      const report = await fuzz({ frames: 20_000, seed: SEED });
      const { sent: arrived } = report;
      expect(report).toMatchObject({ strays: [], arrived, sessionsLeft: 0, pairingsLeft: 0 });
      expect(report.handled).toBeGreaterThan(10_000);
      expect(report.signals).toBeGreaterThan(10);
      expect(report.connections).toBeGreaterThan(40);
      expect(report.sent).toBeGreaterThan(0);
      expect(report.heapGrowthBytes).toBeLessThan(4_000_000);
    } catch (error) {
      throw new Error(`with the seed ${SEED}`, { cause: error });
    }
  });
});
