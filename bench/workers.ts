/**
 * `npm run bench:workers`: what a relayed message costs a server with one process and one with two workers, for pairs
 * within a worker and across both, on each shell. CPU of all its processes, with the first one's apart; medians of
 * slices.
 */
import { cpus } from 'node:os';
import { NodeProcess } from '../tools/node-process.ts';
import { type SteadyPair, SteadyPairs } from '../tools/steady-pairs.ts';
import { flood } from './nodes/relay-cost.ts';
import { childrenOf, cpuUs } from './support/process-facts.ts';
import { median } from './table.ts';

const PAIRS = 40;
const MESSAGES = 20_000;
const SLICES = 7;

interface Cost {
  readonly serving: number;
  /** CPU of the process that started the workers. */
  readonly first: number;
  readonly messagesPerSecond: number;
}

const nodeOf = (id: string) => id.slice(0, 8);
const isWithin = ([one, other]: SteadyPair) => nodeOf(one.id) === nodeOf(other.id);

async function measure(pairs: readonly SteadyPair[], pid: number): Promise<Cost | undefined> {
  if (pairs.length === 0) return undefined;
  const count = Math.floor(MESSAGES / pairs.length);
  const total = count * pairs.length;
  const workers = childrenOf(pid);
  const slices: Cost[] = [];
  for (let n = 0; n <= SLICES; n += 1) {
    const [before, own, since] = [workers.map(cpuUs), cpuUs(pid), performance.now()];
    await Promise.all(pairs.map((pair) => flood(pair, count)));
    const spent = workers.reduce((sum, each, at) => sum + cpuUs(each) - (before[at] ?? 0), 0);
    const first = cpuUs(pid) - own;
    const isAlone = workers.length === 0;
    slices.push({
      serving: (isAlone ? first : spent) / total,
      first: isAlone ? 0 : first / total,
      messagesPerSecond: (1_000 * total) / (performance.now() - since),
    });
  }
  // The first slice ran code that was not compiled yet.
  const of = (name: keyof Cost) => median(slices.slice(1).map((slice) => slice[name]));
  return { serving: of('serving'), first: of('first'), messagesPerSecond: of('messagesPerSecond') };
}

function row(name: string, cost: Cost | undefined): string {
  if (!cost) return `| ${name} | none | | |`;
  const { serving, first, messagesPerSecond } = cost;
  return `| ${name} | ${serving.toFixed(1)} | ${first.toFixed(1)} | ${Math.round(messagesPerSecond)} |`;
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}\n`);
console.log('| | µs of CPU a message, serving | the first process | messages a second |');
console.log('| --- | --- | --- | --- |');
for (const shell of ['uws', 'ws']) {
  for (const workers of [1, 2]) {
    const node = await NodeProcess.start('--shell', shell, '--workers', `${workers}`);
    // All workers have to be up before clients connect.
    if (workers > 1) await node.logged(/workers serve on/);
    const pairs = new SteadyPairs();
    const at = { chooseUrl: () => node.url };
    for (let n = 0; n < PAIRS; n += 1) await pairs.add(at, at);
    const name = `${shell}, ${workers} ${workers === 1 ? 'process' : 'workers'}`;
    console.log(row(`${name}, pairs within one`, await measure(pairs.pairs.filter(isWithin), node.pid)));
    if (workers > 1)
      console.log(
        row(
          `${name}, pairs across both`,
          await measure(
            pairs.pairs.filter((pair) => !isWithin(pair)),
            node.pid,
          ),
        ),
      );
    pairs.close();
    await node.stop();
  }
}
