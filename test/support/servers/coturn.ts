/** A real TURN server: coturn (Debian's package) on a free loopback port, stopped after each test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { PATIENCE_MS } from '../wait-timeouts.ts';

export interface Coturn {
  /** For our server's `turnUrl`. */
  readonly url: string;
  /** For our server's `turnSecret`. */
  readonly secret: string;
  /**
   * User names that the server gave a relay address to, one entry per allocation, as its log says.
   * @param least waits until so many users have one: the log may come later than the answer to the client
   */
  readonly allocatedFor: (least: number) => Promise<string[]>;
  /** For a promise that is rejected: throws its error with what the server has logged. */
  readonly explain: (error: Error) => never;
}

/** coturn looks each user up in a file, and answers nobody while a disk is busy. */
const MEMORY = '/dev/shm';

const running: { child: ChildProcess; folder: string }[] = [];

/** Starts coturn, which accepts credentials of the REST scheme and relays between loopback addresses. */
export async function startCoturn(): Promise<Coturn> {
  const port = await freePorts();
  const secret = 'shared with coturn';
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'pairlane-coturn-'));
  const child = spawn(
    'turnserver',
    [
      ['-n', '--verbose', '--simple-log', '--log-file=stdout', '--no-cli', '--no-tls', '--no-dtls'],
      [`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'db')}`],
      ['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`],
      [`--min-port=${port + 1}`, `--max-port=${port + PORTS - 1}`],
      ['--allow-loopback-peers', '--realm=pairlane.test'],
      ['--use-auth-secret', `--static-auth-secret=${secret}`],
    ].flat(),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.push({ child, folder });
  let log = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (data) => {
      log += data;
    });
  }
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (!log.includes('UDP listener opened')) {
    const isOver = await Promise.race([
      once(child.stdout, 'data', { signal }).then(() => false),
      once(child, 'exit', { signal }).then(() => true),
    ]);
    if (isOver) throw new Error(`coturn ended at once:\n${log}`);
  }
  return {
    url: `turn:127.0.0.1:${port}`,
    secret,
    async allocatedFor(least) {
      const names = () =>
        [...log.matchAll(/username=<([^>]+)>, lifetime=[1-9]/g)].map(([, name]) => name as string);
      const signal = AbortSignal.timeout(PATIENCE_MS);
      while (new Set(names()).size < least) await once(child.stdout, 'data', { signal });
      return names();
    },
    explain(error) {
      throw new Error(`${error.message}\ncoturn's log:\n${log.slice(-20_000)}`, { cause: error });
    },
  };
}

/** Beyond those that the system gives to sockets which do not choose: nobody else takes one of them meanwhile. */
const FIRST_PORT = 61_000;
/** For one server and the addresses that it relays to: two that run at once must not share any. */
const PORTS = 100;

/** @returns the first of so many ports, for a program that cannot choose them itself */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + PORTS * Math.floor(Math.random() * ((65_536 - FIRST_PORT) / PORTS - 1));
    const socket = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false)).bind(port, '127.0.0.1', () => resolve(true));
    });
    socket.close();
    await once(socket, 'close');
    if (isFree) return port;
  }
}

afterEach(async () => {
  for (const { child, folder } of running.splice(0)) {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true });
  }
});
