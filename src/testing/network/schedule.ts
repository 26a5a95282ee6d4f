/** What happens later, in the order of its time; of the same time, in the order it was asked for. */
import type { ManualClock } from '../manual-clock.ts';

interface Due {
  readonly at: number;
  readonly happen: () => void;
}

export class Schedule {
  readonly clock: ManualClock;
  readonly #due: Due[] = [];

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  /** When the next of it is due, in milliseconds; Infinity where nothing is. */
  get nextAt(): number {
    return this.#due[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** @param at in milliseconds, of the clock; what lies behind happens with the next {@link run} */
  add(at: number, happen: () => void): void {
    const next = this.#due.findIndex((other) => other.at > at);
    this.#due.splice(next === -1 ? this.#due.length : next, 0, { at, happen });
  }

  after(ms: number, happen: () => void): void {
    this.add(this.clock.now() + ms, happen);
  }

  /** Lets all happen that is due by now, also what follows from it at once. */
  run(): void {
    while (this.nextAt <= this.clock.now()) this.#due.shift()?.happen();
  }
}
