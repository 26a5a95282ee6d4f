/**
 * `npm run mutants`: makes small changes to the sources, one at a time, and reports which of them no test notices.
 * StrykerJS 9.6 works with this set-up, but knows nothing about machine configs: it sees a transition's target, guard
 * and actions as string literals, and changing one is an XState error that proves nothing. Our mutants drop them
 * instead.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AreaName, areaNames, generated, type Part, parts, targets } from './mutants/areas.ts';
import { ChildRuns, type Patience, UNLIMITED } from './mutants/child-runs.ts';
import { type Mutant, mutantsOf } from './mutants/mutate.ts';
import { describe, type Fate, Score } from './mutants/score.ts';
import { TreeCopy } from './mutants/tree-copy.ts';

const HELP = `npm run mutants -- [--area NAME]... [--per-area N] [--seed N] [--generated] [--json]

  --area NAME    one area: ${areaNames.join(', ')}; may be given more than once (default all)
  --per-area N   so many mutants of each area, evenly spread (default 40); 0 means all
  --seed N       which ones (default 1): the same seed takes the same ones of the same sources
  --files TEXT   only those of files whose path has TEXT in it
  --generated    each machine by itself, before the generated tests alone: tables, laws, models, paths
  --json         the scores and the survivors as JSON

Works on a copy of the tree under .cache. Ends with 1 if an area is below its target.
`;

const { values: given } = parseArgs({
  options: {
    area: { type: 'string', multiple: true, default: [...areaNames] },
    'per-area': { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    files: { type: 'string', default: '' },
    generated: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** A mutant may use this many times the CPU time of the tests without a change, but no less than the minimum. */
const PATIENCE = 3;
const MIN_CPU_SECONDS = 30;
/** Longer than any test waits for time to pass. */
const MAX_IDLE_SECONDS = 20;

interface Work {
  readonly part: Part;
  readonly mutants: readonly Mutant[];
}

function filesOf(part: Part): string[] {
  return (
    readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && part.files.test(file))
      // Export lists, and examples that only feed the tests, are left out.
      .filter((file) => !/(\/index|-examples)\.ts$/.test(file))
      .map((file) => `src/${file}`)
      .filter((file) => file.includes(given.files))
      .sort()
  );
}

/** Picks items evenly spread over all of them, starting at an offset given by the seed. */
function sampleOf<Item>(all: readonly Item[], size: number, seed: number): Item[] {
  if (size === 0 || size >= all.length) return [...all];
  const step = all.length / size;
  const offset = ((seed * 0.618_034) % 1) * step;
  return Array.from({ length: size }, (_, n) => all[Math.floor(n * step + offset)] as Item);
}

interface Chosen {
  readonly score: Score;
  readonly work: readonly Work[];
}

/** The requested areas, each with the tests that should notice its mutants. */
function ofAreas(): Chosen[] {
  return (given.area as AreaName[]).map((area) => ({
    score: new Score(area, targets[area]),
    work: workOf(parts.filter((part) => part.area === area)),
  }));
}

/** Every machine, with the generated tests only. */
function ofMachines(): Chosen[] {
  const machines = readdirSync('src/machines', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['host', 'chart'].includes(entry.name))
    .map(({ name }) => name);
  return machines.map((name) => ({
    score: new Score(`${name}, by generated tests`, generated.target),
    work: workOf([
      {
        area: 'machines',
        files: new RegExp(`^machines/${name}/`),
        tests: generated.tests,
        names: generated.namesOf(name),
      },
    ]),
  }));
}

/** A sample across all of the parts. */
function workOf(own: readonly Part[]): Work[] {
  const all = own.flatMap((part) =>
    filesOf(part).flatMap((file) =>
      mutantsOf(file, readFileSync(file, 'utf8')).map((mutant) => ({ part, mutant })),
    ),
  );
  const sample = sampleOf(all, Number(given['per-area']), Number(given.seed));
  return own
    .map((part) => ({
      part,
      mutants: sample.filter((one) => one.part === part).map(({ mutant }) => mutant),
    }))
    .filter(({ mutants }) => mutants.length > 0);
}

/** Reports how far the run is, and the remaining time at the pace so far. */
class Progress {
  readonly #all: number;
  readonly #started = performance.now();
  #done = 0;

  constructor(all: number) {
    this.#all = all;
  }

  tell(text: string): void {
    const perMutant = (performance.now() - this.#started) / Math.max(1, this.#done);
    const left =
      this.#done === 0 ? '' : `, ${Math.ceil(((this.#all - this.#done) * perMutant) / 60_000)} min left`;
    const line = `${this.#done} of ${this.#all}${left}: ${text}`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  }

  /**
   * Counts mutants that are not tried because their tests fail without any change; the run reports that, and ends with
   * status 1.
   */
  leaveOut(count: number): void {
    this.#done += count;
  }

  done(mutant: Mutant, fate: Fate): void {
    this.#done += 1;
    if (fate === 'survived')
      process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${describe(mutant)}\n`);
  }
}

async function fateOf(runs: ChildRuns, part: Part, patience: Patience): Promise<Fate> {
  const { passed, timedOut } = await runs.jest(part, patience);
  if (timedOut) return 'timed out';
  if (!passed) return 'killed';
  return (await runs.typecheck()).passed ? 'survived' : 'does not compile';
}

async function measure(
  { part, mutants }: Work,
  score: Score,
  copy: TreeCopy,
  runs: ChildRuns,
  progress: Progress,
) {
  progress.tell(`${part.area}, ${part.files.source}: the tests without a change`);
  const { passed, output, cpuSeconds } = await runs.jest(part, UNLIMITED);
  if (!passed) {
    console.error(
      `The tests of ${part.files.source} fail without any change, so its mutants are left out:\n${output}`,
    );
    progress.leaveOut(mutants.length);
    process.exitCode = 1;
    return;
  }
  const patience = {
    cpuSeconds: Math.max(MIN_CPU_SECONDS, PATIENCE * cpuSeconds),
    idleSeconds: MAX_IDLE_SECONDS,
  };
  for (const mutant of mutants) {
    progress.tell(`${mutant.file}:${mutant.line}`);
    const restore = copy.write(mutant);
    const fate = await fateOf(runs, part, patience);
    restore();
    score.add(mutant, fate);
    progress.done(mutant, fate);
  }
}

async function main(): Promise<void> {
  for (const name of ['per-area', 'seed'] as const)
    if (!/^\d+$/.test(given[name])) throw new Error(`--${name} takes a number, not ${given[name]}`);
  const unknown = given.area.find((name) => !areaNames.includes(name as AreaName));
  if (unknown !== undefined) throw new Error(`there is no area ${unknown}\n\n${HELP}`);
  const chosen = (given.generated ? ofMachines() : ofAreas()).filter(({ work }) => work.length > 0);

  const copy = new TreeCopy();
  const runs = new ChildRuns(copy.path);
  const cleanUp = () => {
    runs.kill();
    copy.remove();
  };
  process.once('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  copy.make();

  const progress = new Progress(chosen.flatMap(({ work }) => work.flatMap(({ mutants }) => mutants)).length);
  for (const { score, work } of chosen)
    for (const one of work) await measure(one, score, copy, runs, progress);
  const scores = chosen.map(({ score }) => score);
  console.log(given.json ? JSON.stringify({ seed: Number(given.seed), scores }, null, 2) : scores.join('\n'));
  if (scores.some((score) => !score.isMet)) process.exitCode = 1;
}

if (given.help) console.log(HELP);
else
  await main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
