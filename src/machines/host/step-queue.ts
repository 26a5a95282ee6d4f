/**
 * The one queue that all hosts of a process share, together with their timers and their time: an event sent from within
 * an effect waits until the current step is over, whichever machine it is for. So no machine is ever re-entered, and
 * steps have a total order.
 *
 * The time is set only here: once, when something enters the idle queue. All that follows from it happens at that time.
 */
import { type Fire, type TimerOwner, TimerWheel } from './timer-wheel.ts';

/** Steps an instance with an event: a host. Three words in the queue cost less than a closure. */
export interface Stepper {
  step(instance: unknown, event: unknown): void;
}

/** The part of a clock that the queue needs. */
export interface TimeSource {
  /** Milliseconds since any fixed point, monotonic. */
  now(): number;
}

/** Runs functions as steps: for code without an instance that runs rarely. */
const FUNCTIONS: Stepper = {
  step: (work) => (work as () => void)(),
};

export class StepQueue {
  /** The timers of all machines that share the queue. */
  readonly timers: TimerWheel;
  readonly #clock: TimeSource | undefined;
  /** Stepper, instance and event of each waiting step, one after another. */
  #waiting: unknown[] = [];
  #isRunning = false;
  /** How often something has entered the idle queue: what follows from one such entry has the same number. */
  entries = 0;

  /**
   * @param clock left out: the time is what the timers were last advanced to
   * @param timers by default a wheel that starts at the clock's time
   */
  constructor(clock?: TimeSource, timers = new TimerWheel(clock?.now())) {
    this.#clock = clock;
    this.timers = timers;
  }

  /** The time in milliseconds: within a step, the time at which the step began; otherwise the clock's. */
  get now(): number {
    return this.#isRunning || !this.#clock ? this.timers.now : this.#clock.now();
  }

  /** Arms a timer for something that is not a machine; see {@link TimerWheel.arm}. */
  arm(owner: TimerOwner, name: string, delayMs: number, fire: Fire): void {
    if (!this.#isRunning) this.#setTime();
    this.timers.arm(owner, name, delayMs, fire);
  }

  /** Runs the step now, or after the current ones. */
  push(step: () => void): void {
    this.send(FUNCTIONS, step, undefined);
  }

  /** Steps the instance now, or after the current steps. */
  send(stepper: Stepper, instance: unknown, event: unknown): void {
    if (this.#isRunning) {
      this.#waiting.push(stepper, instance, event);
      return;
    }
    this.#enter();
    try {
      stepper.step(instance, event);
    } finally {
      this.#drain();
    }
  }

  /** Runs the steps that `enqueue` pushes only after it has returned: for one event to many instances. */
  batch(enqueue: () => void): void {
    if (this.#isRunning) {
      enqueue();
      return;
    }
    this.#enter();
    try {
      enqueue();
    } finally {
      this.#drain();
    }
  }

  #enter(): void {
    this.#setTime();
    this.#isRunning = true;
    this.entries += 1;
  }

  #setTime(): void {
    if (this.#clock) this.timers.now = this.#clock.now();
  }

  /** @throws the first exception of any step; the steps after it are taken all the same */
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
    // Setting the length takes longer than all the rest here, even if it stays 0.
    if (waiting.length > 0) waiting.length = 0;
    this.#isRunning = false;
    if (failure) throw failure.error;
  }
}
