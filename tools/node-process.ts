/** A real `pairlane serve` that can be killed and started again on the same port, as a node of a cluster or alone. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { assertFreshBuild } from './assert-fresh-build.ts';
import { freePort } from './free-port.ts';
import { groupOptions, noteChild } from './process-group.ts';

/** More than a busy machine needs to start a process. */
const TIMEOUT_MS = 60_000;
const POLL_MS = 20;
/** A connection that the system took for a process that hangs is never answered, and would be waited for without end. */
const ANSWER_MS = 5_000;
/** Only the end of the log is kept, for when something goes wrong. */
const KEPT_LOG_CHARS = 8_192;

/** Allows load from one address, at rates that no real client has. */
const FOR_LOAD = [
  ['--max-messages-per-second', '0'],
  ['--max-bytes-per-second', '0'],
  ['--max-connections-per-address', '0'],
  ['--max-upgrades-per-second', '0'],
].flat();

/** Every node that was started and not killed. */
export const runningNodes = new Set<NodeProcess>();

export class NodeProcess {
  readonly port: number;
  /** The end of its log. */
  log = '';
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** @param args further options for `pairlane serve`; later ones take precedence */
  static async start(...args: string[]): Promise<NodeProcess> {
    // A port that the system chose for a server cannot be reused for a minute; a port given by number can.
    const node = new NodeProcess(await freePort(), args);
    await node.restart();
    return node;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it, again on the same port. */
  async restart(): Promise<void> {
    assertFreshBuild();
    const args = ['dist/cli.js', 'serve', '--log-format', 'json', '--port', String(this.port), ...FOR_LOAD];
    const child = spawn(process.execPath, [...args, ...this.#args], {
      env: { PATH: process.env.PATH },
      ...groupOptions(),
    });
    noteChild(child);
    this.#child = child;
    runningNodes.add(this);
    this.log = '';
    const take = (data: unknown) => {
      this.log = (this.log + data).slice(-KEPT_LOG_CHARS);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    await this.#listening(child);
  }

  /**
   * Waits until its log matches; requires a log level at which the line is logged.
   * @throws if the process ends instead
   */
  async logged(pattern: RegExp): Promise<void> {
    const child = this.#child;
    if (!child?.stdout) throw new Error('The node does not run');
    const exited = hasEnded(child) ? Promise.resolve() : once(child, 'exit');
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    while (!pattern.test(this.log)) {
      const why = await Promise.race([
        once(child.stdout, 'data', { signal }).then(
          () => undefined,
          () => `did not log ${pattern}`,
        ),
        exited.then(() => 'ended'),
      ]);
      if (why) throw new Error(`pairlane serve ${why}:\n${this.log}`);
    }
  }

  /** kill -9 */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /**
   * Stops it as an operator does; with `--drain-ms`, it drains.
   * @returns its exit status
   */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** Does not rely on the log, which may be off. */
  async #listening(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    const health = `http://127.0.0.1:${this.port}/healthz`;
    const ask = () => fetch(health, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined);
    while (!(await ask())?.ok) {
      if (hasEnded(child) || performance.now() > deadline)
        throw new Error(`pairlane serve did not start:\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    runningNodes.delete(this);
    if (!child) return null;
    if (hasEnded(child)) return child.exitCode;
    child.kill(signal);
    await once(child, 'exit');
    return child.exitCode;
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
