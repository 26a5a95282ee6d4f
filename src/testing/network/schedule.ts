/** Future events in order of their times; events of the same time in the order in which they were added. */
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

  /** When the next event is due, in milliseconds; Infinity if there is none. */
  get nextAt(): number {
    return this.#due[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** @param at in milliseconds of the clock; an event in the past happens with the next {@link run} */
  add(at: number, happen: () => void): void {
    const next = this.#due.findIndex((other) => other.at > at);
    this.#due.splice(next === -1 ? this.#due.length : next, 0, { at, happen });
  }

  after(ms: number, happen: () => void): void {
    this.add(this.clock.now() + ms, happen);
  }

  /** Runs all events that are due now, including those that follow from them at once. */
  run(): void {
    while (this.nextAt <= this.clock.now()) this.#due.shift()?.happen();
  }
}
