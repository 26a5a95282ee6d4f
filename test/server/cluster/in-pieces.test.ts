import { expect, it } from '@jest/globals';
import { inPieces } from '../../../src/server/cluster/in-pieces.ts';

it.each([
  ['nothing', '', []],
  ['as much as one message takes', 'abc', ['abc']],
  ['one more', 'abcd', ['abc', 'd']],
  ['as much as two take', 'abcdef', ['abc', 'def']],
])('%s goes into as few messages as it fits in, in order', (_much, items, pieces) => {
  expect([...inPieces([...items], 3)].map((piece) => piece.join(''))).toEqual(pieces);
});
