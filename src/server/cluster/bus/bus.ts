/**
 * What carries messages between the nodes of a cluster. A bus promises little, because a network promises no more: a
 * text usually arrives at most once, and may be lost, late or duplicated. The layer above (node-links.ts) numbers, acks
 * and resends. Every adapter passes the same suite, test/server/cluster/bus/bus-suite.ts.
 */
import type { NodeId } from '../../node-id.ts';

/**
 * As UTF-8; every bus carries a text of that size with an envelope around it. The longest that clients can cause is a
 * session on its way to another node, with all that waits for its client.
 */
export const MAX_NODE_MESSAGE_BYTES = 24 * 1024 * 1024;

/** What a bus tells its node. None of these may throw. */
export interface BusHandlers {
  /** A message for this node arrived. It comes from outside: its text is no more trusted than a client's. */
  received(text: string): void;
  /** The bus knows that the node cannot be reached: a message to it had no receiver. */
  unreachable(node: NodeId): void;
  /** The bus is available: called at the start, and after every `down`. */
  up(): void;
  /**
   * The bus itself is unavailable; it reconnects by itself.
   * @param reason for the log, without addresses or secrets
   */
  down(reason: string): void;
}

export interface Bus {
  /**
   * Whether something other than the nodes carries the messages: then its failure says nothing about the nodes. If the
   * nodes carry them, a node that has lost its way to the others may have lost the others themselves.
   */
  readonly hasBroker: boolean;
  /**
   * Resolves when this node can be reached, or when the bus is known to be unavailable at the start; it then goes on
   * trying.
   * @throws when a setting is wrong (a URL, a credential, an id that another node has); the message says how to fix it
   */
  start(handlers: BusHandlers): Promise<void>;
  /** Drops the message while the bus is unavailable. Any text of up to `MAX_NODE_MESSAGE_BYTES` goes through. */
  send(to: NodeId, text: string): void;
  /**
   * Runs `send` at a time that suits the bus, so that messages of one turn go out together, which is cheaper. Left out:
   * once everything that arrived in this turn of the event loop has been handled.
   */
  endOfTurn?(send: () => void): void;
  /** Sends to every other node. */
  broadcast(text: string): void;
  /** Leaves the bus; the handlers are no longer called. */
  stop(): Promise<void>;
}
