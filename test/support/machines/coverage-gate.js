/**
 * A jest reporter that judges a run of all tests of a project. It fails, and says why, if a test was skipped, or if the
 * fast tests leave out a transition of a gated machine or, for a main machine, two consecutive transitions or a guard's
 * result. A run of only some tests is not judged. Its options are the projects' test files, under test/.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tsImport } from 'tsx/esm/api';

const FOLDERS = '.cache/transitions';
/** The report of the last run of all fast tests, on the machines' charts. */
const REPORT = '.cache/coverage/transitions.html';
const CHARTS = 'src/inspector/charts/svg';
const COUNTS = '../../../src/testing/machines/coverage-counts.ts';

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
    // For this run only, since another may be in progress. The workers start later and inherit it
    // (transition-coverage.ts).
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
    const counts = await this.#counted();
    if (isWhole(fast)) writeReport(counts);
    const faults = [
      ...(isWhole(fast) ? missingIn(counts) : []),
      ...(skipped > 0 && (isWhole(fast) || isWhole(full)) ? [`${skipped} tests were skipped`] : []),
    ];
    for (const fault of faults) console.log(`  ${fault}`);
    if (faults.length > 0) this.#error = new Error(faults.join('\n'));
    const summary = `${numPassedTests} passed, ${numFailedTests} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // After all of jest's output, so that it is the last line.
    process.on('exit', () => writeSync(1, `${summary}\n`));
  }

  /** The coverage of all test files, by the same code as that of `pairlane/testing`. */
  async #counted() {
    const { CoverageCounts } = await tsImport(COUNTS, import.meta.url);
    const counts = new CoverageCounts();
    const folder = process.env.TRANSITIONS_FOLDER;
    counts.add(folder);
    rmSync(folder, { recursive: true });
    const shares = counts.shares.map(({ group, taken, all }) => `${group}: ${taken} of ${all}`);
    console.log(
      `Taken of the machines, and asserted, by these tests:\n  ${shares.join('\n  ') || 'nothing'}`,
    );
    return counts;
  }

  getLastError() {
    return this.#error;
  }
}

function missingIn(counts) {
  if (counts.shares.length === 0) return ['no transition was taken at all'];
  return counts.missing.sort().map((name) => `never taken: ${name}`);
}

/** Writes the gate's counts as a page. */
function writeReport(counts) {
  const chartOf = (group) => {
    const file = `${CHARTS}/${group}.brief.svg`;
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
  mkdirSync(REPORT.replace(/\/[^/]*$/, ''), { recursive: true });
  writeFileSync(REPORT, counts.toHtml(chartOf));
  console.log(`On the charts: ${REPORT}`);
}
