/** What is kept of addresses is bounded by those that did something lately. */
import { describe, expect, it } from '@jest/globals';
import { AddressRate, TokenBucket } from '../../../src/server/admission/rate-limits.ts';

describe('what is kept of addresses', () => {
  it.each<[string, (rate: AddressRate, address: string, now: number) => void]>([
    ['counted', (rate, address, now) => rate.count(address, now)],
    ['charged', (rate, address, now) => rate.spend(address, now, 3)],
  ])('forgets 1,000 that were %s when an hour later another one is', (_what, happens) => {
    const rate = new AddressRate(1, 10);
    for (let i = 0; i < 1_000; i += 1) happens(rate, `address ${i}`, 0);
    expect(rate.size).toBe(1_000);
    happens(rate, 'another', 3_600_000);
    expect(rate.size).toBe(1);
  });

  it('keeps one whose bucket is not full again, and looks once a minute', () => {
    const rate = new AddressRate(1, 10);
    rate.spend('greedy', 0, 600);
    rate.count('modest', 0);
    rate.count('later', 59_999);
    expect(rate.size).toBe(3);
    rate.count('later', 60_000);
    expect(rate.size).toBe(2);
    expect(rate.isExhausted('greedy', 60_000)).toBe(true);
    expect(rate.isExhausted('modest', 60_000)).toBe(false);
  });

  it('is nothing where there is no limit', () => {
    const rate = new AddressRate(0, 10);
    rate.count('any', 0);
    rate.spend('any', 0, 1_000);
    expect([rate.size, rate.isExhausted('any', 0)]).toEqual([0, false]);
  });
});

describe('a bucket of 3 tokens that fills with 2 a second', () => {
  it('gives 3 at once, none after that, and one more 500 ms later', () => {
    const bucket = new TokenBucket();
    const takes = (now: number) => bucket.take(now, 2, 3);
    expect([takes(0), takes(0), takes(0), takes(0)]).toEqual([true, true, true, false]);
    expect(bucket.isEmpty(499, 2, 3)).toBe(true);
    expect([takes(499), takes(500), takes(500)]).toEqual([false, true, false]);
  });

  it('gives again what was given back, and is full 1.5 s after it was emptied', () => {
    const bucket = new TokenBucket();
    for (let i = 0; i < 3; i += 1) bucket.take(0, 2, 3);
    bucket.giveBack(2);
    expect([bucket.take(0, 2, 3), bucket.take(0, 2, 3)]).toEqual([true, false]);
    expect([bucket.isFull(1_499), bucket.isFull(1_500)]).toEqual([false, true]);
  });

  it('that was overdrawn gives nothing until the debt is paid', () => {
    const bucket = new TokenBucket();
    bucket.spend(0, 2, 5);
    expect([bucket.take(1_499, 2, 3), bucket.take(1_500, 2, 3)]).toEqual([false, true]);
  });
});
