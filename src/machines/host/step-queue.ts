/**
 * The one queue that all hosts of a process share, and with it their timers and their time: an event that is sent from
 * within an effect waits until the step that caused it is over, whichever machine it is for. So no machine is ever
 * entered twice, and steps have one order.
 *
 * The time is set here and nowhere else: once, when something enters the queue while nothing is under way. All that
 * follows from it happens at that time.
 */
import { type Fire, type TimerOwner, TimerWheel } from './timer-wheel.ts';

/** Who steps an instance with an event: a host. Three words in the queue cost less than a closure. */
export interface Stepper {
  step(instance: unknown, event: unknown): void;
}

/** What the queue needs of a clock. */
export interface TimeSource {
  /** Milliseconds from any fixed point, never backwards. */
  now(): number;
}

/** Steps that are functions: for what has no instance, and comes seldom. */
const FUNCTIONS: Stepper = {
  step: (work) => (work as () => void)(),
};

export class StepQueue {
  /** The delays of all machines that share the queue. */
  readonly timers: TimerWheel;
  readonly #clock: TimeSource | undefined;
  /** Stepper, instance, event, and so on. */
  #waiting: unknown[] = [];
  #isRunning = false;

  /**
   * @param clock without one, the time is what the timers were last advanced to
   * @param timers by default a wheel that starts at the clock's time
   */
  constructor(clock?: TimeSource, timers = new TimerWheel(clock?.now())) {
    this.#clock = clock;
    this.timers = timers;
  }

  /** The time in milliseconds: within a step the one that the step began at, otherwise the clock's. */
  get now(): number {
    return this.#isRunning || !this.#clock ? this.timers.now : this.#clock.now();
  }

  /** Arms a timer for something that is no machine; see {@link TimerWheel.arm}. */
  arm(owner: TimerOwner, name: string, delayMs: number, fire: Fire): void {
    if (!this.#isRunning) this.#setTime();
    this.timers.arm(owner, name, delayMs, fire);
  }

  /** Runs the step now, or after those that are under way. */
  push(step: () => void): void {
    this.send(FUNCTIONS, step, undefined);
  }

  /** Steps the instance now, or after the steps that are under way. */
  send(stepper: Stepper, instance: unknown, event: unknown): void {
    if (this.#isRunning) {
      this.#waiting.push(stepper, instance, event);
      return;
    }
    this.#setTime();
    this.#isRunning = true;
    try {
      stepper.step(instance, event);
    } finally {
      this.#drain();
    }
  }

  /** Runs everything that `enqueue` pushes only after `enqueue` has returned: for an event to many at once. */
  batch(enqueue: () => void): void {
    if (this.#isRunning) {
      enqueue();
      return;
    }
    this.#setTime();
    this.#isRunning = true;
    try {
      enqueue();
    } finally {
      this.#drain();
    }
  }

  #setTime(): void {
    if (this.#clock) this.timers.now = this.#clock.now();
  }

  /** @throws what the first step threw that threw anything; the steps after it are taken all the same */
  #drain(): void {
    const waiting = this.#waiting;
    let failure: { readonly error: unknown } | undefined;
    for (let next = 0; next < waiting.length; next += 3) {
      try {
        (waiting[next] as Stepper).step(waiting[next + 1], waiting[next + 2]);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (waiting.length > 0) waiting.length = 0;
    this.#isRunning = false;
    if (failure) throw failure.error;
  }
}
