/**
 * Transition coverage for jest, configured besides its own reporter: `reporters: ['default', ['pairlane/testing/jest',
 * { folder: '.coverage' }]]`. A run fails if something was never covered.
 */
import { type CoverageReporterOptions, CoverageRun } from './coverage-run.ts';

export default class JestCoverageReporter {
  readonly #run: CoverageRun;
  #error: Error | undefined;

  constructor(_globalConfig: unknown, options: CoverageReporterOptions) {
    this.#run = new CoverageRun(options);
  }

  onRunStart(): void {
    this.#run.begin();
  }

  onRunComplete(): void {
    const { text, missing } = this.#run.end();
    process.stderr.write(`\n${text}\n`);
    if (missing.length > 0) this.#error = new Error(`Never taken:\n  ${missing.join('\n  ')}`);
  }

  /** Called by jest, to fail the run. */
  getLastError(): Error | undefined {
    return this.#error;
  }
}
