/** Runs jest and the type checker in the copy, one at a time, and kills runs that take too long or on request. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import type { Part } from './areas.ts';
import { type GroupUse, useOf } from './group-use.ts';

/** Limits in CPU time: on a busy machine a run may take any time, and still end. */
export interface Patience {
  /** Endless loops use more. */
  readonly cpuSeconds: number;
  /** So many seconds in a row in which it does nothing: it waits for what never comes. */
  readonly idleSeconds: number;
}

export type TestChoice = Pick<Part, 'tests' | 'names' | 'shell'>;

export interface Outcome {
  readonly passed: boolean;
  readonly timedOut: boolean;
  readonly cpuSeconds: number;
  /** The end of the output. */
  readonly output: string;
}

const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const OUTPUT_KEPT = 6_000;
const SAMPLE_MS = 1_000;
const NOTHING: GroupUse = { cpuSeconds: 0, isAtWork: false };
/** For runs that nobody has changed anything in. */
export const UNLIMITED: Patience = { cpuSeconds: Infinity, idleSeconds: Infinity };

export class ChildRuns {
  readonly #cwd: string;
  #child: ChildProcess | undefined;

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  jest({ tests, names, shell }: TestChoice, patience: Patience): Promise<Outcome> {
    const patterns = tests.map((pattern) => `/test/${pattern}`);
    const named = names === undefined ? [] : ['--testNamePattern', names];
    const args = [...JEST, '--config', 'scripts/mutants/jest.config.js', ...named, ...patterns];
    return this.#run(args, patience, {
      MUTANT_TESTS: JSON.stringify(patterns),
      // Read by test/support/jest-setup.ts.
      ...(shell && { PAIRLANE_SHELL: shell }),
    });
  }

  typecheck(): Promise<Outcome> {
    return this.#run(['node_modules/typescript/bin/tsc', '--noEmit'], UNLIMITED);
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

  async #run(args: readonly string[], patience: Patience, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
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
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const used = await this.#watch(child, closed, patience);
    const code = await closed;
    // Kills what a killed or failed test left running.
    this.kill();
    this.#child = undefined;
    return { passed: code === 0, output, ...used };
  }

  /** Kills the run once it has used up the patience. */
  async #watch(
    { pid }: ChildProcess,
    closed: Promise<unknown>,
    patience: Patience,
  ): Promise<Pick<Outcome, 'timedOut' | 'cpuSeconds'>> {
    let cpuSeconds = 0;
    let idleSeconds = 0;
    const hasClosed = closed.then(() => true);
    while (!(await Promise.race([hasClosed, wait(SAMPLE_MS, false, { ref: false })]))) {
      const use = pid === undefined ? NOTHING : await useOf(pid);
      idleSeconds = use.isAtWork || use.cpuSeconds > cpuSeconds ? 0 : idleSeconds + 1;
      cpuSeconds = Math.max(cpuSeconds, use.cpuSeconds);
      if (cpuSeconds > patience.cpuSeconds || idleSeconds > patience.idleSeconds) {
        this.kill();
        return { timedOut: true, cpuSeconds };
      }
    }
    return { timedOut: false, cpuSeconds };
  }
}
