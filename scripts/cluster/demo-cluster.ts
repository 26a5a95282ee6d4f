/** The cluster of the demo and its users: light clients whose histories are judged, and a few real bots. */

import { Fleet } from '../../src/client/commands/fleet.ts';
import { createPeer } from '../../src/client/index.ts';
import { NodeCluster } from '../../tools/node-cluster.ts';
import type { SteadyClientOptions } from '../../tools/steady-client.ts';
import { SteadyPairs } from '../../tools/steady-pairs.ts';
import { pause } from './sleep.ts';

export interface SceneOptions {
  readonly nodes: number;
  /** Pairs of light clients. */
  readonly pairs: number;
  /** Pairs of real bots, each with a data channel. */
  readonly bots: number;
  /** Messages per second that each of them sends. */
  readonly rate: number;
}

/** Sessions and pairings as counted by a node. */
export interface NodeCounts {
  readonly sessions: number;
  readonly pairings: number;
}

const SETTLE_MS = 20_000;
const POLL_MS = 50;
const ASK_TIMEOUT_MS = 1_000;

export class Scene {
  readonly cluster: NodeCluster;
  readonly light = new SteadyPairs();
  readonly bots: Fleet;
  readonly options: SceneOptions;
  #botsOver: Promise<void> = Promise.resolve();

  private constructor(cluster: NodeCluster, options: SceneOptions) {
    this.cluster = cluster;
    this.options = options;
    let joined = 0;
    this.bots = new Fleet({
      pairs: options.bots,
      rate: options.rate,
      messages: 0,
      seconds: 0,
      // Round-robin, so that the two bots of a pair are on two nodes.
      createPeer: () =>
        createPeer({
          url: cluster.nodes[joined++ % options.nodes]?.url ?? '',
          iceServers: [],
          iceAdditionalHostAddresses: ['127.0.0.1'],
          inspect: true,
        }),
    });
  }

  static async start(options: SceneOptions): Promise<Scene> {
    return new Scene(await NodeCluster.start(options.nodes, '--log-level', 'warn'), options);
  }

  /** Connects and pairs all clients unless stopped; from then on they talk. */
  async populate(stopping: AbortSignal): Promise<void> {
    const { nodes, pairs, bots, rate } = this.options;
    for (let n = 0; n < pairs && !stopping.aborted; n += 1)
      await this.light.add(this.#placedAt(n % nodes), this.#placedAt((n + (n % 3)) % nodes));
    this.light.talk(rate);
    if (bots > 0 && !stopping.aborted) this.#botsOver = this.bots.run();
    // The rejection is reported at the end.
    this.#botsOver.catch(() => {});
    while (!stopping.aborted && this.bots.counts.pairs + this.bots.counts.failedPairs < bots)
      await pause(POLL_MS, stopping);
  }

  /** First at that node, then as a load balancer does: at the running node with the fewest clients. */
  #placedAt(node: number): SteadyClientOptions {
    let next: number | undefined = node;
    return {
      chooseUrl: () => {
        const chosen = next ?? this.#leastUsed();
        next = undefined;
        return this.cluster.nodes[chosen]?.url ?? '';
      },
    };
  }

  #leastUsed(): number {
    const counts = this.clientsByNode();
    const running = [...counts.keys()].filter((n) => this.cluster.nodes[n]?.isRunning);
    return running.sort((a, b) => (counts[a] ?? 0) - (counts[b] ?? 0))[0] ?? 0;
  }

  /** How many light clients are, or were last, connected to each node. */
  clientsByNode(): number[] {
    const places = this.light.clients.map((client) => this.nodeOf(client));
    return this.cluster.nodes.map((_, n) => places.filter((place) => place === n).length);
  }

  /**
   * Moves light clients to a node that is back and has none. They come back there by themselves, with their pairings.
   * @returns how many moved, once all are connected
   */
  async spread(): Promise<number> {
    const { clients } = this.light;
    const fair = Math.ceil(clients.length / this.cluster.nodes.length);
    const moving = this.cluster.nodes.flatMap((_, n) =>
      clients.filter((client) => client.isConnected && this.nodeOf(client) === n).slice(fair),
    );
    for (const client of moving) client.drop();
    await Promise.all(moving.map((client) => client.isBack()));
    return moving.length;
  }

  /** The index of the node that a light client was last connected to. */
  nodeOf({ url }: { readonly url: string }): number {
    return this.cluster.nodes.findIndex((node) => url.startsWith(node.url));
  }

  /** The URL of a node's inspector. */
  pageOf(node: number): string {
    return `http://127.0.0.1:${this.cluster.nodes[node]?.port}/inspect/`;
  }

  /** @returns undefined for a node that does not answer */
  async countsOf(node: number): Promise<NodeCounts | undefined> {
    const { port, isRunning } = this.cluster.nodes[node] ?? {};
    if (!isRunning) return undefined;
    try {
      const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal })).text();
      return { sessions: sumOf(text, 'pairlane_sessions'), pairings: sumOf(text, 'pairlane_pairings') };
    } catch {
      return undefined;
    }
  }

  /** Stops all clients from sending, and waits for what is still in flight. */
  async settle(): Promise<void> {
    this.light.hush();
    this.bots.stop();
    await this.#botsOver;
    await this.light.settled(SETTLE_MS);
  }

  async close(): Promise<void> {
    this.light.close();
    this.bots.stop();
    await this.cluster.stop();
  }
}

function sumOf(metrics: string, name: string): number {
  return [...metrics.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\d+)`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
}
