/** What a process group does, however busy the machine is with others. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** `[DAYS-][HOURS:]MINUTES:SECONDS`; some systems add a fraction. */
const TIME = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)(?:\.\d+)?$/;

/** Running, or about to, or at the disk; not what sleeps, was stopped, or has ended. */
const AT_WORK = /^[RDU]/;

export interface GroupUse {
  /** CPU time in whole seconds, as ps tells it; of processes that are still there. */
  readonly cpuSeconds: number;
  /** Whether any of its processes is at work, or would be if the machine had time for it. */
  readonly isAtWork: boolean;
}

export async function useOf(group: number): Promise<GroupUse> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=', '-o', 'stat=', '-o', 'time=']);
  const processes = stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([pgid]) => pgid === String(group));
  return {
    cpuSeconds: processes.reduce((sum, [, , time = '']) => sum + secondsOf(time), 0),
    isAtWork: processes.some(([, state = '']) => AT_WORK.test(state)),
  };
}

function secondsOf(time: string): number {
  const match = TIME.exec(time);
  if (!match) throw new Error(`ps told a CPU time that is none: ${time}`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
