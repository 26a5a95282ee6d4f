/** The CPU time of a process, as counted by the operating system. */
import { readdirSync, readFileSync } from 'node:fs';

/** The time that all threads of a process have been on a core, in microseconds. */
export function cpuUs(pid: number | undefined): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1_000;
}
