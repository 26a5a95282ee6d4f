/** Measures how long the event loop is blocked when ten thousand clients are due for a ping at once. */
import { contenders } from './contenders.ts';
import { LoadProcess, ServerProcess } from './processes.ts';
import { median } from './table.ts';

/** A figure measured for Pairlane only. */
export interface Alone {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly aim: number;
}

const CLIENTS = 10_000;

export async function measurePings(isQuick: boolean, progress: (text: string) => void): Promise<Alone[]> {
  const pauses: number[] = [];
  const runs = isQuick ? 1 : 5;
  for (let run = 1; run <= runs; run += 1) {
    progress(`pings: run ${run} of ${runs}`);
    const contender = contenders[0] as (typeof contenders)[number];
    const server = await ServerProcess.start(contender.server);
    const load = new LoadProcess(server.port, contender);
    await load.run(`connect ${CLIENTS}`);
    await server.quiet();
    pauses.push(await server.ask('pings'));
    await load.stop();
    await server.stop();
  }
  return [
    {
      name: `longest pause while ${CLIENTS.toLocaleString('en')} clients are pinged`,
      value: median(pauses),
      unit: 'ms',
      aim: 15,
    },
  ];
}
