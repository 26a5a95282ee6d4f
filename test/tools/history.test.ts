/** The checker that judges the server is judged itself: it finds what went wrong, and nothing where all went well. */
import { describe, expect, it } from '@jest/globals';
import { compare, type History, isClean, judge } from '../../tools/history.ts';

const history = (sent: number, received: number[], ended?: string): History => ({ sent, received, ended });

describe('the checker of histories', () => {
  it('finds nothing where everything came once and in order', () => {
    const verdict = judge([[history(3, [1, 2]), history(2, [1, 2, 3])]]);
    expect(verdict).toMatchObject({ pairs: 1, sent: 5, received: 5, lost: 0, doubled: 0, outOfOrder: 0 });
    expect(isClean(verdict)).toBe(true);
  });

  it.each([
    ['a lost message', 3, [1, 3], { lost: 1, doubled: 0, outOfOrder: 0, invented: 0 }],
    ['the last one lost', 3, [1, 2], { lost: 1, doubled: 0, outOfOrder: 0, invented: 0 }],
    ['all lost', 2, [], { lost: 2, doubled: 0, outOfOrder: 0, invented: 0 }],
    ['a doubled message', 3, [1, 2, 2, 3], { lost: 0, doubled: 1, outOfOrder: 0, invented: 0 }],
    ['one doubled late', 3, [1, 2, 3, 1], { lost: 0, doubled: 1, outOfOrder: 0, invented: 0 }],
    ['two swapped', 3, [1, 3, 2], { lost: 0, doubled: 0, outOfOrder: 1, invented: 0 }],
    ['one that nobody sent', 2, [1, 2, 7], { lost: 0, doubled: 0, outOfOrder: 0, invented: 1 }],
    ['all at once', 4, [2, 1, 1, 4], { lost: 1, doubled: 1, outOfOrder: 1, invented: 0 }],
  ])('finds %s, and calls it by its name', (_, sent, received, faults) => {
    expect(compare(sent, received)).toMatchObject(faults);
  });

  it('reads both directions of each pair', () => {
    const verdict = judge([
      [history(1, []), history(0, [1])],
      [history(2, [1]), history(1, [1, 1])],
    ]);
    expect(verdict).toMatchObject({ pairs: 2, lost: 1, doubled: 1 });
    expect(isClean(verdict)).toBe(false);
  });

  it('calls nothing lost that may still arrive, while it is under way', () => {
    const pairs = [[history(5, []), history(0, [1, 3])]] as const;
    expect(judge(pairs, { isUnderWay: true })).toMatchObject({ sent: 5, lost: 1 });
    expect(judge(pairs)).toMatchObject({ sent: 5, lost: 3 });
  });

  it('counts a pairing that is over, though no message is missing', () => {
    const verdict = judge([[history(1, [], 'peer_disconnected'), history(0, [1])]]);
    expect(verdict).toMatchObject({ endedPairings: 1, lost: 0 });
    expect(isClean(verdict)).toBe(false);
  });
});
