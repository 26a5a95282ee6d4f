/** The servers that our dialects replace, next to ours: random frames go to both, and the output must be equal. */
import { describe, expect, it } from '@jest/globals';
import { SEED } from '../support/seed.ts';
import { comparePeerJs } from './differential/peerjs.ts';
import { compareYWebrtc } from './differential/y-webrtc.ts';

describe('beside the original', () => {
  it.each([
    ["PeerJS's server", comparePeerJs],
    ["y-webrtc's server", compareYWebrtc],
  ])('ours says the same as %s to 2,000 random frames, valid and invalid', async (_name, compare) => {
    const report = await compare(2_000, SEED);
    expect(report).toMatchObject({ differences: [] });
    expect(report.heard).toBeGreaterThan(500);
  });
});
