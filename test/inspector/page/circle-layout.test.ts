import { describe, expect, it } from '@jest/globals';
import { type CirclePlace, layOutCircle } from '../../../src/inspector/page/circle-layout.ts';
import fc from '../../support/fast-check.ts';

const graph = fc.record({
  count: fc.integer({ min: 1, max: 200 }),
  hasMiddle: fc.boolean(),
  room: fc.integer({ min: 320, max: 2_000 }),
});

/** A node's circle, and the text beside it: one line if it is turned, else two. */
const NODE_PX = 18;
const LINE_PX = 13;
const TWO_LINES_PX = 28;

const distance = (a: CirclePlace, b: CirclePlace) => Math.hypot(a.x - b.x, a.y - b.y);

/** Upright labels of two lines on the same side must not be at the same height. */
const covers = (a: CirclePlace, b: CirclePlace) =>
  a.turn === undefined &&
  b.turn === undefined &&
  a.side === b.side &&
  a.side !== 'below' &&
  Math.abs(a.y - b.y) < TWO_LINES_PX;

const pairsOf = (places: readonly CirclePlace[]) =>
  places.flatMap((a, at) => places.slice(at + 1).map((b) => [a, b] as const));

describe('the layout of a graph of equals', () => {
  it('has a place for each node within the picture, and none covers another or its label', () => {
    fc.assert(
      fc.property(graph, ({ count, hasMiddle, room }) => {
        const { width, height, places } = layOutCircle(count, hasMiddle, room);
        expect(places).toHaveLength(count);
        const isWithin = ({ x, y }: CirclePlace) =>
          x > NODE_PX && x < width - NODE_PX && y >= NODE_PX && y <= height - NODE_PX;
        expect(places.filter((place) => !isWithin(place))).toEqual([]);
        expect(pairsOf(places).filter(([a, b]) => distance(a, b) <= LINE_PX)).toEqual([]);
        const around = hasMiddle ? places.slice(1) : places;
        expect(pairsOf(around).filter(([a, b]) => covers(a, b))).toEqual([]);
      }),
    );
  });

  it('of 13 nodes or fewer is no wider than there is room on a telephone', () => {
    for (let count = 1; count <= 13; count += 1)
      expect(layOutCircle(count, false, 334).width).toBeLessThanOrEqual(334);
  });

  it('has the first node in the middle, if asked', () => {
    const { width, places } = layOutCircle(5, true, 1_000);
    expect(places[0]).toMatchObject({ x: width / 2, side: 'below' });
    expect(places.slice(1).map(({ side }) => side)).toEqual(['right', 'right', 'left', 'left']);
  });
});
