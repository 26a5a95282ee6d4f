/** Exceptions of a user's code that are thrown again once our own step is over: nobody can catch them but a test. */

/** @returns what was thrown in microtasks of their own until the work was done */
export async function thrownLater(work: () => void | Promise<void>): Promise<unknown[]> {
  const { queueMicrotask } = globalThis;
  const thrown: unknown[] = [];
  globalThis.queueMicrotask = (task) =>
    queueMicrotask(() => {
      try {
        task();
      } catch (error) {
        thrown.push(error);
      }
    });
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    globalThis.queueMicrotask = queueMicrotask;
  }
  return thrown;
}
