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
}

/** coturn looks each user up in a file, and answers nobody while a disk is busy. */
const MEMORY = '/dev/shm';

const running: { child: ChildProcess; folder: string }[] = [];

/** Starts coturn, which accepts credentials of the REST scheme and relays between loopback addresses. */
export async function startCoturn(): Promise<Coturn> {
  const port = await freePort();
  const secret = 'shared with coturn';
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'pairlane-coturn-'));
  const child = spawn(
    'turnserver',
    [
      ['-n', '--verbose', '--simple-log', '--log-file=stdout', '--no-cli', '--no-tls', '--no-dtls'],
      [`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'db')}`],
      ['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`],
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
  };
}

/** A port that is free now, for a program that cannot choose one itself. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
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
