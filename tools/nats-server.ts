/** A real NATS broker (Debian's nats-server) on a free loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { groupOptions, noteChild } from './process-group.ts';

const PATIENCE_MS = 10_000;
/** Every broker that was started, to be stopped. */
export const runningBrokers = new Set<NatsServer>();

export class NatsServer {
  /** Stays the same after a restart. */
  port = 0;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** @param args further options: `--user ada --pass secret`, `--config FILE` */
  static async start(...args: string[]): Promise<NatsServer> {
    const server = new NatsServer(args);
    runningBrokers.add(server);
    await server.restart();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Starts it again after a kill, on the same port.
   * @param args further options, this time
   */
  async restart(...args: string[]): Promise<void> {
    // It is in a folder that only root has in its PATH.
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
    // -1 is any free port; 0 would be the default one.
    const all = ['--addr', '127.0.0.1', '--port', String(this.port || -1), ...this.#args, ...args];
    const child = spawn('nats-server', all, {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...groupOptions(),
    });
    noteChild(child);
    this.#child = child;
    let log = '';
    child.stderr.on('data', (data) => {
      log += data;
    });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!log.includes('Server is ready')) {
      const isOver = await Promise.race([
        once(child.stderr, 'data', { signal }).then(() => false),
        once(child, 'exit', { signal }).then(() => true),
      ]);
      if (isOver) throw new Error(`nats-server ended at once:\n${log}`);
    }
    this.port = Number(/Listening for client connections on [\d.]+:(\d+)/.exec(log)?.[1]);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
