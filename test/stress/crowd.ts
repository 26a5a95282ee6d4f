/**
 * Many clients with different behaviour at once on one server with a heap of 256 MB, in a separate process. Afterwards
 * the honest ones have kept their sessions and received every message, nobody has received another's messages, and the
 * memory is free again.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';
import { HONEST_MARK, type HonestPair, plainPair, players, prober, returningPair } from './crowd-honest.ts';
import { Hostile } from './crowd-hostile.ts';
import type { ServerState } from './crowd-server.ts';
import { Random } from './random.ts';

export interface CrowdPlan {
  readonly seed: number;
  /** How many acts hostile clients perform in total. */
  readonly acts: number;
  /** How many hostile clients act at once. */
  readonly hostile?: number;
  readonly progress?: (line: string) => void;
}

export interface CrowdReport {
  readonly seed: number;
  /** How often hostile clients did what. */
  readonly acts: Readonly<Record<string, number>>;
  readonly refusals: number;
  /** Messages that honest clients sent and received, one after another. */
  readonly talks: number;
  /** What went wrong for honest clients; empty if nothing did. */
  readonly harm: readonly string[];
  /** Messages received by clients they were not meant for. */
  readonly strays: readonly string[];
  readonly sessionsLeft: number;
  readonly waitingBytesLeft: number;
  readonly growthBytes: number;
  readonly peakBytes: number;
}

const HEAP_MB = 256;

async function startServer() {
  const tsx = pathToFileURL(createRequire(`${process.cwd()}/package.json`).resolve('tsx')).href;
  const child = fork('test/stress/crowd-server.ts', {
    execArgv: ['--import', tsx, '--expose-gc', `--max-old-space-size=${HEAP_MB}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const answer = async <T>() => {
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return message as T;
  };
  const { port } = await answer<{ port: number }>();
  return {
    port,
    url: `ws://127.0.0.1:${port}/`,
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    async state(): Promise<ServerState> {
      const state = answer<ServerState>();
      child.send('state');
      return state;
    },
    async stop() {
      child.disconnect();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

export async function crowd({ seed, acts, hostile = 12, progress }: CrowdPlan): Promise<CrowdReport> {
  const server = await startServer();
  const pairs = [
    ...(await Promise.all(
      [plainPair, plainPair, plainPair, returningPair, returningPair].map((make) => make(server.url)),
    )),
    await players(server.url),
    await prober(server.url),
  ];
  const harm: string[] = [];
  const strays: string[] = [];
  let [done, talks, peakBytes] = [0, 0, 0];
  const talkOn = async (pair: HonestPair) => {
    for (let number = 0; done < acts; number += 1) {
      await pair.talk(number);
      talks += 1;
    }
  };
  // The first messages compile code, which must not count as memory growth.
  for (const pair of pairs) await pair.talk(-1);
  const before = await server.state();
  const crowdOf = new Hostile(
    server.port,
    HONEST_MARK,
    pairs.flatMap(({ ids }) => ids),
  );
  const actOn = async (place: number) => {
    const random = new Random(seed + place);
    for (let n = place; n < acts; n += hostile) {
      await crowdOf.act(random);
      done += 1;
      if (server.hasEnded) throw new Error('the server has ended');
      if (done % Math.ceil(acts / 10) !== 0) continue;
      const state = await server.state();
      peakBytes = Math.max(peakBytes, state.bytes);
      progress?.(`${done} of ${acts} acts, ${talks} talks, ${JSON.stringify(state)}`);
    }
  };
  const failed = (error: Error) => {
    harm.push(error.message);
    done = Math.max(done, server.hasEnded ? acts : 0);
  };
  await Promise.all([
    ...pairs.map((pair) => talkOn(pair).catch(failed)),
    ...Array.from({ length: hostile }, (_, place) => actOn(place).catch(failed)),
  ]);
  crowdOf.end();
  strays.push(...crowdOf.strays);
  const honest = pairs.reduce((sum, { sessions }) => sum + sessions, 0);
  let state = await server.state();
  const until = Date.now() + PATIENCE_MS;
  // Both clients of a pair send in turn: a silent one would be pinged, which these clients do not answer, and would ack
  // nothing.
  for (let number = -1; state.sessions > honest && Date.now() < until; number -= 1) {
    await Promise.all(pairs.map((pair) => pair.talk(number).catch(failed)));
    state = await server.state();
  }
  for (const pair of pairs) await pair.talk(-2).catch(failed);
  for (const pair of pairs) strays.push(...(await pair.end()));
  await server.stop();
  return {
    seed,
    acts: Object.fromEntries(crowdOf.acts),
    refusals: state.refusals,
    talks,
    harm,
    strays,
    sessionsLeft: state.sessions - honest,
    waitingBytesLeft: state.waitingBytes,
    growthBytes: state.bytes - before.bytes,
    peakBytes,
  };
}
