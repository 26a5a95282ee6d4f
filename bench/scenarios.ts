/** What is measured, and how: each scenario is a table row, measured in slices that the contenders take in turn. */
import type { Contender } from './contenders.ts';
import { LoadProcess, ServerProcess } from './processes.ts';

export interface Scenario {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  /** Our target, as the highest ratio of our figure to the contender's. */
  readonly aims: { readonly [contender: string]: number };
  /** The same for Pairlane's PeerJS dialect, compared with PeerServer. */
  readonly peerJsAim?: number;
  /** False if a contender lacks the feature. */
  readonly fits: (contender: Contender) => boolean;
  readonly open: (contender: Contender, effort: Effort) => Promise<Measurement>;
}

/** How much is measured. */
export interface Effort {
  readonly slices: number;
  readonly messages: number;
  readonly connects: number;
  readonly idle: number;
}

/** A server process and its load, warmed up. */
export interface Measurement {
  /** @returns one figure in the scenario's unit */
  slice(): Promise<number>;
  /** CPU of the generator divided by CPU of the server, over all slices. */
  loadShare(): number;
  close(): Promise<void>;
}

/**
 * Counts the CPU of server and generator while `work` runs.
 * @returns the server's microseconds per item
 */
class CpuMeter {
  readonly #server: ServerProcess;
  #serverUs = 0;
  #loadUs = 0;

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  async measure(load: LoadProcess, work: string): Promise<number> {
    const loadBefore = (await load.run('relay 0')).cpuUs;
    const before = await this.#server.ask('cpu');
    const { count, cpuUs } = await load.run(work);
    const used = (await this.#server.ask('cpu')) - before;
    this.#serverUs += used;
    this.#loadUs += cpuUs - loadBefore;
    return used / count;
  }

  get loadShare(): number {
    return this.#loadUs / this.#serverUs;
  }
}

async function start(contender: Contender, messageBytes?: number) {
  const server = await ServerProcess.start(contender.server);
  const load = new LoadProcess(server.port, contender, messageBytes);
  const meter = new CpuMeter(server);
  const close = async () => {
    await load.stop();
    await server.stop();
  };
  return { server, load, meter, close, loadShare: () => meter.loadShare };
}

const pairs = (contender: Contender) => contender.dialect.pair !== '';

const PEERJS_AIM = 0.75;

function relay(bytes: number, pairCount: number, aims: Scenario['aims']): Scenario {
  return {
    name: `relay ${bytes} B, ${pairCount.toLocaleString('en')} pairs`,
    unit: 'µs of CPU a message',
    digits: 1,
    aims,
    peerJsAim: PEERJS_AIM,
    fits: () => true,
    async open(contender, { messages }) {
      const { server, load, meter, ...rest } = await start(contender, bytes);
      await load.run(`connect ${2 * pairCount}`);
      if (pairs(contender)) await load.run('pair');
      await load.run(`relay ${2 * messages}`);
      await server.quiet();
      return { ...rest, slice: () => meter.measure(load, `relay ${messages}`) };
    },
  };
}

const connect: Scenario = {
  name: 'connect and your_id',
  unit: 'µs of CPU a connection',
  digits: 0,
  aims: { 'bare uWebSockets.js': 1.8 },
  peerJsAim: PEERJS_AIM,
  fits: () => true,
  async open(contender, { connects }) {
    const { server, load, meter, ...rest } = await start(contender);
    const slice = async () => {
      const figure = await meter.measure(load, `connect ${connects}`);
      await load.run('close');
      await server.quiet();
      return figure;
    };
    for (let warmUp = 0; warmUp < 3; warmUp += 1) await slice();
    return { ...rest, slice };
  },
};

const pairing: Scenario = {
  name: 'pairing',
  unit: 'µs of CPU a pair',
  digits: 0,
  aims: { 'bare uWebSockets.js': 2.5 },
  fits: pairs,
  async open(contender, { connects }) {
    const { server, load, meter, ...rest } = await start(contender);
    const slice = async () => {
      await load.run(`connect ${connects}`);
      await server.quiet();
      const figure = await meter.measure(load, 'pair');
      await load.run('close');
      await server.quiet();
      return figure;
    };
    for (let warmUp = 0; warmUp < 3; warmUp += 1) await slice();
    return { ...rest, slice };
  },
};

/** The first clients make the heap and the pools grow; only those after them are measured. */
const FIRST_CLIENTS = 2_000;

const idle: Scenario = {
  name: 'idle memory at 10,000 connections',
  unit: 'bytes a connection',
  digits: 0,
  aims: { 'bare uWebSockets.js': 1.8, PeerServer: 0.5 },
  peerJsAim: PEERJS_AIM,
  fits: () => true,
  async open(contender, { idle: clients }) {
    return {
      async slice() {
        const { server, load, close } = await start(contender);
        await load.run(`connect ${FIRST_CLIENTS}`);
        await server.quiet();
        const before = await server.ask('memory');
        await load.run(`connect ${clients}`);
        await server.quiet();
        const after = await server.ask('memory');
        await close();
        return (after - before) / clients;
      },
      loadShare: () => Number.NaN,
      async close() {},
    };
  },
};

export const scenarios: readonly Scenario[] = [
  relay(200, 100, { 'bare uWebSockets.js': 1.2, PeerServer: 0.7 }),
  relay(200, 1_000, { 'bare uWebSockets.js': 1.2, PeerServer: 0.7 }),
  relay(2_000, 100, { 'bare uWebSockets.js': 1.35, PeerServer: 0.55 }),
  relay(2_000, 1_000, { 'bare uWebSockets.js': 1.35, PeerServer: 0.55 }),
  connect,
  pairing,
  idle,
];
