/** The rules by which nodes agree on a room: the order, and how often something is heard, change nothing. */
import { describe, expect, it } from '@jest/globals';
import { compareMembers, type RoomMember } from '../../../../src/machines/index.ts';
import { electLeader, withMember } from '../../../../src/machines/room/room-members.ts';
import { earlierRoom, laterCopy, laterLock } from '../../../../src/server/cluster/rooms/merge-rooms.ts';
import fc from '../../../support/fast-check.ts';

const copy = fc.record({ generation: fc.nat(3), node: fc.integer({ min: 1, max: 3 }) });
const origin = fc.record({ createdAt: fc.nat(3), createdBy: fc.constantFrom('a', 'b', 'c') });
const lock = fc.record({
  isLocked: fc.boolean(),
  version: fc.nat(3),
  by: fc.constantFrom('', 'a', 'b'),
});

describe.each([
  ['which copy of a member counts', copy, laterCopy],
  ['whose options a room has', origin, earlierRoom],
  ['which lock holds', lock, laterLock],
] as readonly (readonly [string, fc.Arbitrary<object>, (one: never, other: never) => object])[])(
  '%s',
  (_name, value, rule) => {
    const merge = rule as (one: object, other: object) => object;

    it('is the same in either order, however they are grouped, and heard twice', () => {
      fc.assert(
        fc.property(value, value, value, (a, b, c) => {
          expect(merge(a, b)).toEqual(merge(b, a));
          expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
          expect(merge(a, a)).toEqual(a);
          expect(merge(merge(a, b), b)).toEqual(merge(a, b));
        }),
      );
    });

    it('is one of the two', () => {
      fc.assert(
        fc.property(value, value, (a, b) => {
          expect([a, b]).toContainEqual(merge(a, b));
        }),
      );
    });
  },
);

it.each([
  [
    'the copy of a member whose client came back later, or else the one of the lower node',
    laterCopy,
    [
      [2, 3],
      [1, 1],
      [1, 2],
      [0, 1],
    ].map(([generation, node]) => ({ generation, node })),
  ],
  [
    'the older room, or else the one of the lower id',
    earlierRoom,
    [
      [1, 'c'],
      [2, 'a'],
      [2, 'b'],
      [3, 'a'],
    ].map(([createdAt, createdBy]) => ({ createdAt, createdBy })),
  ],
  [
    'the lock that was changed last, or else the locked one, or else the one of the lower id',
    laterLock,
    [
      [3, false, 'c'],
      [2, true, 'b'],
      [2, true, 'c'],
      [2, false, 'a'],
      [1, true, 'a'],
    ].map(([version, isLocked, by]) => ({ version, isLocked, by })),
  ],
])('of two, %s counts', (_which, rule, inOrder) => {
  const merge = rule as (one: object, other: object) => object;
  for (const [at, counts] of inOrder.entries())
    for (const other of inOrder.slice(at + 1))
      expect([merge(counts, other), merge(other, counts)]).toEqual([counts, counts]);
});

describe('the members of a room', () => {
  const member: fc.Arbitrary<RoomMember> = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    joinedAt: fc.nat(4),
  });
  const heard = fc.uniqueArray(member, { minLength: 1, maxLength: 5, selector: ({ id }) => id });
  const membersOf = (list: readonly RoomMember[]) => list.reduce<readonly RoomMember[]>(withMember, []);

  it('are the same on every node, whatever it heard first or twice: each once, in the order of their places', () => {
    fc.assert(
      fc.property(
        heard.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          const members = membersOf(list);
          expect(membersOf(shuffled)).toEqual(members);
          expect(membersOf([...list, ...shuffled])).toEqual(members);
          expect([...members].sort(compareMembers)).toEqual(members);
          expect(new Set(members.map(({ id }) => id)).size).toBe(members.length);
        },
      ),
    );
  });

  it('are in the order in which they joined; of those that joined in the same millisecond, the lower id is first', () => {
    const list = [
      { id: 'b', joinedAt: 2 },
      { id: 'd', joinedAt: 1 },
      { id: 'a', joinedAt: 2 },
      { id: 'c', joinedAt: 2 },
    ];
    for (const members of [membersOf(list), membersOf([...list].reverse())]) {
      expect(members.map(({ id }) => id)).toEqual(['d', 'a', 'b', 'c']);
      expect(electLeader(members.slice(1), 'oldest')).toBe('a');
    }
  });

  it('agree on who leads, and on who is out where they are too many', () => {
    fc.assert(
      fc.property(
        heard,
        fc.constantFrom('oldest', 'c'),
        fc.integer({ min: 1, max: 4 }),
        (list, rule, size) => {
          const [one, other] = [membersOf(list), membersOf([...list].reverse())];
          expect(electLeader(one, rule)).toBe(electLeader(other, rule));
          expect(one.slice(size)).toEqual(other.slice(size));
          if (rule === 'oldest')
            expect(one.slice(size).map(({ id }) => id)).not.toContain(electLeader(one, rule));
        },
      ),
    );
  });
});
