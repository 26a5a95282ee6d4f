/**
 * The newcomers of a storm: pair after pair connects to random nodes and pairs, a few at a time, and the probe notes
 * how long each took.
 */
import { SteadyClient } from '../../tools/steady-client.ts';
import { pairUp } from '../../tools/steady-pairs.ts';

/** Orders to the probe: whether what follows is during a storm or not, or to report and end. */
export type ProbeOrder = 'storm' | 'calm' | 'over';

export interface ProbeReport {
  /** The number of pairings during storms, of which `stormP99Ms` is taken. */
  readonly stormPairings: number;
  readonly calmP99Ms: number;
  readonly stormP99Ms: number;
}

const AT_ONCE = 4;
/** The pause between two pairings of each of them. */
const EVERY_MS = 20;

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

async function pairAgainAndAgain(): Promise<void> {
  while (!isOver) {
    await pairOnce();
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

process.on('message', (order: ProbeOrder) => {
  times = order === 'storm' ? storm : calm;
  isOver = order === 'over';
});
for (let warmUp = 0; warmUp < 20; warmUp += 1) await pairOnce();
calm.length = 0;
process.send?.('ready');
await Promise.all(Array.from({ length: AT_ONCE }, pairAgainAndAgain));
const report: ProbeReport = {
  stormPairings: storm.length,
  calmP99Ms: p99(calm),
  stormP99Ms: p99(storm),
};
process.send?.(report, () => process.exit(0));
