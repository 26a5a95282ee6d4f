/**
 * Transition coverage for vitest, configured besides its own reporter: `reporters: ['default', new
 * VitestCoverageReporter({ folder: '.coverage' })]`. A run fails if something was never covered.
 */
import { type CoverageReporterOptions, CoverageRun } from './coverage-run.ts';

export default class VitestCoverageReporter {
  readonly #run: CoverageRun;

  constructor(options: CoverageReporterOptions) {
    this.#run = new CoverageRun(options);
  }

  onTestRunStart(): void {
    this.#run.begin();
  }

  onTestRunEnd(): void {
    const { text, missing } = this.#run.end();
    process.stdout.write(`\n${text}\n`);
    if (missing.length > 0) process.exitCode = 1;
  }
}
