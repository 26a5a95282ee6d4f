/**
 * A server and its peers in this process, in simulated time, on a network that does what the test says: no port, no
 * WebRTC, no waiting. The server, the peers and their machines are the real ones.
 */
import { pino } from 'pino';
import { createPeerWith, type Peer } from '../client/peer/peer.ts';
import type { PeerOptions } from '../client/peer/peer-options.ts';
import type { ListenDeps } from '../server/dialects/native/listen.ts';
import type { SocketHandlers } from '../server/dialects/native/routes.ts';
import { type ServerOptions, type SignalingServer, startServer } from '../server/index.ts';
import { ManualClock } from './manual-clock.ts';
import { Schedule } from './network/schedule.ts';
import { seededRandom } from './network/seeded-random.ts';
import { type NetworkOptions, SimulatedNetwork } from './network/simulated-network.ts';
import { SimulatedRtc } from './network/simulated-rtc.ts';

export interface TestWorldOptions {
  /** The same seed gives the same delays, losses and reconnects; 1 by default. */
  readonly seed?: number;
  readonly network?: NetworkOptions;
  readonly server?: Partial<ServerOptions>;
}

/** How long to wait at most, in milliseconds of simulated time, unless a test says otherwise. */
const PATIENCE_MS = 120_000;

export class TestWorld {
  readonly clock: ManualClock;
  readonly network: SimulatedNetwork;
  readonly server: SignalingServer;
  readonly #schedule: Schedule;
  readonly #rtc: SimulatedRtc;
  readonly #random: () => number;
  readonly #handlers: SocketHandlers;
  readonly #peers: Peer[] = [];
  readonly #names = new Set<string>();

  /**
   * Starts a server that nobody else can reach.
   * @throws if an option of the server is unknown or invalid
   */
  static async start({ seed = 1, network, server = {} }: TestWorldOptions = {}): Promise<TestWorld> {
    const clock = new ManualClock();
    let handlers: SocketHandlers | undefined;
    const listen = async (_deps: ListenDeps, connections: SocketHandlers) => {
      handlers = connections;
      return { port: 0, renewCertificate: async () => false, close: async () => {} };
    };
    const log = pino({ level: 'silent' });
    const started = await startServer({ inspect: false, ...server }, { clock, listen, log });
    return new TestWorld(clock, started, handlers as SocketHandlers, seededRandom(seed), network);
  }

  private constructor(
    clock: ManualClock,
    server: SignalingServer,
    handlers: SocketHandlers,
    random: () => number,
    network: NetworkOptions = {},
  ) {
    this.clock = clock;
    this.server = server;
    this.#handlers = handlers;
    this.#random = random;
    this.#schedule = new Schedule(clock);
    this.network = new SimulatedNetwork(this.#schedule, random, network);
    this.#rtc = new SimulatedRtc(this.#schedule, this.network);
  }

  /**
   * Creates a peer in this world.
   * @param name its name in the network, unique in this world
   * @param options those of `createPeer`, except the URL
   * @returns the peer, once it has its id
   * @throws {PairlaneError} as `createPeer` does
   */
  async createPeer(name: string, options: Omit<PeerOptions, 'url'> = {}): Promise<Peer> {
    if (this.#names.has(name)) throw new Error(`There is a peer named ${name} already`);
    this.#names.add(name);
    const platform = {
      openSocket: this.network.socketsOf(name, this.#handlers, this.server.options.maxPeersPerClient),
      createConnection: this.#rtc.connectionsOf(name),
      clock: this.clock,
      random: this.#random,
    };
    const peer = await this.until(createPeerWith(platform, { ...options, url: 'ws://test.invalid/' }));
    this.#peers.push(peer);
    return peer;
  }

  /**
   * Moves the time on, and runs everything that is due meanwhile.
   * @param ms milliseconds
   */
  async advance(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.#settle();
    while (this.clock.now() < end) {
      const next = Math.min(end, this.clock.nextAt, this.#schedule.nextAt);
      this.clock.advance(Math.max(0, next - this.clock.now()));
      await this.#settle();
    }
  }

  /**
   * Moves the time on until the promise is settled.
   * @param withinMs how long at most, in milliseconds of simulated time
   * @returns the promise's value
   * @throws what it is rejected with; or that it is still pending
   */
  async until<Value>(promise: Promise<Value>, withinMs = PATIENCE_MS): Promise<Value> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    const end = this.clock.now() + withinMs;
    await this.#settle();
    while (!isSettled && this.clock.now() < end) {
      const next = Math.min(end, this.clock.nextAt, this.#schedule.nextAt);
      await this.advance(Math.max(0, next - this.clock.now()));
    }
    if (!isSettled) throw new Error(`Still pending after ${withinMs} ms of the world's time`);
    return promise;
  }

  /** Closes the peers and stops the server. */
  async stop(): Promise<void> {
    await this.until(Promise.all(this.#peers.map((peer) => peer.close())));
    await this.server.stop();
  }

  /** Runs everything that is due now, and what follows from it at the same time. */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      this.#schedule.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
