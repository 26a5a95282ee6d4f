/**
 * Bounds how many sessions one node is asked for at once; the others wait here for their turn. When thousands of clients
 * come back, a new pair request for that node then waits behind a few sessions on their way, not behind thousands.
 */
import type { NodeId } from '../../node-id.ts';

/** Enough to keep a node busy. With more, pair requests wait longer; with fewer, clients take longer to come back. */
const MOVES_AT_ONCE = 8;

interface Line {
  /** The numbers of those that were asked for. */
  readonly underWay: Set<number>;
  /** How to ask for the others, by number, in the order in which they came. */
  readonly waiting: Map<number, () => void>;
}

export class MoveLines {
  /** Of each node that was asked, until it is lost. */
  readonly #lines = new Map<NodeId, Line>();

  /** Asks at once, or when its turn comes. */
  add(node: NodeId, number: number, ask: () => void): void {
    const line = this.#lines.get(node) ?? { underWay: new Set(), waiting: new Map() };
    this.#lines.set(node, line);
    line.waiting.set(number, ask);
    this.#next(line);
  }

  /** That node has answered, or is no longer waited for: the next one's turn. */
  remove(node: NodeId, number: number): void {
    const line = this.#lines.get(node);
    if (!line) return;
    line.waiting.delete(number);
    line.underWay.delete(number);
    this.#next(line);
  }

  /** That node is lost: nothing more is asked of it. */
  lost(node: NodeId): void {
    this.#lines.delete(node);
  }

  #next({ underWay, waiting }: Line): void {
    for (const [number, ask] of waiting) {
      if (underWay.size >= MOVES_AT_ONCE) return;
      waiting.delete(number);
      underWay.add(number);
      ask();
    }
  }
}
