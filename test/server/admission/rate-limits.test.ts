/** What is kept of addresses is bounded by those that did something lately. */
import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from '../../../src/common/token-bucket.ts';
import { AddressRate, shareOf } from '../../../src/server/admission/address-limits.ts';
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

describe('what an address did', () => {
  it('is told to the other processes once it counts, and taken back once it did not happen after all', () => {
    const rate = new AddressRate(1, 2);
    const told: [string, number][] = [];
    rate.shareWith((address, change) => told.push([address, change]));
    for (let n = 0; n < 3; n += 1) rate.count('a', 0);
    rate.spend('b', 0, 3);
    rate.giveBack('a');
    rate.giveBack('nobody');
    expect(told).toEqual([
      ['a', 1],
      ['a', 1],
      ['b', 3],
      ['a', -1],
    ]);
    expect([rate.isExhausted('a', 0), rate.isExhausted('b', 0), rate.size]).toEqual([false, true, 2]);
  });

  it('elsewhere counts as what it did here', () => {
    const rate = new AddressRate(1, 3);
    const isFull = () => rate.isExhausted('a', 0);
    rate.changedElsewhere('a', 2, 0);
    expect(isFull()).toBe(false);
    rate.changedElsewhere('a', 1, 0);
    expect(isFull()).toBe(true);
    rate.changedElsewhere('a', -1, 0);
    expect(isFull()).toBe(false);
    rate.count('a', 0);
    expect(isFull()).toBe(true);
    rate.changedElsewhere('nobody', -1, 0);
    expect(rate.size).toBe(1);
    const unlimited = new AddressRate(0, 10);
    unlimited.changedElsewhere('a', 5, 0);
    expect(unlimited.size).toBe(0);
  });

  it('is looked through once a minute, counted from the time before', () => {
    const rate = new AddressRate(1, 10);
    rate.count('early', 60_000);
    rate.count('other', 119_999);
    expect(rate.size).toBe(2);
    rate.count('other', 120_000);
    expect(rate.size).toBe(1);
  });

  it('is half of a total at most, of 64 at least', () => {
    expect([0, 1, 128, 129, 130, 1_000].map(shareOf)).toEqual([Infinity, 64, 64, 64, 65, 500]);
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
    expect(pass(new SendingRate(), 0, 1, 1, 512 * 1024)).toBe(1);
    expect(pass(new SendingRate(), 0, 1, 1, 512 * 1024 + 1)).toBe(0);
  });

  it('has one more peer with the second', () => {
    expect(pass(new SendingRate(), 0, 2)).toBe(200 + 64);
    expect(pass(new SendingRate(), 0, 2, 100, 16 * 1024)).toBe(32 + 8);
  });

  it('that came back sends as many messages and bytes ahead of its rate as it is credited with, once', () => {
    const rate = new SendingRate();
    expect(pass(rate, 0, 1)).toBe(200);
    rate.credit(10, 0);
    expect([pass(rate, 0, 1), pass(rate, 3_600_000, 1)]).toEqual([10, 200]);
    rate.credit(0, 16 * 1024);
    expect(pass(rate, 3_600_000, 1)).toBe(0);
    const ofBytes = new SendingRate();
    expect(pass(ofBytes, 0, 1, 100, 16 * 1024)).toBe(32);
    ofBytes.credit(5, 3 * 16 * 1024);
    expect(pass(ofBytes, 0, 1, 100, 16 * 1024)).toBe(3);
  });

  it('recovers when half a burst may be sent again, of messages and of bytes', () => {
    const rate = new SendingRate();
    const inMs = (now: number, more = {}) => rate.recoversInMs(now, { ...options, ...more });
    expect(inMs(0)).toBe(0);
    pass(rate, 0, 1);
    expect([inMs(0), inMs(1_500), inMs(2_000), inMs(2_500)]).toEqual([2_000, 500, 0, 0]);
    const ofBytes = new SendingRate();
    pass(ofBytes, 0, 1, 100, 16 * 1024);
    expect(ofBytes.recoversInMs(100, options)).toBe(400);
    const unlimited = { ...options, maxMessagesPerSecond: 0 };
    const free = new SendingRate();
    for (let n = 0; n < 1_000; n += 1) free.take(0, 1, unlimited);
    expect(free.recoversInMs(0, unlimited)).toBe(0);
  });

  it('is as far ahead of its rate at the node that it goes to', () => {
    const state = { messages_ms: 100, bytes_ms: 200, peer_messages_ms: 300, peer_bytes_ms: 300 };
    const restored = (from: Parameters<SendingRate['restore']>[1]) => {
      const rate = new SendingRate();
      rate.restore(50, from);
      return rate.stateAt(50);
    };
    expect(restored(state)).toEqual(state);
    for (const only of [{ peer_messages_ms: 1 }, { peer_bytes_ms: 1 }, {}])
      expect(restored({ messages_ms: 0, bytes_ms: 7, ...only })).toEqual({
        ...{ messages_ms: 0, bytes_ms: 7, peer_messages_ms: 0, peer_bytes_ms: 0 },
        ...only,
      });
    const rate = new SendingRate();
    pass(rate, 0, 2, 10_000, 1);
    expect(rate.stateAt(0)).toEqual({
      messages_ms: 4_000,
      bytes_ms: 1,
      peer_messages_ms: 12_800,
      peer_bytes_ms: 0,
    });
  });

  it('is charged what a message cost, half a burst at most', () => {
    const left = (cost: number) => {
      const rate = new SendingRate();
      rate.spend(0, cost, options);
      return pass(rate, 0, 1);
    };
    expect([left(1), left(100), left(10_000)]).toEqual([199, 100, 100]);
    const free = new SendingRate();
    free.spend(0, 10, { ...options, maxMessagesPerSecond: 0 });
    expect(free.stateAt(0).messages_ms).toBe(0);
  });

  it('is told at its first message too many, and closed one burst later; one that passes begins anew', () => {
    const rate = new SendingRate();
    const send = (bytes = 1) => rate.take(0, bytes, options);
    expect(rate.isFlooded).toBe(false);
    pass(rate, 0, 1, 200);
    expect(rate.isFlooded).toBe(false);
    const code = 'too_many_messages';
    expect(send()).toEqual({ code, isFirst: true, isLast: false });
    expect(rate.isFlooded).toBe(true);
    const floods = Array.from({ length: 201 }, () => send());
    expect(floods.map((flood) => flood?.isLast).indexOf(true)).toBe(199);
    expect(floods.some((flood) => flood?.isFirst)).toBe(false);
    expect(rate.take(1_000, 1, options)).toBeUndefined();
    expect(rate.isFlooded).toBe(false);
    expect(rate.take(1_000, 2 ** 30, options)).toEqual({
      code: 'too_many_bytes',
      isFirst: true,
      isLast: false,
    });
    expect(rate.take(1_000, 1, options, 1, true)).toMatchObject({ code, isFirst: false });
  });
});
