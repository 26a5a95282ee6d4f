/** The two processes of a measurement: the server under test, and the load generator. */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contender } from './contenders.ts';
import type { Question } from './servers/measured.ts';

const GENERATOR = '.cache/load';
/**
 * The server has finished its own work after the load, such as closing sockets, once it uses less CPU than this between
 * two probes.
 */
const QUIET_US = 500;
const QUIET_PROBE_MS = 30;
/** A server under a profiler, for example, never gets quiet. */
const MAX_QUIET_PROBES = 30;

/** @throws naming what is missing, on a machine that cannot build the load generator */
export function buildGenerator(): void {
  mkdirSync('.cache', { recursive: true });
  try {
    execFileSync('cc', ['-O2', '-o', GENERATOR, 'bench/load/load.c'], { stdio: 'pipe' });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    const why = code === 'ENOENT' ? 'there is no `cc`' : String(stderr ?? error);
    throw new Error(
      `The load generator is a C program for Linux (epoll), and cannot be built here: ${why}. ` +
        'Install a C compiler (Debian: apt-get install gcc libc6-dev).',
    );
  }
}

export class ServerProcess {
  readonly #child: ChildProcess;
  port = 0;

  private constructor(name: string) {
    const file = fileURLToPath(new URL(`servers/${name}.js`, import.meta.url));
    const profile =
      process.env.BENCH_PROFILE === name ? ['--cpu-prof', '--cpu-prof-dir=.cache/profiles'] : [];
    this.#child = fork(file, { execArgv: ['--expose-gc', ...profile], stdio: 'inherit' });
  }

  static async start(name: string): Promise<ServerProcess> {
    const server = new ServerProcess(name);
    server.port = await server.#answer();
    return server;
  }

  ask(question: Question): Promise<number> {
    const answer = this.#answer();
    this.#child.send(question);
    return answer;
  }

  /** Waits until the server has nothing left to do. */
  async quiet(): Promise<void> {
    let before = await this.ask('cpu');
    for (let probe = 0; probe < MAX_QUIET_PROBES; probe += 1) {
      await new Promise((resolve) => setTimeout(resolve, QUIET_PROBE_MS));
      const now = await this.ask('cpu');
      if (now - before < QUIET_US) return;
      before = now;
    }
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  async #answer(): Promise<number> {
    const died = new AbortController();
    const message = once(this.#child, 'message', { signal: died.signal });
    this.#child.once('exit', died.abort.bind(died));
    const [{ answer }] = await message;
    this.#child.removeAllListeners('exit');
    return answer;
  }
}

export interface LoadResult {
  readonly count: number;
  /** CPU time that the generator has used since it started. */
  readonly cpuUs: number;
}

export class LoadProcess {
  readonly #child;
  readonly #lines;

  /**
   * @param ports the server's, or those of several nodes
   * @param messageBytes the length of the messages that `relay` sends
   */
  constructor(
    ports: number | readonly number[],
    { dialect }: Pick<Contender, 'dialect'>,
    messageBytes = 200,
  ) {
    const { back } = dialect;
    const messages = (['asker', 'asked'] as const).map((from) => dialect.message(messageBytes, from));
    this.#child = spawn(
      GENERATOR,
      [
        String(ports),
        dialect.path,
        dialect.hello,
        dialect.greeting,
        dialect.idMarker,
        dialect.pair,
        dialect.paired,
        ...messages,
        ...(back ? [back.secretMarker, back.path, back.hello, back.ping, back.pong] : []),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Runs one of the commands described in load.c. */
  async run(command: string): Promise<LoadResult> {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The load generator ended during '${command}'`);
    const [, count = 0, cpuUs = 0] = value.split(' ').map(Number);
    return { count, cpuUs };
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exited;
  }
}
