/** What happens to the cluster while it is watched: nodes and the broker are killed (kill -9), and come back. */
import type { SteadyClient } from '../../bench/support/steady-client.ts';
import type { Scene } from './scene.ts';

const MIN_DOWN_MS = 300;
/** More than the nodes take to miss a silent one, now and then. */
const MAX_DOWN_MS = 6_000;
const BROKER_DOWN_MS = 2_000;
/** Every so many times it is the broker. */
const BROKER_EVERY = 4;

export class Trouble {
  nodesKilled = 0;
  brokersKilled = 0;
  readonly #scene: Scene;
  readonly #tell: (event: string) => void;

  constructor(scene: Scene, tell: (event: string) => void) {
    this.#scene = scene;
    this.#tell = tell;
  }

  /** One node, or the broker, dies and comes back. */
  async strike(): Promise<void> {
    if ((this.nodesKilled + this.brokersKilled + 1) % BROKER_EVERY === 0) await this.#killBroker();
    else await this.#killNode();
  }

  async #killNode(): Promise<void> {
    const { cluster, light } = this.#scene;
    const index = Math.floor(Math.random() * cluster.nodes.length);
    const node = cluster.nodes[index];
    if (!node) return;
    const here = light.clients.filter((client) => client.isConnected && this.#scene.nodeOf(client) === index);
    this.nodesKilled += 1;
    const name = `node ${index + 1}`;
    await node.kill();
    this.#tell(`${name} is killed (kill -9); ${here.length} light clients were on it`);
    const returned = this.#tellReturns(here, index);
    await sleep(MIN_DOWN_MS + Math.random() ** 2 * (MAX_DOWN_MS - MIN_DOWN_MS));
    await node.restart();
    this.#tell(`${name} is started again`);
    await returned;
  }

  async #tellReturns(clients: readonly SteadyClient[], index: number): Promise<void> {
    if (clients.length === 0) return;
    const since = performance.now();
    await Promise.all(clients.map((client) => client.isBack()));
    const elsewhere = clients.filter((client) => this.#scene.nodeOf(client) !== index).length;
    const seconds = ((performance.now() - since) / 1_000).toFixed(1);
    this.#tell(`${clients.length} clients returned within ${seconds} s, ${elsewhere} of them to other nodes`);
  }

  async #killBroker(): Promise<void> {
    const { nats } = this.#scene.cluster;
    this.brokersKilled += 1;
    await nats.kill();
    this.#tell('the broker is killed: pairs on one node go on, what is said between nodes waits');
    await sleep(BROKER_DOWN_MS);
    await nats.restart();
    this.#tell('the broker is started again');
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
