import { describe, expect, it } from '@jest/globals';
import {
  FragmentCutter,
  FragmentJoiner,
  MAX_HEADER_CHARS,
} from '../../../../src/server/cluster/bus/fragments.ts';
import fc from '../../../support/fast-check.ts';

const still = () => 0;
const text = fc.string({ unit: 'binary', maxLength: 300 });
/** Room for pieces of 4 to 100 bytes: the smallest holds one character of any kind. */
const maxBytes = fc.integer({ min: MAX_HEADER_CHARS + 4, max: MAX_HEADER_CHARS + 100 });
const joinAll = (joiner: FragmentJoiner, fragments: readonly string[]) =>
  fragments.map((fragment) => joiner.join(1, fragment)).filter((whole) => whole !== undefined);

describe('a text in fragments', () => {
  it('is whole again, whatever it is, and no fragment is longer than allowed', () => {
    fc.assert(
      fc.property(text, maxBytes, (sent, max) => {
        const fragments = new FragmentCutter('a').cut(sent, max);
        for (const fragment of fragments) expect(Buffer.byteLength(fragment)).toBeLessThanOrEqual(max);
        const joiner = new FragmentJoiner(still);
        expect(joinAll(joiner, fragments)).toEqual([sent]);
        expect(joiner.pending).toBe(0);
      }),
    );
  });

  it.each([1, 2, 3])('that fills %d fragments to the last byte has no empty one behind them', (count) => {
    const sent = 'x'.repeat(count * 20);
    expect(new FragmentCutter('a').cut(sent, MAX_HEADER_CHARS + 20)).toHaveLength(count);
  });

  it('is sent in 99,999 fragments at most, since a header has no place for more', () => {
    const fragmentsOf = (count: number) =>
      new FragmentCutter('a').cut('x'.repeat(count * 4), MAX_HEADER_CHARS + 4);
    expect([99_999, 100_000].map((count) => fragmentsOf(count).length)).toEqual([99_999, 0]);
  });

  it('is sent if it has 32 Mi characters, and not if it has one more', () => {
    const longest = 'x'.repeat(32 * 1024 * 1024);
    const fragmentsOf = (sent: string) => new FragmentCutter('a').cut(sent, 64 * 1024 * 1024);
    expect([longest, `${longest}x`].map((sent) => fragmentsOf(sent).length)).toEqual([1, 0]);
  });

  it('has a header no longer than is left free for it, whatever its numbers are', () => {
    const longest = `PL1 ${'z'.repeat(32)} ${'9'.repeat(15)} 99998 99999\n`;
    expect(longest.length).toBe(MAX_HEADER_CHARS);
    const joiner = new FragmentJoiner(still);
    joiner.join(1, `${longest}the last of many`);
    expect(joiner.pending).toBe(1);
  });

  it('is whole again among others, from other senders and sources, out of order and doubled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ sent: text, sender: fc.nat(1), source: fc.nat(1) }), { maxLength: 5 }),
        maxBytes,
        fc.infiniteStream(fc.nat()),
        (texts, max, chance) => {
          const cutters = ['a', 'b'].map((sender) => new FragmentCutter(sender));
          const pile = texts.flatMap(({ sent, sender, source }) =>
            (cutters[sender] as FragmentCutter).cut(sent, max).map((fragment) => ({ source, fragment })),
          );
          const joiner = new FragmentJoiner(still);
          const whole: string[] = [];
          while (pile.length > 0) {
            const pick = chance.next().value ?? 0;
            const [next] = pile.splice(pick % pile.length, 1) as [(typeof pile)[0]];
            const isOnly = next.fragment.split('\n', 1)[0]?.endsWith(' 0 1');
            const joined = joiner.join(next.source, next.fragment);
            if (joined !== undefined) whole.push(joined);
            else if (pick % 2 === 0 && !isOnly) joiner.join(next.source, next.fragment);
          }
          expect(whole.sort()).toEqual(texts.map(({ sent }) => sent).sort());
          expect(joiner.pending).toBe(0);
        },
      ),
    );
  });

  it('that lost one is never told, and forgotten after 10 s', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 200 }), fc.nat(), (sent, lost) => {
        let now = 0;
        const joiner = new FragmentJoiner(() => now);
        const cutter = new FragmentCutter('a');
        const fragments = cutter.cut(sent, MAX_HEADER_CHARS + 20);
        fragments.splice(lost % fragments.length, 1);
        expect(joinAll(joiner, fragments)).toEqual([]);
        expect(joiner.pending).toBe(1);
        now += 9_999;
        expect(joiner.join(1, 'PL1 b 1 0 1\nanother')).toBe('another');
        expect(joiner.pending).toBe(1);
        now += 1;
        expect(joinAll(joiner, cutter.cut(sent, MAX_HEADER_CHARS + 20))).toEqual([sent]);
        expect(joiner.pending).toBe(0);
      }),
      { numRuns: 20 },
    );
  });
});

