/**
 * A jest reporter that judges a run of all tests of a project: it fails, and says why, where one was skipped; and where
 * the fast tests leave out a transition of a gated machine. A run of some tests only is not judged. Its options are the
 * projects' test files, under test/.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';

const FOLDERS = '.cache/transitions';

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

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
    const ran = new Set(testResults.map(({ testFilePath }) => testFilePath));
    const isWhole = (files) => !this.#hasNamePattern && files.every((file) => ran.has(this.#folder + file));
    const { fast, full } = this.#projects;
    const skipped = numPendingTests + numTodoTests;
    const missing = this.#missing();
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

  /** The transitions that no test has taken. */
  #missing() {
    const folder = process.env.TRANSITIONS_FOLDER;
    const parts = readdirSync(folder).map((file) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')));
    rmSync(folder, { recursive: true });
    const all = new Set(parts.flatMap((part) => part.all));
    const taken = new Set(parts.flatMap((part) => part.taken));
    console.log(
      `Transitions of the machines taken and asserted by these tests: ${taken.size} of ${all.size}`,
    );
    if (all.size === 0) return ['no transition was taken at all'];
    return [...all]
      .filter((name) => !taken.has(name))
      .sort()
      .map((name) => `never taken: ${name}`);
  }

  getLastError() {
    return this.#error;
  }
}
