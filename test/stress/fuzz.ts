/** Fuzzes a server while well-behaved clients use it, which must not notice. */
import { startServer } from '../../src/server/index.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { until } from '../support/until.ts';
import { Fuzzer } from './fuzzer.ts';
import { Random } from './random.ts';

export interface FuzzReport {
  readonly seed: number;
  readonly frames: number;
  readonly connections: number;
  /** Messages handled, and messages and connections refused: they show how far the frames got. */
  readonly handled: number;
  /** Messages that reached a client they were not meant for. */
  readonly strays: readonly string[];
  /** Signals exchanged between hostile clients; without any, no stray could be found. */
  readonly signals: number;
  /** Messages between well-behaved clients: sent, and received unchanged. */
  readonly sent: number;
  readonly arrived: number;
  /** What was left in the server after all clients had gone. */
  readonly sessionsLeft: number;
  readonly pairingsLeft: number;
  /**
   * By how much the second half of the frames made the heap grow, when all its clients had gone. What the first half adds is
   * compiled code, and lists that have reached their size: every kind of frame has been there by then.
   */
  readonly heapGrowthBytes: number;
}

export interface FuzzPlan {
  readonly frames: number;
  readonly seed: number;
  /** How many hostile connections are open at once. */
  readonly connections?: number;
  readonly progress?: (frames: number) => void;
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

const FRAMES_AT_ONCE = 50;
/** Very short: sessions of absent clients are kept, but soon dropped. */
const RESUME_GRACE_MS = 50;

/** Collects garbage and measures the heap that is left. */
export function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** @returns a report; a crash of the server is a crash of this process */
export async function fuzz({ frames, seed, connections = 40, progress }: FuzzPlan): Promise<FuzzReport> {
  const server = await startServer({
    port: 0,
    logLevel: 'silent',
    resumeGraceMs: RESUME_GRACE_MS,
    pingIntervalMs: 0,
    maxMessagesPerSecond: 0,
    maxMessagesPerAddress: 0,
    maxBytesPerSecond: 0,
    maxUpgradesPerSecond: 0,
    maxConnectionsPerAddress: 0,
  });
  const random = new Random(seed);
  const [a, b] = [await RawClient.connect(server.url), await RawClient.connect(server.url)];
  a.send({ type: 'pair_request', target_id: b.id });
  await Promise.all([a.next('paired'), b.next('paired')]);
  const strays: string[] = [];
  const issued = new Set<string>();
  let [sentFrames, opened, sent, arrived, signals] = [0, 0, 0, 0, 0];
  const fuzzers = new Map<number, Fuzzer>();
  const hostile = async (place: number, upTo: number) => {
    while (sentFrames < upTo) {
      let fuzzer = fuzzers.get(place);
      if (!fuzzer || fuzzer.isClosed) {
        fuzzer = new Fuzzer(server.port, random, issued);
        opened += 1;
        fuzzers.set(place, fuzzer);
        await fuzzer.opened();
      }
      const ids = [...[...fuzzers.values()].map(({ id }) => id), a.id, b.id];
      sentFrames += FRAMES_AT_ONCE;
      await fuzzer.send(FRAMES_AT_ONCE, ids);
      strays.push(...fuzzer.strays.splice(0));
      signals += fuzzer.signals;
      fuzzer.signals = 0;
      progress?.(sentFrames);
    }
    fuzzers.get(place)?.end();
  };
  const behaved = async (upTo: number) => {
    while (sentFrames < upTo) {
      sent += 1;
      a.send({ type: 'candidate', candidate: null, number: sent });
      const message = await b.next('candidate');
      if (message.number === sent && message.from_peer === true) arrived += 1;
    }
  };
  /** What does not go is reported at the end. */
  const goneBut = (few: number) => until(() => server.parts.sessions.size <= few).catch(() => {});
  /** @returns the heap that is left when all hostile clients have gone */
  const play = async (upTo: number): Promise<number> => {
    const places = Array.from({ length: connections }, (_, place) => place);
    await Promise.all([behaved(upTo), ...places.map((place) => hostile(place, upTo))]);
    // The fuzzer's own memory must not count as a leak of the server's.
    issued.clear();
    fuzzers.clear();
    await goneBut([a, b].length);
    return heapBytes();
  };
  const heapBefore = await play(frames / 2);
  const heapGrowthBytes = (await play(frames)) - heapBefore;
  strays.push(...[...a.inbox, ...b.inbox].map((message) => `${message.type} reached a client that behaves`));
  await Promise.all([a.close(), b.close()]);
  await goneBut(0);
  const report = {
    seed,
    frames: sentFrames,
    connections: opened,
    handled: sum(server.parts.metrics.received) + sum(server.parts.metrics.refused),
    strays,
    signals,
    sent,
    arrived,
    sessionsLeft: server.parts.sessions.size,
    pairingsLeft: server.parts.pairings.size,
    heapGrowthBytes,
  };
  await server.stop();
  return report;
}
