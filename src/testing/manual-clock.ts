/** A clock that stands still until a test moves it, so that a promise such as "after 10 s" is tested in no time. */
import type { Clock } from '../common/clock.ts';

interface Tick {
  readonly ms: number;
  nextAt: number;
  readonly tick: () => void;
}

export class ManualClock implements Clock {
  #now = 0;
  readonly #ticks = new Set<Tick>();

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  every(ms: number, tick: () => void): () => void {
    const entry = { ms, nextAt: this.#now + ms, tick };
    this.#ticks.add(entry);
    return () => this.#ticks.delete(entry);
  }

  /** When the next tick is due, in milliseconds; Infinity if there is none. */
  get nextAt(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#ticks].map(({ nextAt }) => nextAt));
  }

  /** Moves the time on by this many milliseconds, tick by tick. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (;;) {
      const next = [...this.#ticks].sort((a, b) => a.nextAt - b.nextAt)[0];
      if (!next || next.nextAt > target) break;
      this.#now = next.nextAt;
      next.nextAt += next.ms;
      next.tick();
    }
    this.#now = target;
  }
}
