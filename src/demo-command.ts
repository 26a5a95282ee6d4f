/** `pairlane demo`: everything once, on this machine, with the time that each step took. */
import type { Peer } from './client/index.ts';
import { CommandError, defineCommand } from './common/command.ts';

/** Any step that takes this long has failed. */
const STEP_TIMEOUT_MS = 10_000;

type Step = <T>(name: string, run: () => Promise<T>, describe?: (result: T) => string) => Promise<T>;

/** Runs a step, prints it with the time that it took, and fails with its name. @returns those milliseconds */
async function timed<T>(
  name: string,
  run: () => Promise<T>,
  describe?: (result: T) => string,
): Promise<{ result: T; tookMs: number }> {
  const started = performance.now();
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error(`not within ${STEP_TIMEOUT_MS / 1000} s`)), STEP_TIMEOUT_MS);
  });
  try {
    const result = await Promise.race([run(), late]);
    const tookMs = Math.round(performance.now() - started);
    process.stdout.write(
      `${`${tookMs} ms`.padStart(8)}  ${name}${describe ? `: ${describe(result)}` : ''}\n`,
    );
    return { result, tookMs };
  } catch (error) {
    throw new CommandError(`${name}: failed: ${(error as Error).message}`);
  } finally {
    clearTimeout(deadline);
  }
}

export const demoCommand = defineCommand({
  name: 'demo',
  about: 'Start a server and two peers that talk to each other, step by step.',
  options: {},
  async run() {
    let totalMs = 0;
    const step: Step = async (name, run, describe) => {
      const { result, tookMs } = await timed(name, run, describe);
      totalMs += tookMs;
      return result;
    };
    const ends: (() => Promise<unknown>)[] = [];
    const [{ createPeer }, { startServer }] = await step('The program loads', () =>
      Promise.all([import('./client/index.ts'), import('./server/index.ts')]),
    );
    try {
      const server = await step(
        'A signaling server starts',
        () => startServer({ port: 0, logLevel: 'silent' }),
        ({ url }) => url,
      );
      ends.push(() => server.stop());
      // Loopback for machines without a network; no STUN, both are here.
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
    process.stdout.write(`All of it took ${totalMs} ms.\n`);
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
