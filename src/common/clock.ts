/** The time, for everything outside the pure machines. Tests provide a clock of their own and step it. */
import type { TimerWheel } from '../machines/without-xstate.ts';

export interface Clock {
  /** Milliseconds since any fixed point, monotonic. */
  now(): number;
  /** Milliseconds since 1970, for what others are told. */
  wallTime(): number;
  /** Calls `tick` every `ms` milliseconds until the returned function is called. */
  every(ms: number, tick: () => void): () => void;
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
    const { timer, stop } = tickEvery(ms, tick);
    // In browsers a timer is a number, and there is no process to keep alive.
    (timer as { unref?: () => void }).unref?.();
    return stop;
  },
};

/**
 * Ticks a turn of the event loop late: after a pause (a frozen page, a debugger, a stopped process), all that came meanwhile
 * is handled before what is overdue, which it may have made needless.
 */
export function tickEvery(ms: number, tick: () => void) {
  let isStopped = false;
  const tickUnlessStopped = () => {
    if (!isStopped) tick();
  };
  const timer = setInterval(() => afterWhatHasCome(tickUnlessStopped), ms);
  const stop = () => {
    isStopped = true;
    clearInterval(timer);
  };
  return { timer, stop };
}

/** Browsers have no `setImmediate`, and hold back a timeout of 0 ms in a page in the background, but no message. */
const afterWhatHasCome =
  (globalThis as { setImmediate?: (work: () => void) => unknown }).setImmediate ?? byMessage;

function byMessage(work: () => void): void {
  const { port1, port2 } = new MessageChannel();
  const received = () => {
    port1.close();
    work();
  };
  port1.addEventListener('message', received, { once: true });
  port1.start();
  port2.postMessage(undefined);
}

/** How many timers fire before other work gets its turn. */
const FIRES_AT_ONCE = 50;

/**
 * Advances a timer wheel with a clock.
 * @returns a function that stops it
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
