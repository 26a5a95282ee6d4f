/** What is kept of addresses is bounded by those that did something lately. */
import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from '../../../src/common/token-bucket.ts';
import { AddressRate } from '../../../src/server/admission/address-limits.ts';
import { SendingRate } from '../../../src/server/admission/rate-limits.ts';

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

describe('a client that may send 50 messages a second after a burst of 200, with 64 peers', () => {
  const options = { maxMessagesPerSecond: 50, maxMessageBurst: 200, maxBytesPerSecond: 512 * 1024 };
  const MORE = 63 * 64;

  /** How many of so many tries at once pass. */
  const pass = (rate: SendingRate, now: number, peers: number, tries = 10_000, bytes = 1) => {
    let passed = 0;
    for (let n = 0; n < tries; n += 1) if (!rate.take(now, bytes, options, peers)) passed += 1;
    return passed;
  };

  it('sends 64 more at once for each peer but the first', () => {
    expect(pass(new SendingRate(), 0, 64)).toBe(200 + MORE);
    expect(pass(new SendingRate(), 0, 1)).toBe(200);
  });

  it('sends at most a tenth more in an hour than one with a single peer', () => {
    const [many, one] = [new SendingRate(), new SendingRate()];
    let [ofMany, ofOne] = [0, 0];
    for (let second = 0; second <= 3_600; second += 1) {
      ofMany += pass(many, second * 1_000, 64, second === 0 ? 10_000 : 100);
      ofOne += pass(one, second * 1_000, 1, second === 0 ? 10_000 : 100);
    }
    expect(ofOne).toBe(200 + 3_600 * 50);
    expect(ofMany - MORE - 200).toBeLessThanOrEqual(3_600 * 55);
  });

  it('has no burst more when its peers leave and come, nor when it goes to another node', () => {
    const rate = new SendingRate();
    expect(pass(rate, 0, 64)).toBe(200 + MORE);
    expect([pass(rate, 0, 1), pass(rate, 0, 64)]).toEqual([0, 0]);
    const moved = new SendingRate();
    moved.restore(0, rate.stateAt(0));
    expect(pass(moved, 0, 64)).toBe(0);
  });

  it('that is alone again sends at its own rate at once', () => {
    const rate = new SendingRate();
    pass(rate, 0, 64);
    expect(pass(rate, 1_000, 1, 100)).toBe(50);
  });

  it('sends 128 KiB more at once for each peer but the first', () => {
    expect(pass(new SendingRate(), 0, 3, 100, 16 * 1024)).toBe(32 + 16);
  });
});
