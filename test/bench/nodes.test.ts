/** A short run of `npm run bench:nodes`: links are cut at random moments under load, and the histories are clean. */
import { spawn } from 'node:child_process';
import { json, text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';

/** Longer than a busy machine keeps a client from coming back. */
const GRACE_MS = 20_000;

it('finds nothing lost, doubled or out of order when links are cut under load', async () => {
  const args = ['bench/nodes.ts', '--quick', '--only', 'drops', '--grace', `${GRACE_MS}`, '--json'];
  const { stdout, stderr } = spawn(process.execPath, ['--import', 'tsx', ...args]);
  const [told, complaints] = await Promise.all([json(stdout).catch(String), text(stderr)]);
  // Whole, so that a failure shows also why pairings ended and what else went wrong.
  expect({ told, complaints }).toMatchObject({
    told: {
      trials: [
        {
          pairs: 50,
          lost: 0,
          doubled: 0,
          outOfOrder: 0,
          endedPairings: 0,
          endings: {},
          problems: [],
        },
      ],
    },
  });
  const [trial] = (told as { trials: { sent: number; received: number }[] }).trials;
  expect(trial?.received).toBe(trial?.sent);
});
