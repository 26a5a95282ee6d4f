/**
 * A jest reporter that is the transition coverage gate: a full run in which some transition of a gated machine was
 * taken by no test fails, and names it. A run of chosen files only is not judged.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';

const FOLDER = '.cache/transitions';

export default class CoverageGate {
  #isFullRun;
  #error;

  constructor(globalConfig) {
    const patterns = globalConfig.testPathPatterns?.patterns ?? [];
    this.#isFullRun = patterns.length === 0 && !globalConfig.testNamePattern && !globalConfig.onlyChanged;
  }

  onRunStart() {
    rmSync(FOLDER, { recursive: true, force: true });
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests }) {
    this.#judge();
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    console.log(`${numPassedTests} passed, ${numFailedTests} failed${skipped}`);
  }

  #judge() {
    const parts = existsSync(FOLDER)
      ? readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')))
      : [];
    const all = new Set(parts.flatMap((part) => part.all));
    const taken = new Set(parts.flatMap((part) => part.taken));
    const missing = [...all].filter((name) => !taken.has(name)).sort();
    console.log(`Transitions of the machines taken by these tests: ${taken.size} of ${all.size}`);
    if (!this.#isFullRun || (missing.length === 0 && all.size > 0)) return;
    for (const name of missing) console.log(`  never taken: ${name}`);
    this.#error = new Error(`${missing.length} transitions were taken by no test`);
  }

  getLastError() {
    return this.#error;
  }
}
