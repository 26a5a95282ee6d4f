/** Whatever happens in whatever order, the tables of all servers agree in the end, and are right. */
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from '../../support/fast-check.ts';
import { RelayNetwork, untilTrue } from '../../support/relay/relay-network.ts';
import { type RawHost, raw } from '../../support/relay/relay-raw-host.ts';
import { RelaySimulation } from '../../support/relay/relay-simulation.ts';
import { runs } from '../../support/runs.ts';

const TREE = [[1], [2, 1], [3, 1], [4, 2], [5, 2], [6, 5]] as const;
const CLIENT_IDS = 4;

describe('tables under every interleaving of messages, joins, quits and lost links', () => {
  it('agree, with one owner for each id, though clients fight for four ids', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 60, maxLength: 200, size: 'max' }), (choices) => {
        const simulation = new RelaySimulation(TREE);
        for (const choice of choices) act(simulation, choice);
        let seed = choices.length;
        simulation.settle(() => {
          seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
          return seed >> 8;
        });
        for (const [id, node] of simulation.nodes) {
          const table = new Map([...node.table.hosts()].map((host) => [host.id, host.firstHop]));
          const expected = simulation.expectedTable(id);
          expect([id, sorted(table)]).toEqual([id, sorted(expected)]);
        }
        const owners = [...simulation.nodes.values()].flatMap((node) => [...node.table.adjacent('client')]);
        expect(new Set(owners).size).toBe(owners.length);
        const names = [...simulation.nodes.values()].map((node) =>
          [...node.table.hosts()]
            .filter(({ kind }) => kind === 'client')
            .map(({ id, name }) => `${id} ${name}`)
            .sort(),
        );
        for (const of of names) expect(of).toEqual(names[0]);
      }),
      { numRuns: runs(40) },
    );
  });
});

function act(simulation: RelaySimulation, choice: number): void {
  const [kind, rest] = [choice % 16, Math.floor(choice / 16)];
  const edge = simulation.edges[rest % simulation.edges.length];
  if (!edge) return;
  if (kind === 0) simulation.cut(edge);
  else if (kind <= 2) simulation.dial(edge);
  else if (kind <= 5) simulation.join(1 + (rest % TREE.length), 100 + (Math.floor(rest / 8) % CLIENT_IDS));
  else if (kind <= 7) simulation.leave(rest, rest % 3 > 0);
  else simulation.deliver(rest);
}

const sorted = (table: ReadonlyMap<number, number>) => [...table].sort(([a], [b]) => a - b);

describe('tables of real servers over TCP', () => {
  let network: RelayNetwork | undefined;
  afterEach(() => network?.end());

  it('equal those of a model after 200 random joins, quits and kills', async () => {
    const scenario = async (choices: readonly number[]) => {
      network = new RelayNetwork();
      const model = new Model(network);
      for (const [id, parent] of TREE) await network.add(id, parent, { random: () => 0 });
      for (const [i, choice] of choices.entries()) {
        await model.act(choice);
        if (i % 40 === 39) await model.untilEqual();
      }
      await model.reviveAll();
      await model.untilEqual();
    };
    const choices = fc.array(fc.nat(1_000_000), { minLength: 200, maxLength: 200 });
    // Once, and a failure is told as it is: shrinking it would take real servers hundreds of times.
    await fc.assert(fc.asyncProperty(choices, scenario), { numRuns: 1, endOnFailure: true });
  });
});

/** What the network should know: which servers run, and which client is where. */
class Model {
  readonly #network: RelayNetwork;
  readonly #clients = new Map<number, { server: number; host: RawHost }>();
  #nextId = 100;

  constructor(network: RelayNetwork) {
    this.#network = network;
  }

  async act(choice: number): Promise<void> {
    const [kind, rest] = [choice % 10, Math.floor(choice / 10)];
    const running = [...this.#network.servers.keys()];
    const dead = TREE.filter(([id]) => !this.#network.servers.has(id));
    const [id, client] = [...this.#clients][rest % Math.max(this.#clients.size, 1)] ?? [];
    if (kind <= 4 && running.length > 0) await this.#join(running[rest % running.length] as number);
    else if (kind <= 6 && id !== undefined) {
      client?.host.send(raw.clientQuit(id, ''));
      this.#clients.delete(id);
    } else if (kind === 7 && id !== undefined) {
      client?.host.socket.resetAndDestroy();
      this.#clients.delete(id);
    } else if (kind === 8 && running.length > 2) await this.#kill(running[rest % running.length] as number);
    else if (dead[0]) await this.#revive(dead[rest % dead.length]?.[0] as number);
  }

  async reviveAll(): Promise<void> {
    for (const [id] of TREE) if (!this.#network.servers.has(id)) await this.#revive(id);
  }

  async untilEqual(): Promise<void> {
    const tables = () => [...this.#network.servers.keys()].map((id) => this.#network.view(id));
    await untilTrue('all tables equal the model', () =>
      tables().every(({ id, hosts }) => {
        const expected = this.#expected(id);
        return (
          hosts.length === expected.size && hosts.every((host) => expected.get(host.id) === host.first_link)
        );
      }),
    );
  }

  async #join(server: number): Promise<void> {
    const id = this.#nextId++;
    this.#clients.set(id, { server, host: await (this.#network as RelayNetwork).join(server, id) });
  }

  async #kill(server: number): Promise<void> {
    for (const [id, client] of this.#clients) if (client.server === server) this.#clients.delete(id);
    await this.#network.kill(server);
  }

  async #revive(id: number): Promise<void> {
    const parent = TREE.find(([server]) => server === id)?.[1];
    const port = this.#network.portOf(id);
    await this.#network.start(id, {
      port,
      random: () => 0,
      parent: parent === undefined ? undefined : { host: '127.0.0.1', port: this.#network.portOf(parent) },
    });
  }

  /** Every host that is connected to a server, with the first hop to it. */
  #expected(server: number): Map<number, number> {
    const table = new Map<number, number>();
    const isUp = (id: number | undefined) => id !== undefined && this.#network.servers.has(id);
    const walk = (at: number, from: number | undefined, firstHop: number | undefined) => {
      if (firstHop !== undefined) table.set(at, firstHop);
      for (const [id, client] of this.#clients) if (client.server === at) table.set(id, firstHop ?? id);
      for (const [child, parent] of TREE) {
        const next = parent === at ? child : child === at ? parent : undefined;
        if (next !== undefined && next !== from && isUp(next)) walk(next, at, firstHop ?? next);
      }
    };
    walk(server, undefined, undefined);
    return table;
  }
}
