/** How thorough a test is that `npm test` runs shortly and `npm run test:full` at length (test/full-only.js). */

const { isFullRun } = globalThis as { isFullRun?: boolean };

/** The one for `npm test`, or the other for `npm run test:full`. */
export function byThoroughness<Choice>(fast: Choice, full: Choice): Choice {
  return isFullRun ? full : fast;
}

/** How often a property is tried: PAIRLANE_RUNS says so for a longer run by hand. */
export function runs(fast: number, full = fast): number {
  return Number(process.env.PAIRLANE_RUNS ?? byThoroughness(fast, full));
}
