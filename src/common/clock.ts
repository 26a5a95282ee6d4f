/**
 * The time, for everything outside the pure machines. Tests hand in a clock of their own and step it.
 */
import type { TimerWheel } from '../machines/index.ts';

export interface Clock {
  /** Milliseconds from any fixed point, never backwards. */
  now(): number;
  /** Milliseconds since 1970, for what is told to others. */
  wallTime(): number;
  /** Calls `tick` again and again, `ms` apart, until the returned function is called. */
  every(ms: number, tick: () => void): () => void;
}

/** In Node the global is a getter; the time is asked for with every message. */
const { performance: stopwatch } = globalThis;

/** The machine's own clock; it does not keep a process alive. */
export const systemClock: Clock = {
  now: () => stopwatch.now(),
  wallTime: () => Date.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    // A number in browsers, which have no process to keep alive.
    (timer as { unref?: () => void }).unref?.();
    return () => clearInterval(timer);
  },
};

/** How many timers fire before other work gets its turn. */
const FIRES_AT_ONCE = 50;

/**
 * Moves a wheel on with a clock.
 * @returns stops it
 */
export function driveTimers(wheel: TimerWheel, clock: Clock): () => void {
  let isStopped = false;
  const advance = () => {
    if (isStopped) return;
    if (!wheel.advance(clock.now(), FIRES_AT_ONCE)) setTimeout(advance, 0);
  };
  const stop = clock.every(wheel.tickMs, advance);
  return () => {
    isStopped = true;
    stop();
  };
}
