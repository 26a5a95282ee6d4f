/** `npm run mutants`: changes the sources a little, one change at a time, and tells which changes no test notices. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Area, areas } from './mutants/areas.ts';
import { type Mutant, mutantsOf } from './mutants/mutate.ts';

const HELP = `npm run mutants -- [--area NAME] [--sample N] [--seed N] [--json]

  --area NAME   one area: ${areas.map(({ name }) => name).join(', ')}; may be given more than once
  --sample N    so many mutants of each area, evenly spread (default 25); 0 means all
  --seed N      which ones (default 1): the same seed takes the same ones of the same sources
  --json        the score and the survivors as JSON
`;

const { values: given } = parseArgs({
  options: {
    area: { type: 'string', multiple: true, default: areas.map(({ name }) => name) },
    sample: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** A copy, so that whatever ends the run leaves the sources as they are. */
const COPY = `.cache/mutants/${process.pid}`;
/** A mutant that runs forever is killed, and counts so: this many times what the tests take without a change. */
const PATIENCE = 5;

interface Score {
  readonly area: string;
  readonly killed: number;
  readonly survivors: readonly Mutant[];
}

let running: ChildProcess | undefined;

function tell(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function copyTree(): void {
  mkdirSync(COPY, { recursive: true });
  for (const name of ['src', 'test', 'tools', 'scripts', 'package.json', 'jest.config.js'])
    cpSync(name, join(COPY, name), { recursive: true });
  for (const name of ['node_modules', 'examples', 'dist'])
    symlinkSync(join(process.cwd(), name), join(COPY, name));
}

/** Runs an area's tests in the copy. @returns whether all passed, and what they said */
async function pass({ tests }: Area, timeoutMs: number): Promise<{ passed: boolean; said: string }> {
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--bail'];
  const child = spawn(process.execPath, [...jest, ...tests], { cwd: COPY, detached: true });
  running = child;
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said = (said + data).slice(-4_000);
    });
  const timer = setTimeout(stopRunning, timeoutMs);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { passed: code === 0, said };
}

/** The tests and the workers that they started. */
function stopRunning(): void {
  if (running?.pid !== undefined && running.exitCode === null) process.kill(-running.pid, 'SIGKILL');
}

/** Evenly spread over all, from where the seed says. */
function sampleOf(mutants: readonly Mutant[], size: number, seed: number): Mutant[] {
  if (size === 0 || size >= mutants.length) return [...mutants];
  const step = mutants.length / size;
  const offset = ((seed * 0.618_034) % 1) * step;
  return Array.from({ length: size }, (_, n) => mutants[Math.floor(n * step + offset)] as Mutant);
}

async function measure(area: Area): Promise<Score> {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => `src/${file}`)
    .filter((file) => file.endsWith('.ts') && area.files.test(file))
    .sort();
  const all = files.flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')));
  const sample = sampleOf(all, Number(given.sample), Number(given.seed));
  tell(`${area.name}: the tests without a change`);
  const started = performance.now();
  const { passed, said } = await pass(area, 3_600_000);
  const tookMs = performance.now() - started;
  if (!passed) throw new Error(`the tests of ${area.name} fail without any change:\n${said}`);
  const survivors: Mutant[] = [];
  for (const [n, mutant] of sample.entries()) {
    tell(
      `${area.name}: ${n} of ${sample.length} (of ${all.length}), ${survivors.length} survived; ${mutant.file}`,
    );
    writeFileSync(join(COPY, mutant.file), mutant.text);
    if ((await pass(area, PATIENCE * tookMs)).passed) survivors.push(mutant);
    cpSync(mutant.file, join(COPY, mutant.file));
  }
  return { area: area.name, killed: sample.length - survivors.length, survivors };
}

function table(scores: readonly Score[]): string {
  return scores
    .flatMap(({ area, killed, survivors }) => {
      const all = killed + survivors.length;
      return [
        `${area}: ${killed} of ${all} killed (${((100 * killed) / all).toFixed(0)} %)`,
        ...survivors.map(({ file, line, change }) => `  survived: ${file}:${line}  ${change}`),
      ];
    })
    .join('\n');
}

async function main(): Promise<void> {
  const chosen = given.area.map((name) => {
    const area = areas.find((one) => one.name === name);
    if (!area) throw new Error(`there is no area ${name}\n\n${HELP}`);
    return area;
  });
  for (const name of ['sample', 'seed'] as const)
    if (!/^\d+$/.test(given[name])) throw new Error(`--${name} takes a number, not ${given[name]}`);
  copyTree();
  const scores: Score[] = [];
  for (const area of chosen) scores.push(await measure(area));
  tell('');
  const short = scores.map((score) => ({
    ...score,
    survivors: score.survivors.map(({ file, line, change }) => ({ file, line, change })),
  }));
  console.log(
    given.json ? JSON.stringify({ seed: Number(given.seed), scores: short }, null, 2) : table(scores),
  );
}

function cleanUp(): void {
  stopRunning();
  rmSync(COPY, { recursive: true, force: true });
}

process.once('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
if (given.help) console.log(HELP);
else
  await main().catch((error: Error) => {
    tell('');
    console.error(error.message);
    process.exitCode = 1;
  });
