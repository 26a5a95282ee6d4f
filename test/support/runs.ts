/** How thorough a test is that runs briefly in `npm test` and at length in `npm run test:full` (test/full-only.js). */

const { isFullRun } = globalThis as { isFullRun?: boolean };

/** The first value for `npm test`, the second for `npm run test:full`. */
export function byThoroughness<Choice>(fast: Choice, full: Choice): Choice {
  return isFullRun ? full : fast;
}

/** How often a property is tried; PAIRLANE_RUNS overrides it for longer manual runs. */
export function runs(fast: number, full = fast): number {
  return Number(process.env.PAIRLANE_RUNS ?? byThoroughness(fast, full));
}
