/**
 * How long clients of an earlier process of this server may still come back: as long as a session waits for its client.
 */
import type { StepQueue } from '../../machines/index.ts';

export class RestoreWindow {
  readonly graceMs: number;
  readonly #queue: StepQueue;
  readonly #startedAt: number;

  /** @param graceMs how long a session waits for its client */
  constructor(queue: StepQueue, graceMs: number) {
    this.#queue = queue;
    this.#startedAt = queue.now;
    this.graceMs = graceMs;
  }

  get isOpen(): boolean {
    return this.#queue.now - this.#startedAt <= this.graceMs;
  }
}
