import { describe, expect, it } from '@jest/globals';
import { RelayFlow } from '../../../../../src/server/cluster/bus/relay/relay-flow-control.ts';
import fc from '../../../../support/fast-check.ts';

const KIBIBYTE = 1024;
const MAX_FRAGMENT = 32 * KIBIBYTE;
/** Of the longest fragments: 128 KiB. */
const UNDER_WAY_AT_ONCE = 4;
const HOUR_MS = 3_600_000;

const longFragments = (count: number) => Array.from({ length: count }, () => 'x'.repeat(MAX_FRAGMENT));

/** A sender whose time passes when the test says so, and what it has sent. */
function flowAt(now = 1_000_000) {
  const wire: string[] = [];
  const flow = new RelayFlow(
    (fragment) => wire.push(fragment),
    () => now,
  );
  const pass = (ms: number) => {
    now += ms;
  };
  return { flow, wire, pass };
}

/** @returns how many fragments of one byte go out at once */
function roomOf({ flow, wire }: Pick<ReturnType<typeof flowAt>, 'flow' | 'wire'>): number {
  const before = wire.length;
  const some = Array.from({ length: KIBIBYTE }, () => 'x');
  for (let last = -1; last < wire.length; ) {
    last = wire.length;
    flow.push(some);
  }
  return wire.length - before;
}

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
          if (bytes !== undefined) sender.acked(bytes);
        }
        expect(arrived.map((fragment) => fragment.length)).toEqual(sent.flat().map((one) => one.length));
        expect(arrived.join('') === sent.flat().join('')).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('go out while less than 128 KiB are under way, be it by one byte', () => {
    const rig = flowAt();
    expect(roomOf(rig)).toBe(128 * KIBIBYTE);
    rig.flow.acked(1);
    expect(rig.wire.length).toBe(128 * KIBIBYTE + 1);
  });

  it('are acked once 64 KiB came, not one by one', () => {
    const { flow } = flowAt();
    const fragment = 'x'.repeat(16 * KIBIBYTE);
    const once = [undefined, undefined, undefined, 64 * KIBIBYTE];
    expect(Array.from({ length: 9 }, () => flow.received(fragment))).toEqual([...once, ...once, undefined]);
  });

  it('count as under way until they are acked, however long ago they went out', () => {
    const rig = flowAt();
    rig.flow.push(['x'.repeat(100 * KIBIBYTE)]);
    rig.pass(HOUR_MS);
    expect(roomOf(rig)).toBe(28 * KIBIBYTE);
  });

  it('have no more than all of the room after an ack for more than was sent', () => {
    const rig = flowAt();
    rig.flow.push(['x']);
    rig.flow.acked(999_999_999);
    expect(roomOf(rig)).toBe(128 * KIBIBYTE);
  });

  it('are given up when none could go out for 5 s; what comes then goes out, with all of the room', () => {
    const rig = flowAt();
    const { flow, wire, pass } = rig;
    flow.push(longFragments(UNDER_WAY_AT_ONCE));
    flow.push(['waits']);
    pass(5_000);
    flow.push(['still waits']);
    expect(wire.length).toBe(UNDER_WAY_AT_ONCE);
    pass(1);
    expect(roomOf(rig)).toBe(128 * KIBIBYTE);
    expect(wire.filter((fragment) => fragment.endsWith('waits'))).toEqual([]);
  });

  it('are given up when the only one that waits could not go out for 5 s', () => {
    const { flow, wire, pass } = flowAt();
    flow.push([...longFragments(UNDER_WAY_AT_ONCE), 'waits']);
    pass(5_001);
    flow.push(['goes out']);
    expect(wire.slice(UNDER_WAY_AT_ONCE)).toEqual(['goes out']);
  });

  it('wait 5 s from when the last one went out, not from the one before the pause', () => {
    const { flow, wire, pass } = flowAt();
    flow.push(['long ago']);
    pass(HOUR_MS);
    flow.push([...longFragments(UNDER_WAY_AT_ONCE), 'waits']);
    pass(5_000);
    flow.push(['waits, too']);
    flow.acked(128 * KIBIBYTE);
    expect(wire.slice(1 + UNDER_WAY_AT_ONCE)).toEqual(['waits', 'waits, too']);
  });

  it.each(['at first', 'after all that waited was given up', 'after all that waited went out'])(
    'are dropped beyond 32 MiB that wait, whole texts at a time, %s',
    (when) => {
      const { flow, wire, pass } = flowAt();
      if (when !== 'at first') {
        flow.push(longFragments(UNDER_WAY_AT_ONCE + 100));
        if (when.endsWith('given up')) {
          pass(5_001);
          flow.push(['goes out']);
        } else while (wire.length < UNDER_WAY_AT_ONCE + 100) flow.acked(128 * KIBIBYTE);
        flow.acked(128 * KIBIBYTE);
      }
      const before = wire.length;
      flow.push(longFragments(UNDER_WAY_AT_ONCE));
      flow.push(longFragments(512));
      flow.push(longFragments(513));
      flow.push(longFragments(512));
      flow.push(['x']);
      for (let last = 0; last < wire.length; ) {
        last = wire.length;
        flow.acked(128 * KIBIBYTE);
      }
      expect(wire.length - before).toBe(UNDER_WAY_AT_ONCE + 1024);
      expect(wire).not.toContain('x');
    },
  );

  it('go out once each, also when sending one makes the node say more', () => {
    const wire: string[] = [];
    let more: string[] | undefined = ['d', 'e'];
    const flow = new RelayFlow(
      (fragment) => {
        wire.push(fragment);
        const next = more;
        more = undefined;
        if (next) flow.push(next);
      },
      () => 0,
    );
    flow.push(['a', 'b', 'c']);
    expect(wire.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    // Nothing was left or taken that should not have been.
    flow.push(['f']);
    expect(wire).toHaveLength(6);
  });
});
