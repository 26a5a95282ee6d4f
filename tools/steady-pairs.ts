/** Many pairs of light clients that talk to each other through one or several nodes, and what their histories show. */
import { once } from 'node:events';
import { type History, judge, type Verdict } from './history.ts';
import { type ReceivedMessage, SteadyClient, type SteadyClientOptions } from './steady-client.ts';

const TICK_MS = 20;
const POLL_MS = 10;
/** Under load, with nodes that come and go. */
const PAIRING_TIMEOUT_MS = 60_000;

export type SteadyPair = readonly [SteadyClient, SteadyClient];

/**
 * Asks for a pairing until it succeeds.
 * @throws if it does not
 */
export async function pairUp(
  a: SteadyClient,
  b: SteadyClient,
  request: object = { target_id: b.id },
): Promise<void> {
  const signal = AbortSignal.timeout(PAIRING_TIMEOUT_MS);
  const both = Promise.all([a, b].map((client) => whenPaired(client, signal)));
  a.request({ type: 'pair_request', ...request });
  await both;
}

async function whenPaired(client: SteadyClient, signal: AbortSignal): Promise<void> {
  while (!client.isPaired) {
    const [message] = (await once(client, 'message', { signal })) as [ReceivedMessage];
    if (message.type === 'error') throw new Error(`no pairing: ${message.code}`);
  }
}

export class SteadyPairs {
  readonly pairs: SteadyPair[] = [];
  readonly problems: string[] = [];
  #ticker: NodeJS.Timeout | undefined;

  get clients(): SteadyClient[] {
    return this.pairs.flat();
  }

  get histories(): (readonly [History, History])[] {
    return this.pairs.map(([a, b]) => [a.history, b.history]);
  }

  get verdict(): Verdict {
    return judge(this.histories);
  }

  /** Why pairings ended: each reason with the number of clients that were told so. */
  get endings(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { history } of this.clients)
      if (history.ended !== undefined) counts[history.ended] = (counts[history.ended] ?? 0) + 1;
    return counts;
  }

  /** Connects two clients and pairs them. */
  async add(a: SteadyClientOptions, b: SteadyClientOptions): Promise<SteadyPair> {
    const pair = await Promise.all([new SteadyClient(a).start(), new SteadyClient(b).start()]);
    await pairUp(...pair);
    for (const client of pair) client.on('problem', (what) => this.problems.push(what));
    this.pairs.push(pair);
    return pair;
  }

  /** From here on, each client sends this many messages per second, as far as they get through. */
  talk(perSecond: number): void {
    let last = performance.now();
    let due = 0;
    this.#ticker = setInterval(() => {
      const now = performance.now();
      due += ((now - last) / 1000) * perSecond;
      last = now;
      for (; due >= 1; due -= 1) for (const client of this.clients) client.say();
    }, TICK_MS);
  }

  hush(): void {
    clearInterval(this.#ticker);
  }

  /**
   * Waits until everything sent has arrived and all clients are connected.
   * @returns whether that happened
   */
  async settled(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#isSettled()) {
      if (performance.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return true;
  }

  close(): void {
    this.hush();
    for (const client of this.clients) client.close();
  }

  #isSettled(): boolean {
    return this.pairs.every(
      ([a, b]) =>
        a.isConnected &&
        b.isConnected &&
        a.history.received.length >= b.history.sent &&
        b.history.received.length >= a.history.sent,
    );
  }
}
