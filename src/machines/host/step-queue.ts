/**
 * The one queue that all hosts of a process share: an event that is sent from within an effect waits until the step
 * that caused it is over, whichever machine it is for. So no machine is ever entered twice, and steps have one order.
 */

/** Who steps an instance with an event: a host. Three words in the queue cost less than a closure. */
export interface Stepper {
  step(instance: unknown, event: unknown): void;
}

/** Steps that are functions: for what has no instance, and comes seldom. */
const FUNCTIONS: Stepper = {
  step: (work) => (work as () => void)(),
};

export class StepQueue {
  /** Stepper, instance, event, and so on. */
  #waiting: unknown[] = [];
  #isRunning = false;

  /** Runs the step now, or after those that are under way. */
  push(step: () => void): void {
    this.send(FUNCTIONS, step, undefined);
  }

  /** Steps the instance now, or after the steps that are under way. */
  send(stepper: Stepper, instance: unknown, event: unknown): void {
    if (!this.#isRunning && this.#waiting.length === 0) {
      this.#isRunning = true;
      try {
        stepper.step(instance, event);
      } finally {
        this.#drain();
      }
      return;
    }
    this.#waiting.push(stepper, instance, event);
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
    const waiting = this.#waiting;
    try {
      for (let next = 0; next < waiting.length; next += 3)
        (waiting[next] as Stepper).step(waiting[next + 1], waiting[next + 2]);
    } finally {
      if (waiting.length > 0) waiting.length = 0;
      this.#isRunning = false;
    }
  }
}
