/**
 * When nodes were lost. A session can outlive its node by no more than it waits for its client, so the client's word
 * and its secret count for no longer than that.
 */
import type { NodeId } from '../bus/bus.ts';

export class LostNodes {
  readonly #graceMs: number;
  readonly #lostAt = new Map<NodeId, number>();
  #upSince: number | undefined;

  /** @param graceMs how long a session waits for its client */
  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** The bus is there: from the first time on this node hears of others. */
  up(now: number): void {
    this.#upSince ??= now;
  }

  /** A node that was there is lost. */
  lost(node: NodeId, now: number): void {
    // Nodes without a number of their own take another one at each start.
    for (const [other, at] of this.#lostAt) if (this.#isOver(at, now)) this.#lostAt.delete(other);
    this.#lostAt.set(node, now);
  }

  /** Whether sessions of a node that is not there may still come back. One that was never heard of died before. */
  isWithinGrace(node: NodeId, now: number): boolean {
    return !this.#isOver(this.#lostAt.get(node) ?? this.#upSince ?? now, now);
  }

  #isOver(lostAt: number, now: number): boolean {
    return now - lostAt > this.#graceMs;
  }
}
