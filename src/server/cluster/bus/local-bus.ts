/**
 * A bus within one process: for a server that is the only node, and for several nodes in one test. As on a network, a
 * message arrives later, never within `send`.
 */

import type { NodeId } from '../../node-id.ts';
import type { Bus, BusHandlers } from './bus.ts';
import { DuplicateNodeError } from './bus-errors.ts';

/** @param pair the numbers of sender and receiver, separated by a space */
export type Schedule = (deliver: () => void, pair: string) => void;

export interface LocalBusHubOptions {
  /**
   * Runs a delivery some time later; a test may run deliveries in any order, but each pair of nodes keeps its own
   * order.
   */
  readonly schedule?: Schedule;
  /** The value to report as the bus's `hasBroker`; true by default. */
  readonly hasBroker?: boolean;
}

/** Connects the nodes of one process. */
export class LocalBusHub {
  readonly hasBroker: boolean;
  #schedule: Schedule;
  readonly #nodes = new Map<NodeId, LocalBus>();
  /** Messages on their way, by sender and receiver, so that each pair keeps its order whatever the schedule does. */
  readonly #underWay = new Map<string, (() => void)[]>();
  #isUp = true;

  constructor({ schedule = queueMicrotask, hasBroker = true }: LocalBusHubOptions = {}) {
    this.hasBroker = hasBroker;
    this.#schedule = schedule;
  }

  /** Creates the bus of a node, not yet started. */
  bus(id: NodeId): LocalBus {
    return new LocalBus(this, id);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** For tests: makes the bus unavailable to every node. */
  goAway(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#underWay.clear();
    for (const bus of [...this.#nodes.values()]) bus.handlers?.down('the bus was taken away');
  }

  comeBack(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    for (const bus of [...this.#nodes.values()]) bus.handlers?.up();
  }

  /**
   * For tests: lets the caller decide when messages arrive.
   * @param schedule undefined: soon, as by default
   */
  hold(schedule: Schedule | undefined): void {
    this.#schedule = schedule ?? queueMicrotask;
  }

  /**
   * For tests: cuts a node off from all others without telling anybody.
   * @returns a function that reconnects it
   */
  sever(id: NodeId): () => void {
    const bus = this.#nodes.get(id);
    if (!bus) throw new Error(`there is no node ${id}`);
    const { handlers } = bus;
    bus.handlers = undefined;
    return () => {
      bus.handlers = handlers;
    };
  }

  /** @throws {DuplicateNodeError} */
  join(bus: LocalBus): void {
    if (this.#nodes.has(bus.id)) throw new DuplicateNodeError(bus.id);
    this.#nodes.set(bus.id, bus);
  }

  leave(bus: LocalBus): void {
    if (this.#nodes.get(bus.id) === bus) this.#nodes.delete(bus.id);
  }

  send(from: LocalBus, to: NodeId, text: string): void {
    if (!from.handlers) return;
    // As on every bus, a node cannot send to itself.
    const receiver = to === from.id ? undefined : this.#nodes.get(to);
    this.#later(`${from.id} ${to}`, () => {
      if (receiver) receiver.handlers?.received(text);
      else from.handlers?.unreachable(to);
    });
  }

  broadcast(from: LocalBus, text: string): void {
    for (const id of this.#nodes.keys()) if (id !== from.id) this.send(from, id, text);
  }

  #later(pair: string, deliver: () => void): void {
    if (!this.#isUp) return;
    const waiting = this.#underWay.get(pair);
    if (waiting) waiting.push(deliver);
    else this.#underWay.set(pair, [deliver]);
    this.#schedule(() => {
      this.#underWay.get(pair)?.shift()?.();
    }, pair);
  }
}

export class LocalBus implements Bus {
  get hasBroker(): boolean {
    return this.#hub.hasBroker;
  }

  readonly id: NodeId;
  /** Undefined before the start and after the stop. */
  handlers: BusHandlers | undefined;
  readonly #hub: LocalBusHub;

  constructor(hub: LocalBusHub, id: NodeId) {
    this.#hub = hub;
    this.id = id;
  }

  async start(handlers: BusHandlers): Promise<void> {
    this.#hub.join(this);
    this.handlers = handlers;
    if (this.#hub.isUp) handlers.up();
    else handlers.down('the bus was taken away');
  }

  send(to: NodeId, text: string): void {
    this.#hub.send(this, to, text);
  }

  /** There is no I/O to wait for. */
  endOfTurn(send: () => void): void {
    queueMicrotask(send);
  }

  broadcast(text: string): void {
    this.#hub.broadcast(this, text);
  }

  async stop(): Promise<void> {
    this.handlers = undefined;
    this.#hub.leave(this);
  }
}