describe('what is no fragment', () => {
  it('is passed over, whatever it is', () => {
    const header = fc
      .tuple(fc.constantFrom('PL1', 'PL2', ''), fc.string(), fc.integer(), fc.integer(), fc.integer())
      .map((parts) => `${parts.join(' ')}\n`);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), header)), (junk) => {
        const joiner = new FragmentJoiner(still);
        for (const one of junk) {
          const joined = joiner.join(1, one);
          if (joined !== undefined) expect(one.endsWith(`\n${joined}`)).toBe(true);
        }
        expect(joiner.join(1, 'PL1 a 7 0 1\nstill works')).toBe('still works');
      }),
    );
  });

  it.each([
    'PL1 a 1 0 0\n',
    'PL1 a 1 1 1\n',
    'PL1 a 1 9 3\nx',
    'PL1 A 1 0 1\n',
    'PL1 a 1 0 1',
    'PL1 a 1 0 100000\nx',
  ])('is passed over: %j', (junk) => {
    const joiner = new FragmentJoiner(still);
    expect(joiner.join(1, junk)).toBeUndefined();
    expect(joiner.pending).toBe(0);
  });

  it('that disagrees about the number of fragments ends that text', () => {
    const joiner = new FragmentJoiner(still);
    joiner.join(1, 'PL1 a 1 0 2\nx');
    joiner.join(1, 'PL1 a 1 1 3\ny');
    expect([joiner.pending, joiner.join(1, 'PL1 a 1 1 2\ny')]).toEqual([0, undefined]);
  });
});

describe('memory for texts that are not whole', () => {
  it('is bounded at 1,000 texts: the oldest give way', () => {
    const joiner = new FragmentJoiner(still);
    for (let i = 0; i < 1_500; i += 1) joiner.join(1, `PL1 a ${i} 0 2\nx`);
    expect(joiner.pending).toBe(1_000);
    expect(joiner.join(1, 'PL1 a 1499 1 2\ny')).toBe('xy');
    expect(joiner.join(1, 'PL1 a 1 1 2\ny')).toBeUndefined();
  });

  it('is bounded at 32 Mi characters of one text', () => {
    const joiner = new FragmentJoiner(still);
    const half = 'x'.repeat(16 * 1024 * 1024);
    for (const index of [0, 1]) joiner.join(1, `PL1 a 1 ${index} 4\n${half}`);
    expect(joiner.pending).toBe(1);
    joiner.join(1, 'PL1 a 1 2 4\nx');
    expect(joiner.pending).toBe(0);
  });

  it('is bounded at 64 Mi characters: the oldest give way', () => {
    const joiner = new FragmentJoiner(still);
    const piece = 'x'.repeat(1024 * 1024);
    const fill = () => {
      for (let i = 0; i < 100; i += 1) joiner.join(1, `PL1 a ${i} 0 2\n${piece}`);
      return joiner.pending;
    };
    expect(fill()).toBe(64);
    joiner.clear();
    expect([joiner.pending, fill()]).toEqual([0, 64]);
  });
});
