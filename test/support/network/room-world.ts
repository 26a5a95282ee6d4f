/** A room of clients on simulated nodes, what may happen to them, and what must be true at the end. */
import { type Action, World } from './cluster-world.ts';

export type RoomAction =
  | Exclude<Action, { do: 'ask' | 'unpair' | 'say' }>
  /** @property size how many members it may have, if this creates the room */
  | { do: 'join'; who: number; size: number }
  | { do: 'leave'; who: number }
  /** Delivers everything in flight, including what the nodes send in reaction. */
  | { do: 'arrive' }
  /** The same, except messages for that node. */
  | { do: 'arriveBut'; node: number }
  | { do: 'loseAll' }
  /** A node dies without a goodbye. The last one stays. */
  | { do: 'die'; node: number };

/** Which members a room pairs. */
type Topology = 'mesh' | 'star';

/** The reasons of edges whose two members are paired, but not connected. */
const PAIRED = ['connecting', 'not_connected', undefined];

export class RoomWorld extends World {
  topology: Topology = 'mesh';
  /** The largest number of members that a node knew at once. */
  mostMembers = 0;
  /** Members that moved away from their first node. */
  moves = 0;
  deaths = 0;

  override async act(action: Action | RoomAction): Promise<void> {
    switch (action.do) {
      case 'join':
        this.client(action.who).join('den', { topology: this.topology, max_size: action.size });
        break;
      case 'leave':
        this.client(action.who).leave('den');
        break;
      case 'arrive':
        this.network.deliverAll();
        break;
      case 'arriveBut':
        this.network.deliverAll(this.node(action.node).id);
        break;
      case 'loseAll':
        this.network.underWay.length = 0;
        break;
      case 'die':
        if (this.alive.length > 1) {
          this.deaths += 1;
          this.kill(action.node);
        }
        break;
      default: {
        const client = action.do === 'connect' ? this.client(action.who) : undefined;
        const before = client?.node;
        await super.act(action);
        if (client?.rooms.has('den') && before !== client.node) this.moves += 1;
      }
    }
    for (const client of this.clients) client.flush();
    this.mostMembers = Math.max(this.mostMembers, ...this.#members.map(({ length }) => length));
  }

  get evictions(): number {
    return this.clients.reduce((sum, client) => sum + client.evictions, 0);
  }

  override problems(): string[] {
    return [...super.problems(), ...this.#split(), ...this.#misplaced(), ...this.#edges()];
  }

  get #rooms() {
    return this.alive.map(({ server }) => server.parts.signaling.rooms.find('', 'den'));
  }

  /** The members' ids as each node knows them, oldest first. */
  get #members(): string[][] {
    return this.#rooms.map((room) => room?.context.members.map(({ id }) => id) ?? []);
  }

  /** Nodes that disagree, or keep what nobody needs. */
  #split(): string[] {
    const known = this.#rooms.map((room) => {
      if (!room) return 'no room';
      const { members, leaderId, maxSize, isLocked } = room.context;
      const ids = members.map(({ id }) => id).join();
      return `members ${ids}, led by ${leaderId}, at most ${maxSize}, locked ${isLocked}`;
    });
    const tooFull = this.#rooms.filter((room) => room && room.context.members.length > room.context.maxSize);
    return [
      ...(new Set(known).size > 1 ? [`the nodes differ: ${known.join(' | ')}`] : []),
      ...tooFull.map(() => 'more members than there may be'),
      ...(known.some((one) => one.startsWith('members ,')) ? ['a room without members stays'] : []),
    ];
  }

  /** Clients whose view of the room differs from their node's. */
  #misplaced(): string[] {
    const members = this.#members[0] ?? [];
    const leader = this.#rooms[0]?.context.leaderId;
    const missing = members.filter((id) => !this.clients.some((one) => one.isConnected && one.id === id));
    return [
      ...missing.map((id) => `a member that is nobody: ${id}`),
      ...this.clients
        .filter(({ isConnected }) => isConnected)
        .flatMap(({ name, id, rooms }) => {
          const view = rooms.get('den');
          const known = members.includes(id) ? `${[...members].sort().join()} ${leader}` : 'not in it';
          const thought = view ? `${[...view.members].sort().join()} ${view.leader}` : 'not in it';
          return known === thought ? [] : [`${name} thinks: ${thought}; it is: ${known}`];
        }),
    ];
  }

  /** Every two members that the room pairs are paired or told why not, and no others are. */
  #edges(): string[] {
    const members = this.#members[0] ?? [];
    const leader = this.#rooms[0]?.context.leaderId;
    const isWanted = (one: string, other: string) =>
      members.includes(one) &&
      members.includes(other) &&
      (this.topology === 'mesh' || one === leader || other === leader);
    const pairs = this.seats.map((seat) => seat.split(' ').slice(1).join(' '));
    const unwanted = pairs.filter((pair) => !isWanted(...(pair.split(' ') as [string, string])));
    const isFull = (id: string) => {
      const client = this.clients.find((one) => one.id === id);
      return client?.pairings.size === (client?.peers ?? 1);
    };
    return [
      ...unwanted.map((pair) => `paired, and the room does not want it: ${pair}`),
      ...this.clients.flatMap(({ id: one, name, rooms }) =>
        members
          .filter((other) => other !== one && isWanted(one, other))
          .flatMap((other) => {
            const told = rooms.get('den')?.edges.get(other);
            if (pairs.includes(`${one} ${other}`))
              return PAIRED.includes(told) ? [] : [`${name} was told of ${other}, its peer: ${told}`];
            const isExcused = told === 'too_many_peers' && (isFull(one) || isFull(other));
            return isExcused ? [] : [`${name} misses ${other}, and was told: ${told}`];
          }),
      ),
    ];
  }
}
