/** The newcomers of a storm: pair after pair connects to any nodes and pairs, and how long each waited is noted. */
import { SteadyClient } from '../support/steady-client.ts';
import { pairUp } from '../support/steady-pairs.ts';

export interface ProbeReport {
  readonly calmP99Ms: number;
  readonly stormP99Ms: number;
}

const EVERY_MS = 10;

const urls = process.argv.slice(2);
const any = { chooseUrl: () => urls[Math.floor(Math.random() * urls.length)] as string };
const calm: number[] = [];
const storm: number[] = [];
let times = calm;
let isOver = false;

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

async function pairOnce(): Promise<void> {
  const [a, b] = await Promise.all([new SteadyClient(any).start(), new SteadyClient(any).start()]);
  const into = times;
  const startedAt = performance.now();
  await pairUp(a, b);
  into.push(performance.now() - startedAt);
  a.close();
  b.close();
}

process.on('message', (order: 'storm' | 'over') => {
  if (order === 'storm') times = storm;
  else isOver = true;
});
for (let warmUp = 0; warmUp < 20; warmUp += 1) await pairOnce();
calm.length = 0;
process.send?.('ready');
while (!isOver) {
  await pairOnce();
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
process.send?.({ calmP99Ms: p99(calm), stormP99Ms: p99(storm) } satisfies ProbeReport, () => process.exit(0));
