/**
 * A jest reporter that judges a run of all tests of a project: it fails, and says why, where one was skipped; and where
 * the fast tests leave out a transition of a gated machine. A run of some tests only is not judged. Its options are the
 * projects' test files, under test/.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

const FOLDERS = '.cache/transitions';
/** The last run of all fast tests, on the machines' charts. */
const REPORT = '.cache/coverage/transitions.html';
const CHARTS = 'src/inspector/charts/svg';

export default class CoverageGate {
  #projects;
  #folder;
  #hasNamePattern;
  #error;

  constructor({ testNamePattern, rootDir }, projects) {
    this.#projects = projects;
    this.#folder = `${rootDir}/test/`;
    this.#hasNamePattern = Boolean(testNamePattern);
  }

  onRunStart() {
    mkdirSync(FOLDERS, { recursive: true });
    // Of this run alone: another may be under way. The workers, which start later, inherit it (transition-coverage.ts).
    process.env.TRANSITIONS_FOLDER = mkdtempSync(`${FOLDERS}/`);
  }

  async onRunComplete(
    _contexts,
    { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults },
  ) {
    const ran = new Set(testResults.map(({ testFilePath }) => testFilePath));
    const isWhole = (files) => !this.#hasNamePattern && files.every((file) => ran.has(this.#folder + file));
    const { fast, full } = this.#projects;
    const skipped = numPendingTests + numTodoTests;
    const { all, taken } = this.#counted();
    const missing = missingIn(all, taken);
    if (isWhole(fast) && all.size > 0) await writeReport(all, taken);
    const faults = [
      ...(isWhole(fast) ? missing : []),
      ...(skipped > 0 && (isWhole(fast) || isWhole(full)) ? [`${skipped} tests were skipped`] : []),
    ];
    for (const fault of faults) console.log(`  ${fault}`);
    if (faults.length > 0) this.#error = new Error(faults.join('\n'));
    const summary = `${numPassedTests} passed, ${numFailedTests} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // After all that jest says, so that it is the last line.
    process.on('exit', () => writeSync(1, `${summary}\n`));
  }

  /** All transitions, and of those that were taken how often and by which tests. */
  #counted() {
    const folder = process.env.TRANSITIONS_FOLDER;
    const parts = readdirSync(folder).map((file) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')));
    rmSync(folder, { recursive: true });
    const all = new Set(parts.flatMap((part) => part.all));
    const taken = new Map();
    for (const [name, times, tests] of parts.flatMap((part) => part.taken)) {
      const known = taken.get(name) ?? { times: 0, tests: [] };
      taken.set(name, { times: known.times + times, tests: [...known.tests, ...tests] });
    }
    console.log(
      `Transitions of the machines taken and asserted by these tests: ${taken.size} of ${all.size}`,
    );
    return { all, taken };
  }

  getLastError() {
    return this.#error;
  }
}

function missingIn(all, taken) {
  if (all.size === 0) return ['no transition was taken at all'];
  return [...all]
    .filter((name) => !taken.has(name))
    .sort()
    .map((name) => `never taken: ${name}`);
}

/** What the gate counted, as a page. It is made by the same code as that of `pairlane/testing`, from the build. */
async function writeReport(all, taken) {
  const maker = new URL('../../../dist/testing/machines/coverage-html.js', import.meta.url);
  // A run by hand, before any build, is judged all the same.
  if (!existsSync(maker)) return;
  const { htmlReport } = await import(maker);
  const machines = new Map();
  for (const name of all) machines.set(machineOf(name), [...(machines.get(machineOf(name)) ?? []), name]);
  const pages = [...machines].map(([machine, names]) => {
    const file = `${CHARTS}/${machine}.brief.svg`;
    return {
      machine,
      chart: existsSync(file) ? readFileSync(file, 'utf8') : undefined,
      taken: names.map((name) => {
        const { times = 0, tests = [] } = taken.get(name) ?? {};
        return [name, times, tests];
      }),
    };
  });
  mkdirSync(REPORT.replace(/\/[^/]*$/, ''), { recursive: true });
  writeFileSync(REPORT, htmlReport(pages));
  console.log(`On the charts: ${REPORT}`);
}

/** A transition is named by the id of the state that it leaves, which begins with its machine's. */
function machineOf(name) {
  return /^[^. ]+/.exec(name)[0];
}
