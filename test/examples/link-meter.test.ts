/** The example's meter: what it shows of a link is what happened on it. */
import { describe, expect, it } from '@jest/globals';

interface Meter {
  stamp(now: number): { n: number; probe?: number };
  received(n: number, now: number): boolean;
  returned(probe: number, now: number): void;
  summary(now: number): { roundTripMs?: number; loss?: number; perSecond?: number };
}

const path = '../../examples/pong/link-meter.js';
const { LinkMeter } = (await import(path)) as { LinkMeter: new () => Meter };

describe('the link meter', () => {
  it('counts as lost what is missing between the first and the last number, and forgets after 5 s', () => {
    const [sender, receiver] = [new LinkMeter(), new LinkMeter()];
    for (let i = 0; i < 100; i += 1) {
      const { n } = sender.stamp(i * 20);
      if (i % 10 !== 5) receiver.received(n, i * 20);
    }
    expect(receiver.summary(2_000)).toMatchObject({ loss: expect.closeTo(0.1), perSecond: 45 });
    expect(receiver.summary(9_000)).toMatchObject({ loss: undefined, perSecond: undefined });
  });

  it('tells what is late, and counts it as received', () => {
    const receiver = new LinkMeter();
    expect([0, 2, 1, 3].map((n) => receiver.received(n, n))).toEqual([true, true, false, true]);
    expect(receiver.summary(4).loss).toBe(0);
  });

  it('takes the middle one of the round trips, of probes sent every 100 ms', () => {
    const meter = new LinkMeter();
    const probes = [100, 110, 200, 300].flatMap((at) => meter.stamp(at).probe ?? []);
    expect(probes).toEqual([100, 200, 300]);
    for (const [i, ms] of [5, 90, 7].entries())
      meter.returned(probes[i] as number, (probes[i] as number) + ms);
    expect(meter.summary(400).roundTripMs).toBe(7);
  });
});
