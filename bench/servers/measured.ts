/**
 * What every server under test does besides serving: it reports its port and, on request, the CPU time and the memory
 * that the operating system has counted for its process.
 */

/** What the benchmark asks a server process for. */
export type Question = 'cpu' | 'memory' | 'pings';

/** Tells the benchmark where to connect, and answers its questions from then on. */
export function beMeasured(port: number, more: { readonly [question: string]: () => Promise<unknown> } = {}) {
  const answers: { readonly [question: string]: () => unknown } = {
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    memory: () => {
      // Twice: the second collection frees what the first one finalized.
      globalThis.gc?.();
      globalThis.gc?.();
      return process.memoryUsage.rss();
    },
    ...more,
  };
  process.on('message', async (question: string) => process.send?.({ answer: await answers[question]?.() }));
  process.on('disconnect', () => process.exit());
  process.send?.({ answer: port });
}
