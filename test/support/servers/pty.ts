/** Programs in a real pseudo-terminal (util-linux `script`), typed into and read as their user would. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from '@jest/globals';
import { assertFreshBuild } from '../../../tools/assert-fresh-build.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';

const CTRL_C = '\x03';
const CTRL_D = '\x04';
/** The escape sequences that move the cursor, clear and colour. */
const CURSOR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');
const running: Terminal[] = [];

export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<number>;
  /** Everything that was shown, without cursor movements: a prompt that was cleared is still there. */
  screen = '';
  #read = 0;

  /** @param cwd the folder that it runs in */
  constructor(command: readonly string[], cwd = '.') {
    const line = command.map((word) => `'${word}'`).join(' ');
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      cwd,
      env: { PATH: process.env.PATH, TERM: 'xterm', LANG: 'C.UTF-8' },
    });
    this.#child.stdout.on('data', (data) => {
      this.screen += String(data).replace(CURSOR, '').replaceAll('\r', '');
    });
    this.#exited = once(this.#child, 'close').then(([code]) => code as number);
    running.push(this);
  }

  /**
   * Waits until the text is shown, after what was waited for before.
   * @returns the match
   */
  async shows(what: string | RegExp): Promise<RegExpExecArray> {
    const pattern = typeof what === 'string' ? new RegExp(what.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : what;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    let isOver = false;
    for (;;) {
      const match = pattern.exec(this.screen.slice(this.#read));
      if (match) {
        this.#read += match.index + match[0].length;
        return match;
      }
      if (isOver) throw new Error(`ended without showing ${pattern}; it showed: ${this.screen}`);
      try {
        await Promise.race([
          once(this.#child.stdout, 'data', { signal }),
          this.#exited.then(() => {
            isOver = true;
          }),
        ]);
      } catch {
        throw new Error(`did not show ${pattern}; it showed: ${this.screen}`);
      }
    }
  }

  /** Types a line and Enter. */
  type(line: string): void {
    this.press(`${line}\r`);
  }

  /** Types without Enter. */
  press(keys: string): void {
    this.#child.stdin.write(keys);
  }

  ctrlC(): void {
    this.press(CTRL_C);
  }

  ctrlD(): void {
    this.press(CTRL_D);
  }

  /** As when its window is closed: the programs in it are told, and may go on. */
  close(): void {
    this.#child.kill('SIGKILL');
  }

  /** The exit status. */
  exited(): Promise<number> {
    return this.#exited;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Runs `pairlane ARGS` in its own terminal; it is ended after the test. */
export function pairlaneInTerminal(...args: string[]): Terminal {
  assertFreshBuild();
  return new Terminal([process.execPath, 'dist/cli.js', ...args]);
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((terminal) => terminal.kill()));
});
