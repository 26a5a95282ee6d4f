/**
 * When nodes were lost. A session can outlive its node by no more than it waits for its client, so the client's word
 * and its secret count for no longer than that.
 */
import type { StepQueue } from '../../../machines/index.ts';
import type { NodeId } from '../../node-id.ts';

export class LostNodes {
  readonly #queue: Pick<StepQueue, 'now'>;
  readonly #graceMs: number;
  readonly #lostAt = new Map<NodeId, number>();
  #upSince: number | undefined;

  /** @param queue for its time, in milliseconds @param graceMs how long a session waits for its client */
  constructor(queue: Pick<StepQueue, 'now'>, graceMs: number) {
    this.#queue = queue;
    this.#graceMs = graceMs;
  }

  /** How many nodes are kept. */
  get size(): number {
    return this.#lostAt.size;
  }

  /** The bus is there: from the first time on this node hears of others. */
  up(): void {
    this.#upSince ??= this.#queue.now;
  }

  /** A node that was there is lost. */
  lost(node: NodeId): void {
    // Nodes without a number of their own take another one at each start.
    for (const [other, at] of this.#lostAt) if (this.#isOver(at)) this.#lostAt.delete(other);
    this.#lostAt.set(node, this.#queue.now);
  }

  /** Whether sessions of a lost node may still come back. A node never seen counts as lost since the bus came up. */
  isWithinGrace(node: NodeId): boolean {
    return !this.#isOver(this.#lostAt.get(node) ?? this.#upSince ?? this.#queue.now);
  }

  #isOver(lostAt: number): boolean {
    return this.#queue.now - lostAt > this.#graceMs;
  }
}
