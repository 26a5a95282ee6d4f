/**
 * `npm run bench:nodes`: measures what a second node costs and how a storm of returning clients is handled, and checks
 * that cut links and killed nodes lose, duplicate and reorder nothing. Real servers and a real broker; the histories
 * are the clients'. The exit status is 1 if a history is not clean.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { dropSockets, killNodes } from './nodes/faults.ts';
import { measureRelay } from './nodes/relay-cost.ts';
import { type Effort, type Figure, type Trial, tables, wentWell } from './nodes/report.ts';
import { judgeStorm, measureStorm } from './nodes/storm.ts';

const HELP = `npm run bench:nodes -- [--quick] [--only NAME] [--figures] [--grace MS] [--json]

  --quick       a tenth of everything, for a look
  --only NAME   one part: relay, storm, drops or kills; may be given more than once
  --figures     of a storm, measures only: without clients that record what they send and receive
  --grace MS    how long the nodes wait for a client that was lost
  --json        the figures as JSON
`;

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: ['relay', 'storm', 'drops', 'kills'] },
    figures: { type: 'boolean', default: false },
    grace: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const extent: Effort = given.quick
  ? { slices: 3, messages: 4_000, clients: 500, storms: 1, drops: 100, kills: 2, graceMs: 4_000 }
  : { slices: 9, messages: 20_000, clients: 5_000, storms: 3, drops: 1_000, kills: 20, graceMs: 30_000 };
const effort: Effort = { ...extent, graceMs: Number(given.grace ?? extent.graceMs) };

const started = performance.now();
function progress(text: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K${((performance.now() - started) / 1_000).toFixed(1)} s  ${text}`);
}

async function main(): Promise<void> {
  const isChosen = (part: string) => given.only.includes(part);
  const figures: Figure[] = [];
  const trials: Trial[] = [];
  if (isChosen('relay')) figures.push(...(await measureRelay(effort, progress)));
  for (const nodes of isChosen('storm') ? [1, 3] : []) {
    figures.push(...(await measureStorm(nodes, effort, progress)));
    if (!given.figures) trials.push(await judgeStorm(nodes, effort, progress));
  }
  if (isChosen('drops')) trials.push(await dropSockets(effort, progress));
  if (isChosen('kills')) trials.push(await killNodes(effort, progress));
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  if (given.json) console.log(JSON.stringify({ date, machine, effort, figures, trials }, null, 2));
  else console.log(`${date}, ${machine}\n\n${tables(figures, trials)}`);
  process.exitCode = wentWell(trials) ? 0 : 1;
}

if (given.help) console.log(HELP);
else await main();
