/**
 * Lets tests check that the product does not wait, independently of the machine's speed: no timer of a certain length
 * fires, so whatever waits for one never ends.
 */
export async function withoutTimers<Result>(fromMs: number, work: () => Promise<Result>): Promise<Result> {
  const { setTimeout } = globalThis;
  const withheld = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
    setTimeout(ms < fromMs ? callback : () => {}, ms, ...args);
  globalThis.setTimeout = Object.assign(withheld, setTimeout) as typeof setTimeout;
  try {
    return await work();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}
