/** Clients on simulated nodes, what may happen to them, and what must be true at the end. */

import { SimulatedClient } from '../clients/simulated-client.ts';
import { LossyNetwork, type SimulatedNode, startSimulatedNode } from './cluster-simulation.ts';

export type Action =
  | { do: 'ask'; who: number; target: number }
  /** @property which of its pairings */
  | { do: 'unpair' | 'say'; who: number; which: number }
  | { do: 'drop'; who: number }
  /** It comes back, to whichever node a load balancer chooses. */
  | { do: 'connect'; who: number; node: number }
  | { do: 'deliver' | 'double' | 'lose'; which: number }
  | { do: 'wait'; ms: number };

/** Four clients, the first of which is not resumable, and how many peers each asks for. */
export const ONE_PEER: readonly (number | undefined)[] = [undefined, undefined, undefined, undefined];
export const SEVERAL_PEERS: readonly (number | undefined)[] = [3, 3, 2, undefined];

/** Clients that are lost and that come back may have their turn only in the next one of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export class World {
  readonly network = new LossyNetwork();
  readonly nodes: SimulatedNode[] = [];
  readonly clients: SimulatedClient[] = [];
  /** The largest number of pairings that a client believed it had at once. */
  mostPairings = 0;

  static async of<Kind extends World>(
    this: new () => Kind,
    nodes: number,
    peers: readonly (number | undefined)[],
    isBusy = false,
  ): Promise<Kind> {
    const world = new this();
    for (let node = 1; node <= nodes; node += 1)
      world.nodes.push(await startSimulatedNode(node, world.network, isBusy));
    world.network.deliverAll();
    for (const [n, most] of peers.entries()) {
      const client = new SimulatedClient(`client ${n}`, n > 0, most);
      client.connect(world.node(n));
      world.clients.push(client);
    }
    return world;
  }

  /** Dead nodes do nothing, and no client connects to them. */
  get alive(): readonly SimulatedNode[] {
    return this.nodes.filter(({ isDead }) => !isDead);
  }

  protected node(n: number): SimulatedNode {
    const { alive } = this;
    return alive[n % alive.length] as SimulatedNode;
  }

  protected client(n: number): SimulatedClient {
    return this.clients[n] as SimulatedClient;
  }

  /** Kills a node without a goodbye: its clients and the other nodes find out. */
  protected kill(n: number): void {
    const node = this.node(n);
    node.isDead = true;
    this.network.kill(node.id);
    for (const client of this.clients) if (client.node === node) client.cut();
  }

  async act(action: Action): Promise<void> {
    this.#do(action);
    for (const client of this.clients) client.flush();
    await turn();
    for (const client of this.clients) {
      client.flush();
      this.mostPairings = Math.max(this.mostPairings, client.pairings.size);
    }
  }

  #do(action: Action): void {
    const client = 'who' in action ? this.client(action.who) : undefined;
    switch (action.do) {
      case 'ask':
        if (client?.isConnected && !client.isAsking) client.ask(this.client(action.target));
        break;
      case 'unpair':
        if (client?.isConnected) client.unpair(action.which);
        break;
      case 'say':
        if (client?.isConnected) client.say(action.which);
        break;
      case 'drop':
        client?.drop();
        break;
      case 'connect':
        if (client?.isResumable) client.connect(this.node(action.node));
        break;
      case 'deliver':
      case 'double':
        if (this.network.underWay.length > 0) this.network.deliver(action.which, action.do === 'double');
        break;
      case 'lose':
        if (this.network.underWay.length > 0) this.network.lose(action.which);
        break;
      case 'wait':
        for (const { clock } of this.alive) clock.advance(action.ms);
    }
  }

  /** The network works again, clients that have lost their sockets come back, and time passes. */
  async settle(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      for (const [n, client] of this.clients.entries())
        if (client.isResumable && client.isCut) client.connect(this.node(n));
      await this.#deliverAll();
      for (const { clock } of this.alive) clock.advance(1_000);
    }
    await this.#deliverAll();
  }

  async #deliverAll(): Promise<void> {
    do {
      for (const client of this.clients) client.flush();
      this.network.deliverAll();
      for (const client of this.clients) client.flush();
      await turn();
    } while (this.network.underWay.length > 0);
  }

  /** What is wrong once everything has settled; empty if the promises are kept. */
  problems(): string[] {
    return [
      ...this.#halfPairs(),
      ...this.#twice(),
      ...this.#misled(),
      ...this.clients.flatMap((listener) => this.#misheard(listener)),
    ];
  }

  /** Both sides of each pairing, as their nodes know them: epoch, id, id of the peer. */
  protected get seats(): string[] {
    return this.alive.flatMap(({ server }) =>
      [...server.parts.sessions.values()].flatMap(({ id, seats }) =>
        seats.map(({ epoch, peer }) => `${epoch} ${id} ${peer?.id}`),
      ),
    );
  }

  #halfPairs(): string[] {
    const seats = this.seats;
    return seats
      .filter((half) => {
        const [epoch, a, b] = half.split(' ');
        return !seats.includes(`${epoch} ${b} ${a}`);
      })
      .map((half) => `a half without the other: ${half}`);
  }

  /** Clients that are paired with each other more than once. */
  #twice(): string[] {
    const pairs = this.seats.map((half) => half.split(' ').slice(1).join(' '));
    return pairs.filter((pair, at) => pairs.indexOf(pair) !== at).map((pair) => `paired twice: ${pair}`);
  }

  /** Clients whose view differs from their server's. */
  #misled(): string[] {
    const seats = this.seats;
    return this.clients
      .filter(({ isConnected }) => isConnected)
      .flatMap(({ name, id, pairings }) => {
        const known = seats.filter((half) => half.split(' ')[1] === id).sort();
        const thought = [...pairings.values()].map((one) => `${one.epoch} ${id} ${one.peer_id}`).sort();
        return known.join() === thought.join()
          ? []
          : [`${name} thinks that it is in ${thought.join()}, and is in ${known.join()}`];
      });
  }

  #misheard(listener: SimulatedClient): string[] {
    return [...listener.heard].flatMap(([epoch, heard]) => {
      const speaker = this.clients.find((other) => other !== listener && other.said.has(epoch));
      const said = speaker?.said.get(epoch) ?? [];
      const stands = listener.pairings.get(epoch)?.peer_id === speaker?.id && speaker !== undefined;
      const isExact = stands && listener.isResumable && speaker.isResumable;
      // If a pairing is over, the last messages may be missing, but never any in between.
      const expected = isExact ? said : said.slice(0, heard.length);
      return heard.join() === expected.join()
        ? []
        : [`${listener.name} heard ${heard.join()} instead of ${expected.join()}`];
    });
  }
}
