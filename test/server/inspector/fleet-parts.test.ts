/** What several workers know, as one page shows it. */
import { describe, expect, it } from '@jest/globals';
import type { InspectMessage, ListRow, RoomRow, ViewMessage } from '../../../src/protocol/index.ts';
import {
  cutAt,
  mergePopulations,
  mergeRefusals,
  mergeRows,
  mergeViews,
  type PartList,
} from '../../../src/server/inspector/fleet-parts.ts';

type Refusals = Extract<InspectMessage, { type: 'refusals' }>;

const edges = { missing: 0, connecting: 0 } as RoomRow['edges'];
const room = (name: string, more: Partial<RoomRow> = {}): RoomRow => ({
  ...{ app: '', name, topology: 'mesh', state: 'open', since: 0, members: 2, edges },
  ...more,
});

it('counts of machines are added up, also of those that only one has', () => {
  const one = { total: 1, counts: { a: 1, b: 2 }, rates: { x: 0.5 } };
  const other = { total: 2, counts: { b: 3 }, rates: {} };
  expect(mergePopulations([{ session: one }, { session: other, pairing: other }])).toEqual({
    session: { total: 3, counts: { a: 1, b: 5 }, rates: { x: 0.5 } },
    pairing: other,
  });
});

describe('refusals', () => {
  const of = (kinds: Refusals['kinds'], ...at: number[]): Refusals => ({
    ...{ type: 'refusals', kinds },
    recent: at.map((time) => ({ at: time, id: `${time}`, code: 'x', event: 'y' })),
  });

  it('have first what happened most lately, then most in all', () => {
    const merged = mergeRefusals([
      of([
        { kind: 'old', total: 100, lately: 0 },
        { kind: 'few', total: 2, lately: 1 },
        { kind: 'some', total: 2, lately: 2 },
      ]),
      of([
        { kind: 'some', total: 5, lately: 1 },
        { kind: 'more', total: 9, lately: 1 },
      ]),
    ]);
    expect(merged.kinds).toEqual([
      { kind: 'some', total: 7, lately: 3 },
      { kind: 'more', total: 9, lately: 1 },
      { kind: 'few', total: 2, lately: 1 },
      { kind: 'old', total: 100, lately: 0 },
    ]);
  });

  it('of sessions are the newest 50 of all, the oldest of them first', () => {
    const [even, odd] = [0, 1].map((first) => Array.from({ length: 30 }, (_, n) => 2 * n + first));
    const { recent } = mergeRefusals([of([], ...(odd ?? [])), of([], ...(even ?? []))]);
    expect(recent.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, n) => n + 10));
  });
});

describe('a view', () => {
  const listOf = (total: number, ...rooms: RoomRow[]): ViewMessage => ({
    type: 'rooms',
    query: 'q',
    total,
    rooms,
  });
  const merge = (...views: ViewMessage[]) => mergeViews(views.map((view, n) => ({ node: n + 1, view })));

  it('of rooms has each once, with the edges of all, those that miss most first and then the newest', () => {
    const old = room('old', { since: 1, edges: { ...edges, connecting: 1 } });
    const broken = room('broken', { edges: { ...edges, missing: 1 } });
    const merged = merge(
      listOf(3, old, room('new', { since: 2 }), broken),
      listOf(4, old, room('old', { app: 'other', since: 3 }), { ...broken, edges: { ...edges, missing: 2 } }),
    );
    expect(merged).toMatchObject({ type: 'rooms', query: 'q', total: 4 });
    expect('rooms' in merged && merged.rooms).toEqual([
      { ...broken, edges: { ...edges, missing: 3 } },
      room('old', { app: 'other', since: 3 }),
      room('new', { since: 2 }),
      { ...old, edges: { ...edges, connecting: 2 } },
    ]);
  });

  it('of rooms has 50 at most', () => {
    const rooms = Array.from({ length: 60 }, (_, n) => room(`${n}`, { since: n }));
    const merged = merge(listOf(60, ...rooms.slice(0, 30)), listOf(60, ...rooms.slice(30)));
    const shown = 'rooms' in merged ? merged.rooms.map(({ name }) => name) : [];
    expect([shown.length, shown[0], shown.at(-1)]).toEqual([50, '59', '10']);
  });

  it('of a room has what each worker says of its own clients, and the edges of all', () => {
    const view = (members: object[], missing: number): ViewMessage =>
      ({
        type: 'room',
        room: {
          ...room('den', { edges: { ...edges, missing } }),
          shown_members: members,
          shown_edges: [{ initiator_id: `${missing}`, state: 'connected' }],
        },
      }) as never;
    const [a, b, c] = ['a', 'b', 'c'].map((id, n) => ({ id, node: n + 1 }));
    const away = { ...b, is_away: true };
    expect(
      merge(view([a ?? {}, b ?? {}], 1), view([{ ...a, is_away: true }, away, c ?? {}], 2)),
    ).toMatchObject({
      type: 'room',
      room: {
        name: 'den',
        edges: { missing: 3 },
        shown_members: [a, away, c],
        shown_edges: [{ initiator_id: '1' }, { initiator_id: '2' }],
      },
    });
  });

  it('of nodes has all of them by number; what only one knows is what that one says', () => {
    const nodes = (...numbers: number[]): ViewMessage =>
      ({ type: 'nodes', nodes: numbers.map((node) => ({ node })) }) as never;
    expect(merge(nodes(3), nodes(1), nodes(2))).toEqual(nodes(1, 2, 3));
    const other = { type: 'nodes', nodes: [] } as never;
    expect(merge(other)).toBe(other);
  });
});

describe('a list of which each worker has a part', () => {
  const list = { of: 'session', query: '', state: '', type: 'list', seq: 1 } as const;
  const page = (offset: number, sort: 'newest' | 'oldest') => ({ ...list, offset, sort });
  const ranks = (...of: number[]) => Float64Array.from(of);
  const part = (...of: number[]): PartList => ({
    ...{ type: 'part_list', seq: 1, total: of.length, ranks: ranks(...of) },
    rows: of.map((rank) => ({ id: `${rank}` }) as ListRow),
  });

  it('is cut where as many of all come before the page as it is passed over', () => {
    const oldest = [ranks(1, 4, 5), ranks(2, 3), ranks()];
    expect([0, 1, 3, 4, 9].map((offset) => cutAt(oldest, page(offset, 'oldest')))).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [1, 2, 0],
      [2, 2, 0],
      [3, 2, 0],
    ]);
    const newest = [ranks(5, 4, 1), ranks(3, 2)];
    expect([2, 3].map((offset) => cutAt(newest, page(offset, 'newest')))).toEqual([
      [2, 0],
      [2, 1],
    ]);
  });

  it('has the rows in the order of all; of two alike, the first worker’s first', () => {
    const ids = (parts: PartList[], sort: 'newest' | 'oldest') => mergeRows(parts, sort).map(({ id }) => id);
    expect(ids([part(-4, 1), part(-3, 2), part()], 'oldest')).toEqual(['-4', '-3', '1', '2']);
    expect(ids([part(1, -4), part(2, -3)], 'newest')).toEqual(['2', '1', '-3', '-4']);
    for (const sort of ['newest', 'oldest'] as const)
      expect(cutAt([ranks(7), ranks(7)], page(1, sort))).toEqual([1, 0]);
  });

  it('has 100 rows a page', () => {
    const many = Array.from({ length: 80 }, (_, n) => n);
    expect(mergeRows([part(...many), part(...many)], 'oldest')).toHaveLength(100);
  });
});
