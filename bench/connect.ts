/**
 * Time to an open data channel, side by side: the contenders take turns, so that what else the machine does hits all
 * of them. Both peers of a connection are in one process (or one page), all on loopback and without ICE servers.
 *
 * npm run bench:connect -- [--rounds N] [--json]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  type Contender,
  chromiumOverPairlane,
  chromiumOverPeerServer,
  weriftOverPairlane,
} from './connectors.ts';

const WARM_UP_ROUNDS = 2;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds should be a whole number from 1');

interface Times {
  readonly register: number[];
  readonly open: number[];
}

const contenders: Contender[] = [];
for (const create of [weriftOverPairlane, chromiumOverPairlane, chromiumOverPeerServer]) {
  contenders.push(await create());
}
const times = new Map<Contender, Times>(
  contenders.map((contender) => [contender, { register: [], open: [] }]),
);

for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
  for (const contender of contenders) {
    const { registerMs, openMs } = await contender.connect();
    if (round < 0) continue;
    times.get(contender)?.register.push(registerMs);
    times.get(contender)?.open.push(openMs);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${Math.max(0, round + 1)} of ${rounds} rounds`);
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
for (const { close } of contenders) await close();

/** The value that a share of them does not exceed. */
function quantile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const results = contenders.map((contender) => {
  const { register = [], open = [] } = times.get(contender) ?? {};
  return {
    name: contender.name,
    registerMedianMs: quantile(register, 0.5),
    registerP90Ms: quantile(register, 0.9),
    openMedianMs: quantile(open, 0.5),
    openP90Ms: quantile(open, 0.9),
  };
});

if (values.json) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  console.log(JSON.stringify({ version, node: process.version, rounds, results }));
} else {
  const number = (ms: number) => `${ms.toFixed(1)}`.padStart(8);
  console.log(`Time to an open channel, ${rounds} rounds in turns, milliseconds\n`);
  console.log(`${''.padEnd(42)}  both registered   asked to open`);
  console.log(`${''.padEnd(42)}  median      p90  median      p90`);
  for (const { name, registerMedianMs, registerP90Ms, openMedianMs, openP90Ms } of results) {
    const cells = [registerMedianMs, registerP90Ms, openMedianMs, openP90Ms].map(number);
    console.log(`${name.padEnd(40)}${cells.join(' ')}`);
  }
}
process.exit();
