/**
 * The one queue that all hosts of a process share: an event that is sent from within an effect waits until the step
 * that caused it is over, whichever machine it is for. So no machine is ever entered twice, and steps have one order.
 */
export class StepQueue {
  #steps: (() => void)[] = [];
  #isRunning = false;

  /** Runs the step now, or after those that are under way. */
  push(step: () => void): void {
    this.#steps.push(step);
    if (!this.#isRunning) this.#drain();
  }

  /** Runs everything that `enqueue` pushes only after `enqueue` has returned: for an event to many at once. */
  batch(enqueue: () => void): void {
    const isNested = this.#isRunning;
    this.#isRunning = true;
    try {
      enqueue();
    } finally {
      if (!isNested) this.#drain();
    }
  }

  #drain(): void {
    this.#isRunning = true;
    try {
      for (let next = 0; next < this.#steps.length; next += 1) (this.#steps[next] as () => void)();
    } finally {
      this.#steps.length = 0;
      this.#isRunning = false;
    }
  }
}
