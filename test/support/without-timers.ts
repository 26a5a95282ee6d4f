/**
 * How tests hold the product to not waiting, whatever else the machine does: no timer of a certain length goes off, and
 * what waits for one never ends.
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
