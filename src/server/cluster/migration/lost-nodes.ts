/**
 * When nodes were lost. A session cannot outlive its node by more than its grace time, so a client's claims and its
 * secret are accepted for no longer than that.
 */
import type { StepQueue } from '../../../machines/index.ts';
import type { NodeId } from '../../node-id.ts';

export class LostNodes {
  readonly #queue: Pick<StepQueue, 'now'>;
  readonly #graceMs: number;
  readonly #lostAt = new Map<NodeId, number>();
  #upSince: number | undefined;

  /**
   * @param queue provides the time, in milliseconds
   * @param graceMs how long a session waits for its client
   */
  constructor(queue: Pick<StepQueue, 'now'>, graceMs: number) {
    this.#queue = queue;
    this.#graceMs = graceMs;
  }

  /** The number of nodes that are remembered. */
  get size(): number {
    return this.#lostAt.size;
  }

  /** The bus is available; from the first time on, this node hears of others. */
  up(): void {
    this.#upSince ??= this.#queue.now;
  }

  /** A node that was reachable is lost. */
  lost(node: NodeId): void {
    // Nodes without a fixed number take a new one at each start, so old entries must be removed.
    for (const [other, at] of this.#lostAt) if (this.#isOver(at)) this.#lostAt.delete(other);
    this.#lostAt.set(node, this.#queue.now);
  }

  /**
   * Whether sessions of a lost node may still come back. A node that was never seen counts as lost since the bus came
   * up.
   */
  isWithinGrace(node: NodeId): boolean {
    return !this.#isOver(this.#lostAt.get(node) ?? this.#upSince ?? this.#queue.now);
  }

  #isOver(lostAt: number): boolean {
    return this.#queue.now - lostAt > this.#graceMs;
  }
}
