/** What a process has cost so far, as the operating system counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** The time that all threads of a process were on a core so far, in microseconds. */
export function cpuUs(pid: number | undefined): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1_000;
}
