/** A server process that is ended and started again on the same port, and two clients paired on it. */

import { expect } from '@jest/globals';
import { freePort } from '../../../tools/free-port.ts';
import type { Received } from '../clients/raw-client.ts';
import { ResumableClient } from '../clients/resumable-client.ts';
import { pairlane, type Run } from './cli-process.ts';
import { pairUp } from './test-server.ts';

export class Restartable {
  url = '';
  readonly #options: readonly string[];
  #run: Run | undefined;

  constructor(options: readonly string[] = []) {
    this.#options = options;
  }

  async start(port?: string, secret = 'a secret'): Promise<this> {
    // A port that the system chose for a server cannot be reused for a minute; a port given by number can.
    const args = ['serve', '--port', port ?? String(await freePort()), '--max-messages-per-second', '0'];
    args.push(...this.#options);
    this.#run = pairlane(args, { PAIRLANE_SECRET: secret });
    const [, started] = await this.#run.printed(/Server starting on [^:]+:(\d+)/);
    this.url = `ws://127.0.0.1:${started}/`;
    return this;
  }

  /** Kills it (kill -9), and starts it on the same port. */
  async restart(secret?: string): Promise<void> {
    await this.end('SIGKILL');
    await this.start(new URL(this.url).port, secret);
  }

  /** @returns the exit status; null if the signal ended it */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.#run?.child.kill(signal);
    return (await this.#run?.exited()) ?? null;
  }
}

/** Two paired clients that claim their pairing to a server that has lost it. */
export async function pairedOn(server: Restartable): Promise<{ a: ResumableClient; b: ResumableClient }> {
  const clients = {
    a: await ResumableClient.connect(server.url),
    b: await ResumableClient.connect(server.url),
  };
  const epoch = await pairUp(clients.a, clients.b);
  clients.a.pairing = { peer_id: clients.b.id, epoch, initiator: true };
  clients.b.pairing = { peer_id: clients.a.id, epoch, initiator: false };
  return clients;
}

/** The candidates that reached it, in order. */
export const heardBy = (client: ResumableClient) =>
  client.inbox
    .filter((message) => message.type === 'candidate')
    .map((message) => (message.candidate as { candidate: string }).candidate);

/**
 * Waits until each has heard everything the other one sent, `a 1`, `a 2` and so on: once, in order, without the pairing
 * ending.
 */
export async function expectAllHeard(
  { a, b }: { a: ResumableClient; b: ResumableClient },
  said: { a: number; b: number },
): Promise<void> {
  await b.until(() => heardBy(b).length >= said.a, "the last of a's messages");
  await a.until(() => heardBy(a).length >= said.b, "the last of b's messages");
  expect(heardBy(b)).toEqual(Array.from({ length: said.a }, (_, n) => `a ${n + 1}`));
  expect(heardBy(a)).toEqual(Array.from({ length: said.b }, (_, n) => `b ${n + 1}`));
  // The request by which a client waits for the server (RawClient.settled) may be answered more than once.
  const isAnswer = ({ code }: Received) => code === 'unknown_type';
  const bad = [...a.inbox, ...b.inbox].filter(
    (message) => message.type === 'peer_disconnected' || (message.type === 'error' && !isAnswer(message)),
  );
  expect(bad).toEqual([]);
}
