/**
 * The messages between the inspectors of several workers on behalf of a page at one of them, and how their lists and
 * counts are merged; merged-record.ts merges their records.
 */
import {
  type InspectMessage,
  type InspectRequest,
  type ListRequest,
  type ListRow,
  MAX_SHOWN_ROOMS,
  type MachinePopulation,
  mostTroubled,
  type Populations,
  type RoomRow,
  type RoomView,
  type ViewMessage,
} from '../../protocol/index.ts';
import { ROWS_PER_ANSWER } from './listing.ts';

/** Asks for a part of a list: either the ranks by which its items are ordered among those of other workers, or rows. */
export interface PartListRequest {
  readonly type: 'ranks' | 'rows';
  readonly seq: number;
  readonly list: ListRequest;
  /** The nodes of all workers, each of which lists its own pairings. */
  readonly nodes: readonly number[];
}

export type PartRequest = InspectRequest | PartListRequest;

export interface PartList {
  readonly type: 'part_list';
  readonly seq: number;
  readonly total: number;
  readonly ranks: Float64Array;
  readonly rows: readonly ListRow[];
}

export type PartMessage =
  | InspectMessage
  | PartList
  /** The worker can be asked from now on. */
  | { readonly type: 'here'; readonly node: number }
  | { readonly type: 'gone' };

type Of<Type extends InspectMessage['type']> = Extract<InspectMessage, { type: Type }>;

function addUp(all: Iterable<Readonly<Record<string, number>>>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of all)
    for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

export function mergePopulations(all: readonly Populations[]): Populations {
  const names = new Set(all.flatMap((one) => Object.keys(one) as (keyof Populations)[]));
  return Object.fromEntries(
    [...names].map((name) => [name, mergeMachine(all.flatMap((one) => one[name] ?? []))]),
  );
}

function mergeMachine(all: readonly MachinePopulation[]): MachinePopulation {
  return {
    total: all.reduce((sum, { total }) => sum + total, 0),
    counts: addUp(all.map(({ counts }) => counts)),
    rates: addUp(all.map(({ rates }) => rates)),
  };
}

const MAX_RECENT_REFUSALS = 50;

export function mergeRefusals(all: readonly Of<'refusals'>[]): Of<'refusals'> {
  const totals = addUp(
    all.map(({ kinds }) => Object.fromEntries(kinds.map(({ kind, total }) => [kind, total]))),
  );
  const lately = addUp(
    all.map(({ kinds }) => Object.fromEntries(kinds.map(({ kind, lately }) => [kind, lately]))),
  );
  return {
    type: 'refusals',
    kinds: Object.entries(totals)
      .map(([kind, total]) => ({ kind, total, lately: lately[kind] ?? 0 }))
      .sort((one, other) => other.lately - one.lately || other.total - one.total),
    recent: all
      .flatMap(({ recent }) => recent)
      .sort((one, other) => one.at - other.at)
      .slice(-MAX_RECENT_REFUSALS),
  };
}

/** One worker's part of a view. */
export interface PartView<Type extends ViewMessage['type'] = ViewMessage['type']> {
  readonly node: number;
  readonly view: Extract<ViewMessage, { type: Type }>;
}

/** @param parts at least one, of the same request */
export function mergeViews(parts: readonly PartView[]): ViewMessage {
  const [first] = parts;
  const rooms = parts.flatMap(({ view }) => (view.type === 'rooms' ? view : []));
  if (rooms[0]) return mergeRoomLists(rooms);
  const views = parts.flatMap(({ view, node }) => (view.type === 'room' ? { node, room: view.room } : []));
  if (views[0]) return { type: 'room', room: mergeRoomViews(views) };
  const nodes = parts.flatMap(({ view }) => (view.type === 'nodes' ? view.nodes : []));
  if (nodes.length > 0) return { type: 'nodes', nodes: nodes.sort((one, other) => one.node - other.node) };
  if (!first) throw new Error('there is no part of the view');
  return first.view;
}

/** Every worker knows all rooms and members, and its own edges. */
function addEdges<Row extends RoomRow>(one: Row, { edges: { missing, connecting } }: RoomRow): Row {
  const { edges } = one;
  return {
    ...one,
    edges: {
      ...edges,
      missing: edges.missing + missing,
      connecting: edges.connecting + connecting,
    },
  };
}

function mergeRoomLists(lists: readonly Of<'rooms'>[]): Of<'rooms'> {
  const rows = new Map<string, RoomRow>();
  for (const { rooms } of lists)
    for (const row of rooms) {
      const key = `${row.app}\n${row.name}`;
      const known = rows.get(key);
      rows.set(key, known ? addEdges(known, row) : row);
    }
  return {
    type: 'rooms',
    query: lists[0]?.query ?? '',
    total: Math.max(...lists.map(({ total }) => total)),
    rooms: [...rows.values()]
      .sort((one, other) => other.edges.missing - one.edges.missing || other.since - one.since)
      .slice(0, MAX_SHOWN_ROOMS),
  };
}

function mergeRoomViews(parts: readonly { readonly node: number; readonly room: RoomView }[]): RoomView {
  const [first, ...others] = parts.map(({ room }) => room) as [RoomView, ...RoomView[]];
  const members = new Map(first.shown_members.map((member) => [member.id, member]));
  // Each worker knows best about its own clients.
  for (const { node, room } of parts)
    for (const member of room.shown_members)
      if (member.node === node || !members.has(member.id)) members.set(member.id, member);
  return {
    ...others.reduce(addEdges<RoomView>, first),
    shown_members: [...members.values()],
    shown_edges: mostTroubled(parts.flatMap(({ room }) => room.shown_edges)),
  };
}

/** @returns for each list, the index at which a page of the merged list begins */
export function cutAt(lists: readonly Float64Array[], { offset, sort }: ListRequest): number[] {
  const at = lists.map(() => 0);
  for (let passed = 0; passed < offset; passed += 1) {
    const next = firstOf(lists, at, sort);
    if (next === undefined) break;
    at[next] = (at[next] ?? 0) + 1;
  }
  return at;
}

/** Merges the rows of a page from lists that each start at their own cut. */
export function mergeRows(lists: readonly PartList[], sort: ListRequest['sort']): ListRow[] {
  const at = lists.map(() => 0);
  const rows: ListRow[] = [];
  const ranks = lists.map((list) => list.ranks);
  while (rows.length < ROWS_PER_ANSWER) {
    const next = firstOf(ranks, at, sort);
    if (next === undefined) break;
    const index = at[next] ?? 0;
    rows.push(lists[next]?.rows[index] as ListRow);
    at[next] = index + 1;
  }
  return rows;
}

/** @returns the index of the list that has the next item; undefined: all are exhausted */
function firstOf(
  lists: readonly Float64Array[],
  at: readonly number[],
  sort: ListRequest['sort'],
): number | undefined {
  let first: number | undefined;
  let best = 0;
  for (const [index, ranks] of lists.entries()) {
    const rank = ranks[at[index] ?? 0];
    if (rank === undefined) continue;
    if (first !== undefined && (sort === 'newest' ? rank <= best : rank >= best)) continue;
    [first, best] = [index, rank];
  }
  return first;
}
