/** CPU time of a process group: what a run has used, however busy the machine is with others. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** `[DAYS-][HOURS:]MINUTES:SECONDS`; some systems add a fraction. */
const TIME = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)(?:\.\d+)?$/;

/** @returns whole seconds, as ps tells them; 0 for a group that has ended */
export async function cpuSecondsOf(group: number): Promise<number> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=', '-o', 'time=']);
  const times = stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([pgid]) => pgid === String(group))
    .map(([, time = '']) => secondsOf(time));
  return times.reduce((sum, seconds) => sum + seconds, 0);
}

function secondsOf(time: string): number {
  const match = TIME.exec(time);
  if (!match) throw new Error(`ps told a CPU time that is none: ${time}`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
