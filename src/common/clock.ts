/** The time, for everything outside the pure machines. Tests provide a clock of their own and step it. */
import type { TimerWheel } from '../machines/without-xstate.ts';

export interface Clock {
  /** Milliseconds since any fixed point, monotonic. */
  now(): number;
  /** Milliseconds since 1970, for what others are told. */
  wallTime(): number;
  /** Calls `tick` every `ms` milliseconds until the returned function is called. */
  every(ms: number, tick: () => void): () => void;
  /** Calls it once all that has come by now was handled; a clock without it has nothing to wait for. */
  nextTurn?(work: () => void): void;
}

/**
 * A time of the clock as milliseconds since 1970, in whole seconds. It is the same whenever it is asked for, although the
 * difference between the two times of a clock never is quite.
 */
export function wallSecond(clock: Pick<Clock, 'now' | 'wallTime'>, at: number): number {
  const whole = (ms: number) => Math.round(ms / 1_000) * 1_000;
  return whole(clock.wallTime() - clock.now()) + whole(at);
}

/** Cached, because in Node the global is a getter, and the time is read for every message. */
const { performance: stopwatch } = globalThis;

/** The system's clock; its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => stopwatch.now(),
  wallTime: () => Date.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    // In browsers a timer is a number, and there is no process to keep alive.
    (timer as { unref?: () => void }).unref?.();
    return () => clearInterval(timer);
  },
};

/** How many timers fire before other work gets its turn. */
const FIRES_AT_ONCE = 50;

/**
 * Advances a timer wheel with a clock. After a pause (a frozen page, a debugger, a stopped process) everything is overdue,
 * so each time what came meanwhile is handled first: it may have made a timer needless.
 * @returns a function that stops it
 */
export function driveTimers(wheel: TimerWheel, clock: Clock): () => void {
  let isStopped = false;
  const advance = () => {
    if (isStopped) return;
    if (!wheel.advance(clock.now(), FIRES_AT_ONCE)) setTimeout(advance, 0);
  };
  const tick = clock.nextTurn ? () => clock.nextTurn?.(advance) : advance;
  const stop = clock.every(wheel.tickMs, tick);
  return () => {
    isStopped = true;
    stop();
  };
}
