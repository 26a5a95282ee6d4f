/** Real servers as the nodes of one cluster, over the bus within a process. */
import { LocalBusHub } from '../../../src/server/cluster/bus/local-bus.ts';
import type { ServerOptions } from '../../../src/server/index.ts';
import type { ResumableClient } from '../clients/resumable-client.ts';
import { turn, until } from '../until.ts';
import { pairUp, startTestServer, type TestServer } from './test-server.ts';

export interface TestCluster {
  readonly hub: LocalBusHub;
  readonly nodes: readonly TestServer[];
  /** Moves the time on for all nodes, one beat of their links at a time, and lets messages arrive in between. */
  advance(ms: number): Promise<void>;
  /** From now on, messages are held back. */
  hold(): Held;
  /** The node dies, and the bus knows. */
  kill(node: TestServer): Promise<void>;
  /**
   * The node falls silent and receives nothing: to the others it is dead.
   * @returns a function that reconnects it
   */
  sever(node: TestServer): () => void;
}

/** The messages of a bus on which nothing arrives by itself. */
export class Held {
  readonly #hub: LocalBusHub;
  readonly #waiting: (() => void)[] = [];

  constructor(hub: LocalBusHub) {
    this.#hub = hub;
    hub.hold((deliver) => this.#waiting.push(deliver));
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** Delivers what is held back; messages sent in reaction are held back again. */
  deliver(): void {
    for (const deliver of this.#waiting.splice(0)) deliver();
  }

  /** Delivers what is held back, and from now on everything. */
  release(): void {
    this.#hub.hold(undefined);
    this.deliver();
  }
}

/** Holds back messages between some pairs of nodes; others arrive, and are counted. */
export class HeldPairs {
  readonly #hub: LocalBusHub;
  readonly #waiting: (() => void)[] = [];
  readonly #delivered = new Map<string, number>();

  /** @param pairs the numbers of sender and receiver, separated by a space */
  constructor(hub: LocalBusHub, ...pairs: string[]) {
    this.#hub = hub;
    hub.hold((deliver, pair) => {
      if (pairs.includes(pair)) this.#waiting.push(deliver);
      else
        queueMicrotask(() => {
          deliver();
          this.#delivered.set(pair, this.deliveredTo(pair) + 1);
        });
    });
  }

  /** How many messages from that sender have arrived at that receiver. */
  deliveredTo(pair: string): number {
    return this.#delivered.get(pair) ?? 0;
  }

  /** Delivers what is held back, and from now on everything. */
  release(): void {
    this.#hub.hold(undefined);
    for (const deliver of this.#waiting.splice(0)) deliver();
  }
}

/** Starts nodes 1 to `count`, which know each other. */
export async function startTestCluster(
  count: number,
  options: Partial<ServerOptions> = {},
  hub = new LocalBusHub(),
): Promise<TestCluster> {
  const nodes: TestServer[] = [];
  const buses = Array.from({ length: count }, (_, n) => hub.bus(n + 1));
  for (const bus of buses) {
    const own = { secret: 'of all nodes', node: bus.id, ...options };
    nodes.push(await startTestServer(own, { bus }));
  }
  await until(() => nodes.every(({ server }) => server.parts.cluster?.links.open.length === count - 1));
  return {
    hub,
    nodes,
    async advance(ms) {
      for (let left = ms; left > 0; left -= 500) {
        for (const { clock } of nodes) clock.advance(Math.min(left, 500));
        await turns();
      }
    },
    hold: () => new Held(hub),
    kill: async ({ server }) => buses[server.options.node - 1]?.stop(),
    sever: ({ server }) => hub.sever(server.options.node),
  };
}

/** A client's request for the client of that id. */
export const ask = (id: string) => ({ type: 'pair_request', target_id: id });

/** The states of a node's pairings. */
export const pairingsOn = ({ server }: TestServer) => [...server.parts.pairings].map(({ value }) => value);

/** An id of that node that no client has. */
export const nobodyOn = (node: number) => `${node.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

export async function twoNodes(hub?: LocalBusHub, options: Partial<ServerOptions> = {}) {
  const cluster = await startTestCluster(2, options, hub);
  const [one, two] = cluster.nodes as [TestServer, TestServer];
  return { ...cluster, one, two };
}

export async function threeNodes(options: Partial<ServerOptions> = {}) {
  const cluster = await startTestCluster(3, options);
  const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
  return { ...cluster, one, two, three };
}

/** Two paired resumable clients, one at each of two nodes. */
export async function pairAcross(hub?: LocalBusHub) {
  const cluster = await twoNodes(hub);
  const [a, b] = [await cluster.one.connectResumable(), await cluster.two.connectResumable()];
  const epoch = await pairUp(a, b);
  return { ...cluster, a, b, epoch };
}

/** The same with clients that are not resumable. */
export async function plainPairAcross() {
  const cluster = await twoNodes();
  const [a, b] = [await cluster.one.connect(), await cluster.two.connect()];
  await pairUp(a, b);
  return { ...cluster, a, b };
}

/**
 * Comes to a node again and again: the node looks for the session's node for a while before it accepts the client's
 * claims.
 */
export async function keepsTryingAt(
  node: TestServer,
  client: ResumableClient,
  advance: (ms: number) => Promise<void>,
): Promise<ResumableClient> {
  let isAnswered = false;
  const coming = client
    .comeBack(node.server.url)
    .catch(() => undefined)
    .finally(() => {
      isAnswered = true;
    });
  while (!isAnswered) await advance(500);
  return (await coming) ?? keepsTryingAt(node, client, advance);
}

/** Enough turns of the event loop for everything in flight on a bus within the process. */
async function turns(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await turn();
}
