/** Pauses that end early when the demo is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';

export async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  // Being stopped is not an error here.
  await sleep(ms, undefined, { signal: stopping }).catch(() => {});
}
