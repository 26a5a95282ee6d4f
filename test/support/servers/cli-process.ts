/** Runs the built `pairlane`, or a Node program that uses the build, as its user would, and waits for its output. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from '@jest/globals';
import { assertFreshBuild } from '../../../tools/assert-fresh-build.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';

const running: Run[] = [];

export class Run {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  readonly #exited: Promise<number | null>;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}, program = process.execPath) {
    assertFreshBuild();
    const { PATH, PAIRLANE_SHELL } = process.env;
    this.child = spawn(program, [...args], {
      env: { PATH, ...(PAIRLANE_SHELL !== undefined && { PAIRLANE_SHELL }), ...env },
    });
    this.child.stdout.on('data', (data) => {
      this.stdout += data;
    });
    this.child.stderr.on('data', (data) => {
      this.stderr += data;
    });
    this.#exited = once(this.child, 'close').then(([code]) => code);
    running.push(this);
  }

  /**
   * Waits until the output matches.
   * @returns the match
   */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match) return match;
      await Promise.race([
        once(this.child.stdout, 'data', { signal }).catch(() => {
          throw new Error(`${pattern} was not printed, but: ${this.stdout}${this.stderr}`);
        }),
        this.#exited.then((code) => {
          if (!pattern.test(this.stdout)) throw new Error(`ended with ${code}: ${this.stdout}${this.stderr}`);
        }),
      ]);
    }
  }

  /** The exit status; null if a signal ended it. */
  exited(): Promise<number | null> {
    return this.#exited;
  }
}

/** Starts `pairlane ARGS`; it is killed after the test if it is still running. */
export function pairlane(args: readonly string[], env?: NodeJS.ProcessEnv): Run {
  return runNode(['dist/cli.js', ...args], env);
}

/** Starts `node ARGS`; it is killed after the test if it is still running. */
export function runNode(args: readonly string[], env?: NodeJS.ProcessEnv): Run {
  return new Run(args, env);
}

/** Starts another runtime's program with `ARGS`; it is killed after the test if it is still running. */
export function runProgram(program: string, args: readonly string[]): Run {
  return new Run(args, {}, program);
}

afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
});
