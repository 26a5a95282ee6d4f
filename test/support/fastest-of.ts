/**
 * How tests hold the product to a time: other work on the machine only ever makes things take longer, so of several
 * tries the fastest counts, and one that is undisturbed is enough.
 */
const TRIES = 40;

/** @returns the least time that it took, in milliseconds; no more than it may, or of all tries */
export async function fastestMs(mayTakeMs: number, work: () => Promise<unknown>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && fastest >= mayTakeMs; tries += 1) {
    const startedAt = performance.now();
    await work();
    fastest = Math.min(fastest, performance.now() - startedAt);
  }
  return fastest;
}
