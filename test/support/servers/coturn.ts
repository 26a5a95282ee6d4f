/** A real TURN server: coturn (Debian's package) on a free loopback port, stopped after each test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
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

const running: { child: ChildProcess; folder: string; claim: Socket }[] = [];

/** Starts coturn, which accepts credentials of the REST scheme and relays between loopback addresses. */
export async function startCoturn(): Promise<Coturn> {
  const { port, claim } = await claimPorts();
  const secret = 'shared with coturn';
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'pairlane-coturn-'));
  const child = spawn(
    'turnserver',
    [
      ['-n', '--verbose', '--simple-log', '--log-file=stdout', '--no-cli', '--no-tls', '--no-dtls'],
      [`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'db')}`],
      ['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`],
      [`--min-port=${port + 1}`, `--max-port=${port + CLAIM - 1}`],
      ['--allow-loopback-peers', '--realm=pairlane.test'],
      ['--use-auth-secret', `--static-auth-secret=${secret}`],
    ].flat(),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.push({ child, folder, claim });
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
/** Counted from the first port: while we hold this one, the others are ours. */
const CLAIM = PORTS - 1;

/**
 * Ports for a program that cannot choose them itself. Whether they are free is not asked of the port that coturn listens
 * on: it takes it together with others (SO_REUSEPORT), so that two which started at once both got it, and the packets of
 * either one's clients.
 */
async function claimPorts(): Promise<{ port: number; claim: Socket }> {
  for (;;) {
    const port = FIRST_PORT + PORTS * Math.floor(Math.random() * ((65_536 - FIRST_PORT) / PORTS - 1));
    const claim = createSocket('udp4');
    const isOurs = await new Promise<boolean>((resolve) => {
      claim.once('error', () => resolve(false)).bind(port + CLAIM, '127.0.0.1', () => resolve(true));
    });
    if (isOurs) return { port, claim };
    claim.close();
  }
}

afterEach(async () => {
  for (const { child, folder, claim } of running.splice(0)) {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true });
    claim.close();
  }
});
