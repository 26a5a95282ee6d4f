/**
 * Coverage of transitions for jest, in its configuration beside its own reporter:
 * `reporters: ['default', ['pairlane/testing/jest', { folder: '.coverage' }]]`. A run of which something was never taken
 * fails.
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

  /** What jest asks for, to fail the run. */
  getLastError(): Error | undefined {
    return this.#error;
  }
}
