/**
 * What carries messages between the nodes of a cluster. A bus promises little, because a network promises no more:
 * text arrives at most once in the usual case, and may be lost, late or doubled. What is built on it (node-links.ts)
 * numbers, acks and sends again. Every adapter passes the same suite, test/server/cluster/bus/bus-suite.ts.
 */
import type { NodeId } from '../../node-id.ts';

/** What a bus tells its node. None of these may throw. */
export interface BusHandlers {
  /** A message for this node. It is from outside: its text is as little to be trusted as a client's. */
  received(text: string): void;
  /** The bus knows that nothing can reach that node: a message to it was for nobody. */
  unreachable(node: NodeId): void;
  /** The bus is there; at the start, and after every `down`. */
  up(): void;
  /** The bus itself is away; it comes back by itself. @param reason for the log: no address, no secret */
  down(reason: string): void;
}

export interface Bus {
  /**
   * Whether something apart from the nodes carries the messages: that it is away says nothing about them. Where the
   * nodes themselves do, one that has lost its way to the others may have lost them.
   */
  readonly hasBroker: boolean;
  /**
   * Fulfilled when this node can be reached; when the bus is away at the start, when that is known: it goes on trying.
   * @throws when what it was told is wrong (a URL, a credential, an id that another node has): says how to mend it
   */
  start(handlers: BusHandlers): Promise<void>;
  /** While the bus is away it is dropped. Any length that a message of ours has (several MiB) goes through. */
  send(to: NodeId, text: string): void;
  /**
   * Runs what sends all that was said within a turn: a message costs less beside others. Left out: when everything that
   * this turn of the event loop brought was handled.
   */
  endOfTurn?(send: () => void): void;
  /** To every other node. */
  broadcast(text: string): void;
  /** Leaves; the handlers are no longer called. */
  stop(): Promise<void>;
}
