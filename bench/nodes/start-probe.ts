/** Starts the newcomers of storm-probe.ts in a process of their own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { ProbeOrder, ProbeReport } from './storm-probe.ts';

export async function startProbe(urls: readonly string[]) {
  const child = fork(new URL('./storm-probe.ts', import.meta.url), urls, { execArgv: process.execArgv });
  const tell = (order: ProbeOrder) => void child.send(order);
  await once(child, 'message');
  return {
    tell,
    async end(): Promise<ProbeReport> {
      tell('over');
      const [report] = (await once(child, 'message')) as [ProbeReport];
      return report;
    },
  };
}
