/** How a test, or a load that is no test, waits for a fact: with a deadline, so that the failure says what did not come. */
import { PATIENCE_MS } from './wait-timeouts.ts';

/** What is waiting on the event loop gets its turn. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Waits for a fact.
 * @param step what makes time pass between two looks; by default one turn of the event loop
 * @throws if it does not come true
 */
export async function until(
  fact: () => boolean | Promise<boolean>,
  what = `the fact ${fact}`,
  step: () => unknown = turn,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await step();
  }
}
