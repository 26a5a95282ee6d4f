import { describe, expect, it } from '@jest/globals';
import {
  appOf,
  fitsPattern,
  idBeside,
  idWithin,
  isRoomGranted,
  isSameApp,
  noLimits,
  publicIdOf,
} from '../../../../src/server/admission/tokens/grants.ts';
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
    ['a*b', 'ab', true],
    ['ab*bc', 'abc', false],
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

describe('an id', () => {
  const chess = { ...noLimits, app: 'chess', expiresAt: 1 };

  it('of a client with a token begins with its app, which others of the app do not see', () => {
    expect(idWithin(chess, 'ada')).toBe('chess/ada');
    expect(idWithin({ ...chess, app: '' }, 'ada')).toBe('/ada');
    expect([publicIdOf('chess/ada'), appOf('chess/ada')]).toEqual(['ada', 'chess']);
    expect([publicIdOf('/a/b'), appOf('/a/b')]).toEqual(['a/b', '']);
  });

  it('of one without a token is what it is', () => {
    expect(idWithin(noLimits, 'ada')).toBe('ada');
    expect([publicIdOf('ada'), appOf('ada')]).toEqual(['ada', '']);
  });

  it('beside another one is of the same app', () => {
    expect([idBeside('chess/ada', 'bob'), idBeside('ada', 'bob')]).toEqual(['chess/bob', 'bob']);
    expect([isSameApp('chess/ada', 'chess/bob'), isSameApp('a', 'b'), isSameApp('/a', '/b')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([isSameApp('chess/ada', 'go/ada'), isSameApp('a', '/a'), isSameApp('ab/x', 'cb/x')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
