/** A short run of `npm run bench:nodes`: links are cut at random moments under load, and the histories are clean. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

it('finds nothing lost, doubled or out of order when links are cut under load', async () => {
  const args = ['--import', 'tsx', 'bench/nodes.ts', '--quick', '--only', 'drops', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { trials } = JSON.parse(stdout);
  expect(trials).toHaveLength(1);
  expect(trials[0]).toMatchObject({ pairs: 50, lost: 0, doubled: 0, outOfOrder: 0, endedPairings: 0 });
  expect(trials[0].received).toBe(trials[0].sent);
});
