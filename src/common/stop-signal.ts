/**
 * Waits for Ctrl+C or SIGTERM. Called before a program says that it runs: whoever reads that may end it at once, and
 * without a listener the signal would.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
