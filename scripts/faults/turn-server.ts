/** coturn at the address that everybody can reach, for STUN and TURN. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_ADDRESS } from './networks.ts';

export const TURN_SECRET = 'shared with coturn';
export const STUN_URL = `stun:${SERVER_ADDRESS}:3478`;
export const TURN_URL = `turn:${SERVER_ADDRESS}:3478`;

export class TurnServer {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** @returns undefined if it is not installed */
  static async start(): Promise<TurnServer | undefined> {
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-faults-'));
    const child = spawn(
      'turnserver',
      [
        [
          '-n',
          '--verbose',
          '--simple-log',
          '--log-file=stdout',
          '--no-cli',
          '--no-tls',
          '--no-dtls',
          '--realm=pairlane.test',
        ],
        [`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'db')}`],
        [`--listening-ip=${SERVER_ADDRESS}`, `--relay-ip=${SERVER_ADDRESS}`],
        ['--use-auth-secret', `--static-auth-secret=${TURN_SECRET}`],
      ].flat(),
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const started = new Promise<boolean>((resolve) => {
      let log = '';
      child.stdout.on('data', (data) => {
        // Reading goes on after the start, so that coturn never blocks on a full pipe.
        log = (log + data).slice(-10_000);
        if (log.includes('UDP listener opened')) resolve(true);
      });
      child.on('exit', () => resolve(false));
      child.on('error', () => resolve(false));
    });
    const isUp = await started;
    return isUp ? new TurnServer(child, folder) : undefined;
  }

  close(): void {
    this.#child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
