/**
 * A relay network in memory, for interleavings: every link is two queues of bytes, and the test chooses which one moves
 * next. Nodes, machines, tables and codec are the real ones; only TCP is missing.
 */
import { pino } from 'pino';
import { StepQueue } from '../../../src/machines/index.ts';
import { RelayDecoder } from '../../../src/protocol/relay-chat/index.ts';
import type { RelayLink, RelayPort } from '../../../src/server/relay/relay-link.ts';
import { RelayNode } from '../../../src/server/relay/relay-node.ts';
import { noteTransitions } from '../machines/transition-coverage.ts';

const silent = pino({ level: 'silent' });

/** One end of a link: what it sends goes into the other end's queue. */
class End implements RelayPort {
  readonly queue: (Uint8Array | 'end')[] = [];
  readonly decoder = new RelayDecoder();
  link: RelayLink | undefined;
  other: End | undefined;
  isOver = false;
  /** Nobody looks at it here. */
  readonly traffic = { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0 };

  send(bytes: Uint8Array): void {
    if (!this.isOver) this.other?.queue.push(bytes);
  }
  introduce(messages: readonly Uint8Array[]): void {
    for (const bytes of messages) this.send(bytes);
  }
  close(): void {
    if (!this.isOver) this.other?.queue.push('end');
    this.isOver = true;
  }
  cut(): void {
    this.close();
  }
}

interface Edge {
  readonly child: number;
  readonly parent: number;
  ends: readonly [End, End] | undefined;
}

export class RelaySimulation {
  readonly nodes = new Map<number, RelayNode>();
  readonly edges: Edge[] = [];
  readonly #clients: { node: RelayNode; id: number; end: End }[] = [];
  #ends: { node: RelayNode; end: End }[] = [];

  constructor(tree: readonly (readonly [id: number, parent?: number])[]) {
    for (const [id, parent] of tree) {
      const node = new RelayNode({
        id,
        name: `server ${id}`,
        info: '',
        queue: new StepQueue(),
        log: silent,
      });
      node.host.observer = noteTransitions;
      this.nodes.set(id, node);
      if (parent !== undefined) this.edges.push({ child: id, parent, ends: undefined });
    }
  }

  node(id: number): RelayNode {
    return this.nodes.get(id) as RelayNode;
  }

  /** The child dials if it has no link to its parent. */
  dial(edge: Edge): void {
    if (edge.ends?.some((end) => !end.isOver && end.link && !end.link.isDone)) return;
    const [below, above] = [new End(), new End()];
    below.other = above;
    above.other = below;
    edge.ends = [below, above];
    above.link = this.node(edge.parent).accept(above);
    below.link = this.node(edge.child).register(below);
    this.#ends.push(
      { node: this.node(edge.child), end: below },
      { node: this.node(edge.parent), end: above },
    );
  }

  /** The link is lost, with everything in flight. */
  cut(edge: Edge): void {
    for (const end of edge.ends ?? []) {
      end.queue.length = 0;
      end.queue.push('end');
    }
  }

  join(server: number, id: number): void {
    const node = this.node(server);
    const end = new End();
    end.link = node.accept(end);
    this.#clients.push({ node, id, end });
    node.receive(end.link, {
      type: 'client_registration',
      sourceId: id,
      lastHopId: 0,
      name: `at ${server}`,
      info: '',
    });
  }

  /** Some client leaves: with a quit, or silently. */
  leave(choice: number, isPolite: boolean): void {
    const client = this.#clients.splice(choice % Math.max(this.#clients.length, 1), 1)[0];
    const link = client?.end.link;
    if (!client || !link) return;
    if (isPolite) client.node.receive(link, { type: 'client_quit', sourceId: client.id, content: '' });
    client.node.host.dispatch(link, { type: 'SOCKET_CLOSED' });
  }

  /**
   * Moves one message of a link that has any.
   * @returns false if nothing is in flight
   */
  deliver(choice: number): boolean {
    this.#ends = this.#ends.filter(({ end }) => end.queue.length > 0 || !end.isOver);
    const busy = this.#ends.filter(({ end }) => end.queue.length > 0);
    const next = busy[choice % Math.max(busy.length, 1)];
    if (!next) return false;
    const { node, end } = next;
    const item = end.queue.shift();
    const link = end.link as RelayLink;
    if (item === 'end') node.host.dispatch(link, { type: 'SOCKET_CLOSED' });
    else if (item) end.decoder.read(item, (message) => node.receive(link, message));
    return true;
  }

  /**
   * Lets everything arrive and every server find its parent.
   * @throws if that never ends
   */
  settle(choices: () => number): void {
    for (let round = 0; round < 50; round += 1) {
      for (let moves = 0; this.deliver(choices()); moves += 1)
        if (moves > 100_000) throw new Error('the messages never end');
      const open = this.edges.filter(
        ({ ends }) => ends?.some(({ link }) => link?.value !== 'adjacentServer') ?? true,
      );
      if (open.length === 0) return;
      for (const edge of open) this.dial(edge);
    }
    throw new Error('the servers never find their parents');
  }

  /** The table that each server should have, given the clients adjacent to servers: id -> first hop. */
  expectedTable(server: number): Map<number, number> {
    const table = new Map<number, number>();
    const walk = (at: number, from: number | undefined, firstHop: number | undefined) => {
      if (firstHop !== undefined) table.set(at, firstHop);
      for (const client of this.node(at).table.adjacent('client')) table.set(client, firstHop ?? client);
      for (const next of this.neighbours(at)) if (next !== from) walk(next, at, firstHop ?? next);
    };
    walk(server, undefined, undefined);
    return table;
  }

  neighbours(id: number): number[] {
    return this.edges.flatMap(({ child, parent }) =>
      child === id ? [parent] : parent === id ? [child] : [],
    );
  }
}
