/**
 * Hours of use in minutes: clients connect, pair, relay, lose their sockets and resume, leave or are killed, again and
 * again, and the server must not grow.
 */
import { existsSync, readdirSync } from 'node:fs';
import { startServer } from '../../src/server/index.ts';
import { madeClients, RawClient } from '../support/clients/raw-client.ts';
import { ResumableClient } from '../support/clients/resumable-client.ts';
import { until } from '../support/until.ts';
import { heapBytes } from './fuzz.ts';
import { Random } from './random.ts';

export interface SoakSample {
  readonly atS: number;
  readonly heapBytes: number;
  /** Open files and sockets; Node does not know those of uWebSockets.js. */
  readonly handles: number;
}

export interface SoakReport {
  readonly pairings: number;
  readonly relayed: number;
  readonly kills: number;
  readonly returns: number;
  readonly samples: readonly SoakSample[];
  readonly sessionsLeft: number;
}

/** Uses Node's own count if the operating system has no better one. */
function countHandles(): number {
  return existsSync('/proc/self/fd')
    ? readdirSync('/proc/self/fd').length
    : process.getActiveResourcesInfo().length;
}

/** Waits for a message of that type, and removes it and all earlier ones. */
async function arrival(client: RawClient, type: string): Promise<void> {
  const index = () => client.inbox.findIndex((message) => message.type === type);
  await client.until(() => index() >= 0, type);
  client.inbox.splice(0, index() + 1);
}

const LANES = 30;
const MESSAGES_A_PAIR = 20;
/** The peer of a killed client waits for this long. */
const RESUME_GRACE_MS = 500;

/**
 * @param seconds how long to run
 * @param sampleEveryS at each sample all clients are disconnected for a moment, so that samples can be compared
 */
export async function soak(
  seconds: number,
  sampleEveryS: number,
  progress: (sample: SoakSample) => void = () => {},
): Promise<SoakReport> {
  const options = { maxConnectionsPerAddress: 0, maxUpgradesPerSecond: 0, resumeGraceMs: RESUME_GRACE_MS };
  const server = await startServer({ port: 0, logLevel: 'silent', ...options });
  const random = new Random(1);
  const samples: SoakSample[] = [];
  let [pairings, relayed, kills, returns] = [0, 0, 0, 0];
  const startedAt = performance.now();
  const elapsedS = () => (performance.now() - startedAt) / 1_000;

  const relay = async (from: RawClient, to: RawClient) => {
    for (let sent = 0; sent < MESSAGES_A_PAIR; sent += 1) {
      from.send({ type: 'candidate', candidate: null });
      await arrival(to, 'candidate');
      relayed += 1;
    }
  };

  const oneLife = async () => {
    const kind = random.below(2) === 0 ? ResumableClient : RawClient;
    const first = await kind.connect(server.url);
    let a: RawClient = first;
    const b = await kind.connect(server.url);
    a.send({ type: 'pair_request', target_id: b.id });
    a.send({ type: 'offer', sdp: 'v=0\r\n', request: 1 });
    await Promise.all([arrival(a, 'paired'), arrival(b, 'paired')]);
    if (a instanceof ResumableClient) await arrival(b, 'offer');
    pairings += 1;
    await relay(a, b);
    if (a instanceof ResumableClient && random.below(2) === 0) {
      a.socket.terminate();
      a = await a.comeBack(server.url);
      // If the ids differ, it came back too late and got a new session.
      if (a.id === first.id) {
        returns += 1;
        await relay(a, b);
      }
    }
    const isKilled = random.below(2) === 0;
    if (isKilled) {
      kills += 1;
      a.socket.terminate();
    } else await a.close();
    await arrival(b, 'peer_disconnected');
    await b.close();
    for (const client of [first, a, b]) madeClients.delete(client);
  };

  for (let untilS = sampleEveryS; samples.length * sampleEveryS < seconds; untilS += sampleEveryS) {
    const lane = async () => {
      while (elapsedS() < untilS) await oneLife();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await until(() => server.parts.sessions.size === 0);
    const sample = {
      atS: Math.round(elapsedS()),
      heapBytes: heapBytes(),
      handles: countHandles(),
    };
    samples.push(sample);
    progress(sample);
  }
  const sessionsLeft = server.parts.sessions.size + server.parts.pairings.size;
  await server.stop();
  return { pairings, relayed, kills, returns, samples, sessionsLeft };
}
