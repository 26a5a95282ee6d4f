/** Hours in minutes: clients come, pair, relay, leave or are killed, again and again, and the server stays as it was. */
import { existsSync, readdirSync } from 'node:fs';
import { startServer } from '../../src/server/index.ts';
import { madeClients, RawClient } from '../support/raw-client.ts';
import { heapBytes } from './fuzz.ts';
import { Random } from './random.ts';

export interface SoakSample {
  readonly atS: number;
  readonly heapBytes: number;
  /** Open files and sockets; uWebSockets.js's are unknown to Node. */
  readonly handles: number;
}

export interface SoakReport {
  readonly pairings: number;
  readonly relayed: number;
  readonly kills: number;
  readonly samples: readonly SoakSample[];
  readonly sessionsLeft: number;
}

/** Node's own count, where the operating system has no better one. */
function countHandles(): number {
  return existsSync('/proc/self/fd')
    ? readdirSync('/proc/self/fd').length
    : process.getActiveResourcesInfo().length;
}

const LANES = 30;
const MESSAGES_A_PAIR = 20;

/**
 * @param seconds how long
 * @param sampleEveryS all clients are gone for a moment at each sample, so that the samples can be compared
 */
export async function soak(
  seconds: number,
  sampleEveryS: number,
  progress: (sample: SoakSample) => void = () => {},
): Promise<SoakReport> {
  const options = { maxConnectionsPerAddress: 0, maxUpgradesPerSecond: 0, resumeGraceMs: 0 };
  const server = await startServer({ port: 0, logLevel: 'silent', ...options });
  const random = new Random(1);
  const samples: SoakSample[] = [];
  let [pairings, relayed, kills] = [0, 0, 0];
  const startedAt = performance.now();
  const elapsedS = () => (performance.now() - startedAt) / 1_000;

  const oneLife = async () => {
    const [a, b] = [await RawClient.connect(server.url), await RawClient.connect(server.url)];
    a.send({ type: 'pair_request', target_id: b.id });
    await Promise.all([a.next('paired'), b.next('paired')]);
    pairings += 1;
    for (let sent = 0; sent < MESSAGES_A_PAIR; sent += 1) {
      a.send({ type: 'candidate', candidate: null });
      await b.next('candidate');
      relayed += 1;
    }
    const isKilled = random.below(2) === 0;
    if (isKilled) {
      kills += 1;
      a.socket.terminate();
    } else await a.close();
    await b.next('peer_disconnected');
    await b.close();
    madeClients.delete(a);
    madeClients.delete(b);
  };

  for (let untilS = sampleEveryS; samples.length * sampleEveryS < seconds; untilS += sampleEveryS) {
    const lane = async () => {
      while (elapsedS() < untilS) await oneLife();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    while (server.sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
    const sample = {
      atS: Math.round(elapsedS()),
      heapBytes: heapBytes(),
      handles: countHandles(),
    };
    samples.push(sample);
    progress(sample);
  }
  const sessionsLeft = server.sessions.size + server.pairings.size;
  await server.stop();
  return { pairings, relayed, kills, samples, sessionsLeft };
}
