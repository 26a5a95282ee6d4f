/** Runs jest and the type checker in the copy, one at a time, and kills runs that take too long or on request. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Outcome {
  readonly passed: boolean;
  readonly timedOut: boolean;
  /** The end of the output. */
  readonly output: string;
}

const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const OUTPUT_KEPT = 6_000;

export class ChildRuns {
  readonly #cwd: string;
  #child: ChildProcess | undefined;

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /**
   * @param tests patterns of files under `test/`
   * @param names a pattern of the tests' names; undefined runs all tests in those files
   */
  jest(tests: readonly string[], names: string | undefined, timeoutMs: number): Promise<Outcome> {
    const patterns = tests.map((pattern) => `/test/${pattern}`);
    const named = names === undefined ? [] : ['--testNamePattern', names];
    const args = [...JEST, '--config', 'scripts/mutants/jest.config.js', ...named, ...patterns];
    return this.#run(args, timeoutMs, { MUTANT_TESTS: JSON.stringify(patterns) });
  }

  typecheck(): Promise<Outcome> {
    return this.#run(['node_modules/typescript/bin/tsc', '--noEmit'], 600_000);
  }

  /** Kills the running process and everything it started. */
  kill(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }

  async #run(args: readonly string[], timeoutMs: number, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    // Its own process group, so that a test's child processes are killed with it.
    const child = spawn(process.execPath, args, {
      cwd: this.#cwd,
      detached: true,
      env: { ...process.env, ...env },
    });
    this.#child = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        output = (output + data).slice(-OUTPUT_KEPT);
      });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      this.kill();
    }, timeoutMs);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    // Kills what a killed or failed test left running.
    this.kill();
    this.#child = undefined;
    return { passed: code === 0, timedOut, output };
  }
}
