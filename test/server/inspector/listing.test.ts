/** Lists of machines: which fit a search, in which order, and what a row says. */
import { describe, expect, it } from '@jest/globals';
import type { ListRequest } from '../../../src/protocol/index.ts';
import { causeIn, find, type ListDeps } from '../../../src/server/inspector/listing.ts';
import type { FiledRecord } from '../../../src/server/inspector/record-index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep } from '../../support/record-step.ts';

interface Machine {
  readonly id: string;
  readonly start: number;
  readonly value: string;
  readonly game?: string;
  readonly node?: number;
  readonly isDone?: boolean;
}

const NOW = 100_000;
const WALL = 5_000_000;
const all: ListRequest = {
  type: 'list',
  seq: 1,
  of: 'pairing',
  query: '',
  state: '',
  sort: 'oldest',
  offset: 0,
};

const sourceOf = (machine: string, machines: readonly Machine[], more: object = {}) => ({
  machine,
  record: {},
  instances: () => machines,
  startOf: ({ start }: Machine) => start,
  isFound: ({ id }: Machine, query: string) => id.includes(query),
  gameOf: ({ game }: Machine) => game,
  initiatorNode: ({ node }: Machine) => node,
  rowOf: ({ id }: Machine) => ({ id }),
  ...more,
});

/** @param logs the record of a running machine, by its id */
function listed(
  request: Partial<ListRequest>,
  {
    sources = [],
    live = [],
    filed = [],
    logs = {},
    others = [],
    now = NOW,
  }: {
    sources?: object[];
    live?: object[];
    filed?: FiledRecord[];
    logs?: Record<string, object>;
    others?: number[];
    now?: number;
  },
) {
  const deps = {
    sources,
    past: { live, filed },
    times: { now, wallTime: WALL },
    logOf: ({ id }: Machine) => logs[id],
  } as unknown as ListDeps;
  return find({ ...all, ...request }, deps, others);
}
const idsOf = (...given: Parameters<typeof listed>) =>
  listed(...given)
    .rows({ ...all, ...given[0] })
    .map(({ id }) => id);

const filed = (id: string, more: Partial<FiledRecord> = {}, header: object = {}): FiledRecord => ({
  header: { ...recordHeader, epoch: 1_000 + Number.parseInt(id, 36), initiator_id: id, ...header },
  outcome: { kind: 'left', cause: '' },
  state: 'disconnected',
  initiatorNode: undefined,
  ...more,
});

describe('a search', () => {
  const machines: Machine[] = [
    { id: 'ada', start: 10, value: 'connected', game: 'Chess', node: 2 },
    { id: 'adam', start: 95_000, value: 'paired' },
    { id: 'bob', start: 89_999, value: 'paired', game: 'go' },
  ];
  const sources = [
    sourceOf('pairing', machines),
    sourceOf('session', [{ id: 'other', start: 0, value: 'x' }]),
  ];
  const oldFiled = [
    filed('adah', {}, { game: 'Chess', started_at: 7 }),
    filed('carl', { state: 'connected', outcome: { kind: 'connected', cause: '' }, initiatorNode: 3 }),
  ];
  const ids = (request: Partial<ListRequest>, others: number[] = []) =>
    idsOf(request, { sources, filed: oldFiled, others });

  it.each<[Partial<ListRequest>, string[]]>([
    [{}, ['carl', 'adah', 'ada', 'adam', 'bob']],
    [{ of: 'session' }, ['other']],
    [{ query: ' ADA ' }, ['adah', 'ada', 'adam']],
    [{ game: ' CHESS ' }, ['adah', 'ada']],
    [{ state: 'pairing.paired' }, ['adam', 'bob']],
    [{ state: 'pairing.connected' }, ['carl', 'ada']],
    [{ outcome: 'connected' }, ['carl', 'ada']],
    [{ outcome: 'left' }, ['adah']],
    [{ outcome: 'open' }, ['adam']],
    [{ outcome: 'stuck' }, ['bob']],
    [{ query: 'ada', game: 'go' }, []],
    [{ query: 'ada', state: 'pairing.paired' }, ['adam']],
    [{ query: 'carl', outcome: 'left' }, []],
  ])('for %j finds what fits in all of it', (request, found) => {
    expect(ids(request)).toEqual(found);
  });

  it('leaves out what another node lists', () => {
    expect(ids({}, [2])).toEqual(['carl', 'adah', 'adam', 'bob']);
    expect(ids({}, [3])).toEqual(['adah', 'ada', 'adam', 'bob']);
  });

  it('finds a filed record by every name in it', () => {
    const names = {
      ...{ initiator_id: 'one', responder_id: 'two', initiator_known_as: 'Three' },
      ...{ responder_known_as: 'four', game: 'five', room: 'six', epoch: 777 },
    };
    const record = filed('x', {}, names);
    for (const query of ['one', 'two', 'three', 'four', 'five', 'six', '777'])
      expect([query, idsOf({ query }, { filed: [record] })]).toEqual([query, ['one']]);
    expect(idsOf({ query: 'seven' }, { filed: [record] })).toEqual([]);
    expect(idsOf({ of: 'session' }, { filed: [record] })).toEqual([]);
  });
});

