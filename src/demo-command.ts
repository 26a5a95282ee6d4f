/** `pairlane demo`: everything once, on this machine, with the time that each step took. */
import type { Peer } from './client/index.ts';
import { CommandError, defineCommand } from './common/command.ts';

/** Any step that takes this long has failed. */
const STEP_TIMEOUT_MS = 10_000;

type Describe<T> = (result: T) => string;

/** Prints how long each step took, and adds the times up. */
class Steps {
  totalMs = 0;

  /** Runs a step, prints it with the time that it took, and fails with its name. */
  async run<T>(name: string, run: () => Promise<T>, describe?: Describe<T>): Promise<T> {
    const started = performance.now();
    try {
      const result = await run();
      const tookMs = Math.round(performance.now() - started);
      this.totalMs += tookMs;
      const line = `${`${tookMs} ms`.padStart(8)}  ${name}${describe ? `: ${describe(result)}` : ''}`;
      process.stdout.write(`${line}\n`);
      return result;
    } catch (error) {
      throw new CommandError(`${name}: failed: ${(error as Error).message}`);
    }
  }
}

/** @throws when it takes too long */
async function inTime<T>(run: () => Promise<T>): Promise<T> {
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error(`not within ${STEP_TIMEOUT_MS / 1000} s`)), STEP_TIMEOUT_MS);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(deadline);
  }
}

export const demoCommand = defineCommand({
  name: 'demo',
  about: 'Start a server and two peers that talk to each other, step by step.',
  options: {},
  examples: [['pairlane demo', 'needs neither a server nor a network']],
  async run() {
    const steps = new Steps();
    const step = <T>(name: string, run: () => Promise<T>, describe?: Describe<T>) =>
      steps.run(name, () => inTime(run), describe);
    const ends: (() => Promise<unknown>)[] = [];
    // Without a deadline: on a busy machine it may take long, and nothing can go wrong.
    const [{ createPeer }, { startServer }] = await steps.run('The program loads', () =>
      Promise.all([import('./client/index.ts'), import('./server/index.ts')]),
    );
    try {
      const server = await step(
        'A signaling server starts',
        () => startServer({ port: 0, logLevel: 'silent' }),
        ({ url }) => url,
      );
      ends.push(() => server.stop());
      // Loopback, for machines without a network; no STUN, since both peers are here.
      const options = { url: server.url, iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
      const join = async () => {
        const peer = await createPeer(options);
        ends.unshift(() => peer.close());
        return peer;
      };
      const alice = await step('Alice connects to it', join, ({ id }) => `she is ${id}`);
      const bob = await step('Bob connects to it', join, ({ id }) => `he is ${id}`);
      const { key } = await step(
        'Alice makes a pairing key',
        () => alice.createKey(),
        (made) => made.key,
      );
      await step(
        'Bob pairs with the key',
        () => bob.pair({ key }),
        ({ initiator }) => `he is the ${initiator ? 'initiator' : 'responder'}`,
      );
      await step('The data channel opens, from peer to peer', () =>
        Promise.all([alice.opened(), bob.opened()]),
      );
      await step('Bob says something', () => say(bob, alice, 'Hello Alice!'), quoted);
      await step('Alice answers', () => say(alice, bob, 'Hello Bob! No server saw this.'), quoted);
      await step('Both leave, the server stops', () => endAll(ends));
    } finally {
      await endAll(ends);
    }
    process.stdout.write(`All of it took ${steps.totalMs} ms.\n`);
    return 0;
  },
});

async function say(from: Peer, to: Peer, text: string): Promise<string | Uint8Array> {
  const received = new Promise<string | Uint8Array>((resolve) => to.once('message', resolve));
  await from.send(text);
  return received;
}

function quoted(text: string | Uint8Array): string {
  return `"${text}"`;
}

async function endAll(ends: (() => Promise<unknown>)[]): Promise<void> {
  for (const end of ends.splice(0)) await end();
}
