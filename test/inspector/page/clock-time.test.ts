import { expect, it } from '@jest/globals';
import { clockTime } from '../../../src/inspector/page/clock-time.ts';

const now = new Date(2026, 10, 27, 0, 5).getTime();
const minutesAgo = (minutes: number) => clockTime(now - minutes * 60_000, now);

it('a time of today is that, and one of another day has its date', () => {
  expect([5, 6, 24 * 60 + 1].map(minutesAgo)).toEqual(['00:00:00', '26 Nov, 23:59:00', '26 Nov, 00:04:00']);
});
