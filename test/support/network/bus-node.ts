/** A node on a bus, for tests: it keeps what it receives, and waits for what a test needs to know. */
import type { Bus, BusHandlers } from '../../../src/server/cluster/bus/bus.ts';
import type { NodeId } from '../../../src/server/node-id.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';

/** The prefix of the messages by which nodes under test find out whether the others are there. */
const PROBE = 'probe:';

export class BusNode {
  readonly id: NodeId;
  readonly bus: Bus;
  /** Received texts that were not read yet. */
  readonly texts: string[] = [];
  readonly unreachable: NodeId[] = [];
  readonly states: ('up' | 'down')[] = [];
  readonly reasons: string[] = [];
  /** How often it was called. */
  told = 0;
  readonly #probes = new Set<string>();
  #missing: NodeId[] = [];
  #wake = () => {};
  #probed = 0;

  constructor(bus: Bus, id: NodeId) {
    this.bus = bus;
    this.id = id;
  }

  readonly handlers: BusHandlers = {
    received: (text) =>
      this.#tell(() => {
        if (text.startsWith(PROBE)) this.#probes.add(text);
        else this.texts.push(text);
      }),
    unreachable: (node) => this.#tell(() => this.#missing.push(node) && this.unreachable.push(node)),
    up: () => this.#tell(() => this.states.push('up')),
    down: (reason) => this.#tell(() => this.states.push('down') && this.reasons.push(reason)),
  };

  start(): Promise<void> {
    return this.bus.start(this.handlers);
  }

  isUp(): Promise<void> {
    return this.until('it is up', () => this.states.at(-1) === 'up');
  }

  isDown(): Promise<void> {
    return this.until('it is down', () => this.states.at(-1) === 'down');
  }

  async next(): Promise<string> {
    await this.until('a message came', () => this.texts.length > 0);
    return this.texts.shift() as string;
  }

  async nextUnreachable(): Promise<NodeId> {
    await this.until('a node was found to be unreachable', () => this.unreachable.length > 0);
    return this.unreachable.shift() as NodeId;
  }

  /**
   * Waits until a message to the other node arrived; what was sent to it before has then arrived, too. Sent again if
   * the other node turns out not to be known yet, which the test does not count.
   */
  async reaches(other: BusNode): Promise<void> {
    const text = `${PROBE}${this.id}:${this.#probed++}`;
    const send = () => {
      this.#missing = [];
      this.bus.send(other.id, text);
    };
    send();
    await other.until(`${this.id} reaches ${other.id}`, () => {
      if (this.#missing.includes(other.id)) {
        this.unreachable.splice(0);
        setImmediate(send);
        this.#missing = [];
      }
      return other.#probes.delete(text);
    });
  }

  /** Waits until it is told that nobody has that number; asks again if the news takes a while to spread. */
  async misses(id: NodeId): Promise<void> {
    let turn = 0;
    await this.until(`${id} is unreachable`, () => {
      if (turn++ % 20 === 0) this.bus.send(id, `${PROBE}gone`);
      return this.unreachable.includes(id);
    });
    this.unreachable.splice(0);
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`node ${this.id}: it did not come to pass that ${what}`);
      // Woken at once by its own events; those of another node are checked each turn.
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 5);
      });
    }
  }

  #tell(keep: () => void): void {
    this.told += 1;
    keep();
    this.#wake();
  }
}
