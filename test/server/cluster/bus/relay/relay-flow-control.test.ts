import { describe, expect, it } from '@jest/globals';
import { RelayFlow } from '../../../../../src/server/cluster/bus/relay/relay-flow-control.ts';
import fc from '../../../../support/fast-check.ts';

const KIBIBYTE = 1024;
const MAX_FRAGMENT = 32 * KIBIBYTE;
/** Of the longest fragments: 128 KiB. */
const UNDER_WAY_AT_ONCE = 4;

describe('fragments on their way to one node', () => {
  it('all arrive in order, and never more than 128 KiB and one of them are under way', () => {
    const sizes = fc.array(fc.array(fc.integer({ min: 1, max: MAX_FRAGMENT }), { maxLength: 20 }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(sizes, (texts) => {
        const wire: string[] = [];
        const sender = new RelayFlow(
          (fragment) => wire.push(fragment),
          () => 0,
        );
        const receiver = new RelayFlow(
          () => {},
          () => 0,
        );
        const sent = texts.map((text, i) => text.map((size) => String.fromCharCode(97 + i).repeat(size)));
        for (const fragments of sent) sender.push(fragments);
        const arrived: string[] = [];
        for (;;) {
          const underWay = wire.reduce((sum, fragment) => sum + fragment.length, 0);
          expect(underWay).toBeLessThan(128 * KIBIBYTE + MAX_FRAGMENT);
          const next = wire.shift();
          if (next === undefined) break;
          arrived.push(next);
          const bytes = receiver.received(next);
          if (bytes > 0) sender.acked(bytes);
        }
        expect(arrived.map((fragment) => fragment.length)).toEqual(sent.flat().map((one) => one.length));
        expect(arrived.join('') === sent.flat().join('')).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('go out while less than 128 KiB are under way, be it by one byte', () => {
    const wire: string[] = [];
    const flow = new RelayFlow(
      (fragment) => wire.push(fragment),
      () => 0,
    );
    flow.push([...Array.from({ length: 127 }, () => 'x'.repeat(KIBIBYTE)), 'x'.repeat(KIBIBYTE - 1)]);
    flow.push(['goes out', 'waits']);
    expect(wire.slice(128)).toEqual(['goes out']);
  });

  it('are acked once 64 KiB came, not one by one', () => {
    const flow = new RelayFlow(
      () => {},
      () => 0,
    );
    const fragment = 'x'.repeat(16 * KIBIBYTE);
    expect([1, 2, 3, 4, 5].map(() => flow.received(fragment))).toEqual([0, 0, 0, 64 * KIBIBYTE, 0]);
  });

  it('are given up when nothing was acked for 5 s; what comes then goes out', () => {
    let now = 0;
    const wire: string[] = [];
    const flow = new RelayFlow(
      (fragment) => wire.push(fragment),
      () => now,
    );
    flow.push(Array.from({ length: 10 }, () => 'x'.repeat(MAX_FRAGMENT)));
    expect(wire.length).toBe(UNDER_WAY_AT_ONCE);
    now += 5_000;
    flow.push(['still waits']);
    expect(wire).not.toContain('still waits');
    now += 1;
    flow.push(['goes out']);
    expect(wire.slice(UNDER_WAY_AT_ONCE)).toEqual(['goes out']);
  });

  it('are dropped beyond 32 MiB that wait, whole texts at a time', () => {
    const wire: string[] = [];
    const flow = new RelayFlow(
      (fragment) => wire.push(fragment),
      () => 0,
    );
    const megabyte = Array.from({ length: 32 }, () => 'x'.repeat(MAX_FRAGMENT));
    for (let i = 0; i < 40; i += 1) flow.push(megabyte);
    while (wire.length < 40 * 32) {
      const before = wire.length;
      flow.acked(128 * KIBIBYTE);
      if (wire.length === before) break;
    }
    expect(wire.length).toBe(32 * 32);
  });
});
