import { describe, expect, it } from '@jest/globals';
import { fitsPattern, isRoomGranted, noLimits } from '../../../../src/server/admission/tokens/grants.ts';
import fc from '../../../support/fast-check.ts';

describe('a room is granted', () => {
  it.each([
    ['game-*', 'game-1', true],
    ['game-*', 'game-', true],
    ['game-*', 'a-game-1', false],
    ['*', '', true],
    ['*-eu', 'game-eu', true],
    ['*-eu', 'game-eu-', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c2b', false],
    ['lobby', 'lobby', true],
    ['lobby', 'Lobby', false],
    ['game.?', 'game-1', false],
  ])('by %s: %s -> %s', (pattern, room, isGranted) => {
    expect(isRoomGranted({ ...noLimits, rooms: [pattern] }, room)).toBe(isGranted);
  });

  it('without patterns, whatever it is called, and by none of no patterns', () => {
    expect(isRoomGranted(noLimits, 'any')).toBe(true);
    expect(isRoomGranted({ ...noLimits, rooms: [] }, 'any')).toBe(false);
  });

  it('as a regular expression of the same meaning says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const oracle = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(fitsPattern(pattern, name.replaceAll('*', 'c'))).toBe(oracle.test(name.replaceAll('*', 'c')));
      }),
    );
  });
});
