/**
 * `npm run bench`: compares Pairlane with similar servers. CPU and memory of each server's process as counted by the
 * operating system; the same load generator for all; medians of slices that the contenders take in turn.
 *
 * npm run bench -- [--quick] [--json] [--only TEXT]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { contenders } from './contenders.ts';
import { measureHost } from './million.ts';
import { measurePings } from './pings.ts';
import { buildGenerator } from './processes.ts';
import { type Effort, type Scenario, scenarios } from './scenarios.ts';
import { medianOf, type Result, table, verdicts } from './table.ts';

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});

const effort: Effort = given.quick
  ? { slices: 3, messages: 10_000, connects: 500, idle: 2_000 }
  : { slices: 9, messages: 40_000, connects: 1_000, idle: 10_000 };

/** Fewer, because each idle slice starts its own servers, and varies less. */
const IDLE_SLICES = given.quick ? 1 : 3;

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function measure(scenario: Scenario): Promise<Result> {
  const figures = new Map<string, number[]>();
  const loadShares = new Map<string, number>();
  const entrants = contenders.filter(scenario.fits);
  const measurements = [];
  for (const contender of entrants) {
    progress(`${scenario.name}: ${contender.name} warms up`);
    measurements.push({ contender, measurement: await scenario.open(contender, effort) });
  }
  const slices = scenario.unit.startsWith('bytes') ? IDLE_SLICES : effort.slices;
  for (let slice = 1; slice <= slices; slice += 1) {
    for (const { contender, measurement } of measurements) {
      progress(`${scenario.name}: slice ${slice} of ${slices}, ${contender.name}`);
      figures.set(contender.name, [...(figures.get(contender.name) ?? []), await measurement.slice()]);
    }
  }
  for (const { contender, measurement } of measurements) {
    loadShares.set(contender.name, measurement.loadShare());
    await measurement.close();
  }
  return { scenario, figures, loadShares };
}

buildGenerator();
const chosen = scenarios.filter(({ name }) => name.includes(given.only));
const results: Result[] = [];
for (const scenario of chosen) results.push(await measure(scenario));
const alone = [
  ...('million sessions'.includes(given.only) ? await measureHost(given.quick, progress) : []),
  ...('pings'.includes(given.only) ? await measurePings(given.quick, progress) : []),
];
progress('');

const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}`;
const date = new Date().toISOString().slice(0, 10);
if (given.json) {
  const rows = results.map((result) => ({
    name: result.scenario.name,
    unit: result.scenario.unit,
    medians: Object.fromEntries([...result.figures.keys()].map((name) => [name, medianOf(result, name)])),
    figures: Object.fromEntries(result.figures),
    loadShares: Object.fromEntries(result.loadShares),
  }));
  console.log(JSON.stringify({ date, machine, effort, rows, alone }, null, 2));
} else {
  console.log(`${date}, ${machine}\n`);
  if (results.length > 0) console.log(`${table(results, contenders)}\n`);
  for (const line of verdicts(results)) console.log(line);
  for (const { name, value, unit, aim } of alone)
    console.log(
      `${value <= aim ? 'reached' : 'MISSED '}  ${name}: ${value.toFixed(1)} ${unit} (aim: at most ${aim})`,
    );
  const shares = results.flatMap((result) => [...result.loadShares.values()]).filter(Number.isFinite);
  if (shares.length > 0)
    console.log(
      `\nThe load generator used at most ${Math.max(...shares).toFixed(2)} of the CPU of the server under load.`,
    );
}
