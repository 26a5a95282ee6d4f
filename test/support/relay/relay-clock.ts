/** A clock for relay servers under test: time passes when the test says so. */
import type { Clock } from '../../../src/common/clock.ts';

export class RelayTestClock implements Clock {
  #now = 0;
  readonly #ticks = new Set<{ ms: number; due: number; tick: () => void }>();

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#now;
  }

  every(ms: number, tick: () => void): () => void {
    const entry = { ms, due: this.#now + ms, tick };
    this.#ticks.add(entry);
    return () => this.#ticks.delete(entry);
  }

  /** How many wait for time to pass. */
  get waiting(): number {
    return this.#ticks.size;
  }

  /** Lets time pass; everything due meanwhile happens in order. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#ticks].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#now = next.due;
      next.due += next.ms;
      next.tick();
    }
    this.#now = end;
  }
}
