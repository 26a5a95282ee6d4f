/** What happens to the cluster during the demo: nodes and the broker are killed (kill -9), and come back. */
import { once } from 'node:events';
import type { ReceivedMessage, SteadyClient } from '../../tools/steady-client.ts';
import type { Scene } from './demo-cluster.ts';
import type { Details } from './display.ts';
import { pause } from './sleep.ts';

const MIN_DOWN_MS = 300;
/** Sometimes longer than the nodes take to notice a silent one. */
const MAX_DOWN_MS = 6_000;
const BROKER_DOWN_MS = 2_000;
/** Every nth strike hits the broker. */
const BROKER_EVERY = 4;

type Tell = (event: string, text: string, details?: Details) => void;

export class Trouble {
  nodesKilled = 0;
  brokersKilled = 0;
  readonly #scene: Scene;
  readonly #tell: Tell;
  readonly #stopping: AbortSignal;

  /** @param stopping once aborted, whatever is down comes back at once */
  constructor(scene: Scene, tell: Tell, stopping: AbortSignal) {
    this.#scene = scene;
    this.#tell = tell;
    this.#stopping = stopping;
  }

  /** Kills one node or the broker, and starts it again. */
  async strike(): Promise<void> {
    if ((this.nodesKilled + this.brokersKilled + 1) % BROKER_EVERY === 0) await this.#killBroker();
    else await this.#killNode();
  }

  async #killNode(): Promise<void> {
    const index = this.#anyNode();
    const node = this.#scene.cluster.nodes[index];
    if (!node) return;
    const number = index + 1;
    const { here, peers } = this.#clientsOn(index);
    const told = new Told(peers);
    const returned = this.#tellReturns(here, told);
    this.nodesKilled += 1;
    this.#tell(
      'node_killed',
      `node ${number} is killed (kill -9), with ${here.length} light clients on it; ${peers.length} have their peer elsewhere`,
      { node: number, clients: here.length, peersElsewhere: peers.length },
    );
    await node.kill();
    await pause(MIN_DOWN_MS + Math.random() ** 2 * (MAX_DOWN_MS - MIN_DOWN_MS), this.#stopping);
    await node.restart();
    this.#tell('node_restarted', `node ${number} is started again`, { node: number });
    await returned;
    const moved = await this.#scene.spread();
    const byNode = this.#scene.clientsByNode();
    this.#tell(
      'clients_spread',
      `the light clients are spread over the nodes again, ${moved} have moved: ${byNode.join(', ')}`,
      {
        clients: moved,
        byNode,
      },
    );
  }

  /** Picks a node with clients. */
  #anyNode(): number {
    const { light, cluster } = this.#scene;
    const used = [...new Set(light.clients.map((client) => this.#scene.nodeOf(client)))];
    return used[Math.floor(Math.random() * used.length)] ?? Math.floor(Math.random() * cluster.nodes.length);
  }

  /** The connected clients of a node, and the peers on other nodes that they are paired with. */
  #clientsOn(index: number): { here: SteadyClient[]; peers: SteadyClient[] } {
    const isHere = (client: SteadyClient) => client.isConnected && this.#scene.nodeOf(client) === index;
    const { clients, pairs } = this.#scene.light;
    const peers = pairs.flatMap(([a, b]) => (isHere(a) === isHere(b) ? [] : [isHere(a) ? b : a]));
    return { here: clients.filter(isHere), peers };
  }

  /** Call it before the clients lose their connections. */
  async #tellReturns(clients: readonly SteadyClient[], told: Told): Promise<void> {
    const since = performance.now();
    await Promise.all(clients.map((client) => once(client, 'welcomed')));
    const seconds = secondsSince(since);
    const { text, details } = told.stop();
    if (text) this.#tell('peers_told', text, details);
    const places = this.#scene.cluster.nodes.map(
      (_, n) => clients.filter((client) => this.#scene.nodeOf(client) === n).length,
    );
    const where = places.flatMap((count, n) => (count > 0 ? [`${count} at node ${n + 1}`] : []));
    if (clients.length > 0)
      this.#tell('clients_back', `all ${clients.length} are back within ${seconds} s: ${where.join(', ')}`, {
        clients: clients.length,
        seconds,
        byNode: places,
      });
  }

  async #killBroker(): Promise<void> {
    const { nats } = this.#scene.cluster;
    this.brokersKilled += 1;
    this.#tell('broker_killed', 'NATS is killed: pairs on one node go on, what is said between nodes waits');
    await nats.kill();
    await pause(BROKER_DOWN_MS, this.#stopping);
    await nats.restart();
    this.#tell('broker_restarted', 'NATS is started again');
  }
}

/**
 * Counts the clients that are told that their peer is away. A client whose peer returns before its absence is noticed
 * is not told.
 */
class Told {
  readonly #peers: readonly SteadyClient[];
  readonly #since = performance.now();
  readonly #told = new Set<SteadyClient>();
  readonly #stops: (() => void)[];
  #lastAt = 0;

  constructor(peers: readonly SteadyClient[]) {
    this.#peers = peers;
    this.#stops = peers.map((peer) => {
      const heard = ({ type }: ReceivedMessage) => {
        if (type !== 'peer_away') return;
        this.#told.add(peer);
        this.#lastAt = secondsSince(this.#since);
      };
      peer.on('message', heard);
      return () => peer.off('message', heard);
    });
  }

  stop(): { readonly text: string; readonly details: Details } {
    for (const stop of this.#stops) stop();
    const [told, peers, seconds] = [this.#told.size, this.#peers.length, this.#lastAt];
    const when = told > 0 ? `, within ${seconds} s` : ': their peers were back before that';
    return {
      text: peers > 0 ? `${told} of ${peers} peers elsewhere were told (peer_away)${when}` : '',
      details: { told, peers, seconds },
    };
  }
}

const secondsSince = (start: number) => Math.round((performance.now() - start) / 100) / 10;
