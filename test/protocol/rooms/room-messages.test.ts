/** Which of two players initiates: both must say the same, whatever their ids look like. */
import { describe, expect, it } from '@jest/globals';
import { isLowerPlayer, type RoomId } from '../../../src/protocol/index.ts';
import fc from '../../support/fast-check.ts';

const id: fc.Arbitrary<RoomId> = fc.oneof(
  fc.maxSafeInteger(),
  fc.maxSafeInteger().map(String),
  fc.string({ minLength: 1 }),
  fc.constantFrom('01', '1', '-0', '0', '9007199254740993', '9007199254740992'),
);

describe('the lower player', () => {
  it.each([
    [2, 10, true],
    ['2', '10', true],
    ['2', 10, true],
    [10, '9', false],
    [-1, 1, true],
    ['a10', 'a9', true],
    ['10', 'a', true],
    ['9007199254740992', '9007199254740993', true],
  ])('%p is lower than %p: %p', (one, other, expected) => {
    expect([isLowerPlayer(one, other), isLowerPlayer(other, one)]).toEqual([expected, !expected]);
  });

  it('is exactly one of two, however their ids are written', () => {
    fc.assert(
      fc.property(id, id, (one, other) => {
        const verdicts = [isLowerPlayer(one, other), isLowerPlayer(other, one)];
        expect(verdicts.filter(Boolean)).toHaveLength(String(one) === String(other) ? 0 : 1);
        expect(isLowerPlayer(String(one), String(other))).toBe(verdicts[0]);
      }),
    );
  });
});
