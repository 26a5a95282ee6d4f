import { expect, it } from '@jest/globals';
import { wallSecond } from '../../src/common/clock.ts';

it('a time of the clock is the same second since 1970 whenever it is asked for, and at most one off', () => {
  const since1970 = 1_700_000_000_250;
  /** A clock that has run for so long, and counts the time since 1970 in whole milliseconds only. */
  const clockAt = (now: number) => ({ now: () => now, wallTime: () => Math.floor(since1970 + now) });
  const times = Array.from({ length: 6_000 }, (_, half) => half / 2);
  const early = times.map((at) => wallSecond(clockAt(5_000.1), at));
  expect(times.map((at) => wallSecond(clockAt(5_000.9), at))).toEqual(early);
  const off = times.map((at, n) => Math.abs((early[n] as number) - since1970 - at));
  expect(Math.max(...off)).toBeLessThanOrEqual(1_000);
  expect(early.filter((time) => time % 1_000 !== 0)).toEqual([]);
});