describe('a list', () => {
  const machine = (id: string, start: number): Machine => ({ id, start, value: 'paired' });
  /** A machine that is over, and still in memory. */
  const over = (id: string, started_at: number, epoch: number) => {
    const subject = { ...machine(id, 50), isDone: true };
    const header = { ...recordHeader, started_at, epoch };
    return {
      header,
      length: 0,
      record: { header, lines: [] },
      subject,
      source: sourceOf('pairing', [subject]),
    };
  };

  it('has what is over before what runs, each by its start, whichever source it is of', () => {
    const sources = [
      sourceOf('pairing', [machine('b', 20), machine('d', 40)]),
      sourceOf('pairing', [machine('a', 10), machine('c', 30)]),
      sourceOf('pairing', []),
    ];
    const live = [over('z', 900, 1), over('x', 700, 2)];
    const past = [filed('y', {}, { started_at: 800 }), filed('twice', {}, { epoch: 2 })];
    const found = listed({}, { sources, live, filed: past });
    const [oldest, newest] = [all, { ...all, sort: 'newest' } as const];
    const ids = ['x', 'y', 'z', 'a', 'b', 'c', 'd'];
    expect(found.rows(oldest).map(({ id }) => id)).toEqual(ids);
    expect(found.rows(newest).map(({ id }) => id)).toEqual(ids.toReversed());
    expect(found.rows({ ...newest, offset: 5 }).map(({ id }) => id)).toEqual(['y', 'x']);
    expect(found.total).toBe(7);
    const ranks = found.ranks(oldest);
    expect([...ranks]).toEqual([...ranks].sort((one, other) => one - other));
    expect([...ranks.slice(3)]).toEqual([10, 20, 30, 40].map((start) => WALL - (NOW - start)));
    expect([...found.ranks(newest)]).toEqual([...ranks].reverse());
    expect(found.ranks({ ...oldest, offset: 3 }, 2)).toEqual(ranks.slice(3, 5));
    expect(idsOf({ of: 'session' }, { live })).toEqual([]);
  });

  it('has 100 rows a page', () => {
    const sources = [
      sourceOf(
        'pairing',
        Array.from({ length: 150 }, (_, n) => machine(`${n}`, n)),
      ),
    ];
    const found = listed({}, { sources });
    expect([0, 100].map((offset) => found.rows({ ...all, offset }).length)).toEqual([100, 50]);
  });
});

describe('a row', () => {
  it('of a machine has its age, its state, and its outcome by both where it has no record', () => {
    const rows = (value: string, start: number, more: object = {}) =>
      listed({}, { sources: [sourceOf('pairing', [{ id: 'a', start, value }], more)] }).rows(all);
    expect(rows('connected', 0.4)).toEqual([
      { id: 'a', state: 'connected', age_ms: 100_000, outcome: { kind: 'connected', cause: '' } },
    ]);
    expect(rows('paired', 90_000)[0]?.outcome).toEqual({ kind: 'open', cause: '' });
    expect(rows('paired', 89_999)[0]?.outcome).toEqual({ kind: 'stuck', cause: '' });
    expect(rows('paired', 0, { record: undefined })[0]).not.toHaveProperty('outcome');
  });

  it('of a filed record has its names, only those that it has, and how long ago it began', () => {
    const names = {
      ...{ dialect: 'peerjs', initiator_known_as: 'A', responder_known_as: 'B', game: 'g', room: 'r' },
      ...{ started_at: WALL - 5_000.4, epoch: 3 },
    };
    const row = (header: object) => listed({}, { filed: [filed('a', {}, header)] }).rows(all)[0];
    const outcome = { kind: 'left', cause: '' };
    expect(row(names)).toEqual({
      ...{ id: 'a', peer_id: 'b', epoch: 3, dialect: 'peerjs', known_as: 'A', peer_known_as: 'B' },
      ...{ game: 'g', room: 'r', outcome, state: 'disconnected', age_ms: 5_000 },
    });
    expect(Object.keys(row({ started_at: WALL + 9, epoch: 3 }) ?? {})).toEqual([
      'id',
      'peer_id',
      'epoch',
      'outcome',
      'state',
      'age_ms',
    ]);
    // A clock that was set back.
    expect(row({ started_at: WALL + 9 })?.age_ms).toBe(0);
  });

  it('is judged by its record anew only when that has grown, or while it is open', () => {
    let read = 0;
    const lines = [recordStep('X', 'paired')];
    const log = {
      header: recordHeader,
      get length() {
        return lines.length;
      },
      get record() {
        read += 1;
        return { header: recordHeader, lines: [...lines] };
      },
    };
    const machine: Machine = { id: 'a', start: 0, value: 'paired' };
    const sources = [sourceOf('pairing', [machine])];
    const kindAt = (now: number) =>
      listed({}, { sources, logs: { a: log }, now }).rows(all)[0]?.outcome?.kind;
    expect([kindAt(10_000), kindAt(10_000)]).toEqual(['open', 'open']);
    expect(read).toBe(2);
    expect([kindAt(10_001), kindAt(90_000)]).toEqual(['stuck', 'stuck']);
    expect(read).toBe(3);
    lines.push(recordStep('UNPAIR_RECEIVED', 'disconnected', { fields: { from: 'responder' } }));
    expect([kindAt(90_000), kindAt(90_000)]).toEqual(['left', 'left']);
    expect(read).toBe(4);
    expect(causeIn({ ...log, source: sources[0], subject: machine } as never)).toMatch(
      /^A never sent an offer/,
    );
  });
});
