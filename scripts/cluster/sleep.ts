/** Waits that end when everything is to end. */
import { setTimeout as sleep } from 'node:timers/promises';

export async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  // That it was stopped is no error here.
  await sleep(ms, undefined, { signal: stopping }).catch(() => {});
}
