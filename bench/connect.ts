/**
 * Time to an open data channel, side by side: the contenders take turns, so that other load on the machine affects all
 * of them. Both peers of a connection are in one process (or one page), all on loopback and without ICE servers, or in
 * browsers with one that Pairlane's server names. And how long the server's page takes until it shows its first key.
 * With a delay, the way to the server takes so long in each direction, as over a network.
 *
 * npm run bench:connect -- [--rounds N] [--delay MS] [--names-ice] [--json]
 */
import { parseArgs } from 'node:util';
import {
  type Connected,
  type Contender,
  chromiumOverPairlane,
  chromiumOverPeerServer,
  weriftOverPairlane,
} from './connectors.ts';
import { FirstKeys } from './first-key.ts';

const WARM_UP_ROUNDS = 2;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    delay: { type: 'string', default: '0' },
    'names-ice': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds should be a whole number from 1');

const delayMs = Number(values.delay);
if (!(delayMs >= 0)) throw new Error('--delay should be milliseconds');

/** The measures; each is reported as median and 90th percentile. */
const COUNTED: Readonly<Record<string, (connected: Connected) => number>> = {
  'both registered': ({ registerMs }) => registerMs,
  'asked to open': ({ openMs }) => openMs,
  'in all': ({ registerMs, openMs }) => registerMs + openMs,
};

/** The value that the given share of the list does not exceed. */
function quantile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

async function measure(contenders: readonly Contender[]): Promise<Connected[][]> {
  const measured: Connected[][] = contenders.map(() => []);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const [i, contender] of contenders.entries()) {
      const connected = await contender.connect();
      if (round >= 0) measured[i]?.push(connected);
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${Math.max(0, round + 1)} of ${rounds} rounds`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return measured;
}

/** @returns the time until the page shows a key, for each round */
async function measureFirstKeys(): Promise<number[]> {
  const page = await FirstKeys.start();
  const times: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const ms = await page.measure();
    if (round >= 0) times.push(ms);
  }
  await page.close();
  return times;
}

const contenders: Contender[] = [];
for (const create of [weriftOverPairlane, chromiumOverPairlane, chromiumOverPeerServer]) {
  contenders.push(await create({ delayMs, namesIce: values['names-ice'] }));
}
const measured = await measure(contenders);
for (const { close } of contenders) await close();
const keyTimes = await measureFirstKeys();
const firstKey = { medianMs: quantile(keyTimes, 0.5), p90Ms: quantile(keyTimes, 0.9) };

const results = contenders.map(({ name }, i) => ({
  name,
  times: Object.entries(COUNTED).map(([what, countOf]) => {
    const numbers = (measured[i] ?? []).map(countOf);
    return { what, medianMs: quantile(numbers, 0.5), p90Ms: quantile(numbers, 0.9) };
  }),
}));

if (values.json) {
  console.log(JSON.stringify({ node: process.version, rounds, delayMs, results, firstKey }));
} else {
  console.log(
    `Time to an open channel, ${rounds} rounds in turns, ${delayMs} ms to the server: median and 90th percentile, milliseconds\n`,
  );
  const titles = Object.keys(COUNTED).map((what) => what.padStart(18));
  console.log(`${''.padEnd(40)}${titles.join('')}`);
  for (const { name, times } of results) {
    const cells = times.flatMap(({ medianMs, p90Ms }) => [medianMs, p90Ms]);
    console.log(`${name.padEnd(40)}${cells.map((ms) => ms.toFixed(1).padStart(9)).join('')}`);
  }
  const cells = [firstKey.medianMs, firstKey.p90Ms].map((ms) => ms.toFixed(1).padStart(9)).join('');
  console.log(`\n${'The page at /, until it shows a key'.padEnd(40)}${cells}`);
}
process.exit();
