/** A million sessions in one MachineHost, in a separate process: heap, and the longest step of 500 events. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Alone } from './pings.ts';
import { median } from './table.ts';

export async function measureHost(isQuick: boolean, progress: (text: string) => void): Promise<Alone[]> {
  const results: { heapBytes: number; longestMs: number }[] = [];
  const runs = isQuick ? 1 : 5;
  for (let run = 1; run <= runs; run += 1) {
    progress(`a million sessions: run ${run} of ${runs}`);
    const file = fileURLToPath(new URL('servers/million-sessions.js', import.meta.url));
    const child = fork(file, { execArgv: ['--expose-gc'] });
    const [result] = await once(child, 'message');
    results.push(result);
  }
  return [
    {
      name: 'heap of a million sessions',
      value: median(results.map(({ heapBytes }) => heapBytes / 1e6)),
      unit: 'MB',
      aim: 150,
    },
    {
      name: 'longest step of 500 events among a million sessions',
      value: median(results.map(({ longestMs }) => longestMs)),
      unit: 'ms',
      aim: 50,
    },
  ];
}
