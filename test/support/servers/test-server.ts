/** A real server on a free port, with its clients, log and clock, stopped after each test. */
import { afterEach } from '@jest/globals';
import { pino } from 'pino';
import {
  type ServerParts,
  type SignalingServer,
  type StartOptions,
  startServer,
} from '../../../src/server/index.ts';
import { observeHost } from '../../../src/server/inspector/observe-host.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { madeClients, RawClient } from '../clients/raw-client.ts';
import { ResumableClient } from '../clients/resumable-client.ts';
import { noteTransitions } from '../machines/transition-coverage.ts';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface TestServer {
  readonly server: SignalingServer;
  readonly clock: ManualClock;
  readonly log: LogLine[];
  /** @param peers how many peers it asks for; left out: it does not ask */
  connect(peers?: number): Promise<RawClient>;
  /** A resumable client. */
  connectResumable(peers?: number): Promise<ResumableClient>;
  /** Two paired clients: the first one asked. */
  connectPair(): Promise<[RawClient, RawClient]>;
}

const running: TestServer[] = [];

/** While the time stands still no rate refills, and some tests connect thousands of times. */
const forTests = { maxUpgradesPerSecond: 0 };

/** Starts a server whose time stands still; the test moves it with `clock`. */
export async function startTestServer(
  options: StartOptions = {},
  parts: Pick<ServerParts, 'bus' | 'authenticator' | 'fleet' | 'listen'> = {},
): Promise<TestServer> {
  const clock = new ManualClock();
  const log: LogLine[] = [];
  const logger = pino(
    { level: options.logLevel ?? 'debug', base: null },
    { write: (line) => log.push(JSON.parse(line)) },
  );
  // The clock stands still, so a test that sends without end would use up what its address may send.
  const ofAddress = options.maxMessagesPerSecond === 0 ? { maxMessagesPerAddress: 0 } : {};
  const server = await startServer(
    { port: 0, ...forTests, ...ofAddress, ...options },
    { ...parts, clock, log: logger },
  );
  observeHost(server.parts.sessionHost, noteTransitions);
  observeHost(server.parts.pairingHost, noteTransitions);
  observeHost(server.parts.signaling.rooms.host, noteTransitions);
  observeHost(server.parts.signaling.rooms.edges.host, noteTransitions);
  observeHost(server.parts.remotePairings.remoteHost, noteTransitions);
  if (server.parts.cluster) observeHost(server.parts.cluster.links.host, noteTransitions);
  if (server.parts.features.started.webhook)
    observeHost(server.parts.features.started.webhook.host, noteTransitions);
  if (server.parts.features.started.peerjs)
    observeHost(server.parts.features.started.peerjs.realm.absent.host, noteTransitions);
  const connect = (peers?: number) =>
    RawClient.connect(peers === undefined ? server.url : `${server.url}?peers=${peers}`);
  const testServer = {
    server,
    clock,
    log,
    connect,
    connectResumable: (peers?: number) =>
      ResumableClient.connect(server.url, peers === undefined ? {} : { peers }),
    async connectPair(): Promise<[RawClient, RawClient]> {
      const pair: [RawClient, RawClient] = [await connect(), await connect()];
      await pairUp(...pair);
      return pair;
    },
  };
  running.push(testServer);
  return testServer;
}

/** The epoch of the newest pairing that still exists, by which the inspector names it. */
export function newestEpoch({ server }: Pick<TestServer, 'server'>): number {
  return Math.max(...[...server.parts.pairings].map(({ epoch }) => epoch));
}

/**
 * Pairs two clients and takes both `paired` messages.
 * @returns the pairing's epoch
 */
export async function pairUp(asker: RawClient, target: RawClient): Promise<number> {
  asker.send({ type: 'pair_request', target_id: target.id });
  const [{ epoch }] = await Promise.all([asker.next('paired'), target.next('paired')]);
  return Number(epoch);
}

/**
 * Waits until the server has noticed that they are gone: clients still connected get 200 ms to read their close frame,
 * which adds up over all tests.
 */
async function missed({ parts }: SignalingServer): Promise<void> {
  const isHere = () => [...parts.sessions.values()].some(({ client }) => client.isOnline);
  for (let turns = 0; turns < 100 && isHere(); turns += 1)
    await new Promise((resolve) => setImmediate(resolve));
}

afterEach(async () => {
  for (const client of madeClients) client.socket.terminate();
  madeClients.clear();
  for (const { server } of running.splice(0)) {
    await missed(server);
    await server.stop();
  }
});
