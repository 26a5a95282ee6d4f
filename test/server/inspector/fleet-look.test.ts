/** A page at one of several workers: whom it asks, how long it waits, and what of the answers it is sent. */
import { describe, expect, it } from '@jest/globals';
import type { InspectMessage, InspectRequest, RecordLine } from '../../../src/protocol/index.ts';
import { FleetLook } from '../../../src/server/inspector/fleet-look.ts';
import type {
  PartList,
  PartListRequest,
  PartMessage,
  PartRequest,
} from '../../../src/server/inspector/fleet-parts.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { recordHeader } from '../../support/record-header.ts';

const HERE = 0;
const part = (seq: number, total: number, ...ranks: number[]): PartList => ({
  ...{ type: 'part_list', seq, total, ranks: Float64Array.from(ranks) },
  rows: ranks.map((rank) => ({ id: `${rank}` }) as never),
});
const nodesOf = (...nodes: number[]) => ({ type: 'nodes', nodes: nodes.map((node) => ({ node })) }) as never;
const hello = { type: 'hello', version: '1', machines: [], node: 7 } as never;
const recordOf = (epoch: number, ...lines: RecordLine[]): InspectMessage =>
  ({ type: 'record', usual: {}, record: { header: { ...recordHeader, epoch }, lines } }) as never;
const line = (t: number): RecordLine => ({
  ...{ t, of: 'pairing', event: { type: 'X' }, to: 'x', taken: [], effects: [] },
});

/** A page at worker 0, whose node is 7; the others have the nodes of their numbers. */
function open(workers = 3) {
  const clock = new ManualClock();
  const sent: InspectMessage[] = [];
  const asked: [number, PartRequest][] = [];
  const closed: string[] = [];
  let tell: (worker: number, message: PartMessage) => void = () => {};
  let tellHere: (message: InspectMessage) => void = () => {};
  let listed = (request: PartListRequest) => part(request.seq, 0);
  const look = new FleetLook({
    ...{ workers, clock, node: 7 },
    others: {
      isNode: () => true,
      open(told) {
        tell = told;
        return {
          ask: (worker, request) => asked.push([worker, request]),
          close: () => closed.push('others'),
        };
      },
    },
    lookHere(told) {
      tellHere = told;
      return {
        ask: (request: InspectRequest) => asked.push([HERE, request]),
        close: () => closed.push('here'),
      };
    },
    listHere(request) {
      asked.push([HERE, request]);
      return listed(request);
    },
    send: (message) => sent.push(message),
  });
  return {
    ...{ look, clock, closed },
    says: (worker: number, message: PartMessage) =>
      worker === HERE ? tellHere(message as InspectMessage) : tell(worker, message),
    listsHere: (list: (request: PartListRequest) => PartList) => {
      listed = list;
    },
    taken: () => sent.splice(0),
    /** For lists, which alone are looked into. */
    asked: () => asked.splice(0) as [number, PartListRequest][],
  };
}

/** With all workers there, and greeted. */
function openAll(workers = 3) {
  const page = open(workers);
  for (let worker = 1; worker < workers; worker += 1) page.says(worker, { type: 'here', node: worker });
  page.says(HERE, hello);
  page.taken();
  page.asked();
  return page;
}

describe('a page is greeted', () => {
  it('once all workers are there, and told nothing before', () => {
    const { says, taken, clock } = open();
    says(HERE, hello);
    says(1, { type: 'here', node: 1 });
    says(1, hello);
    says(HERE, { type: 'refusals', kinds: [], recent: [] });
    says(HERE, { type: 'population', machines: {} } as never);
    expect(taken()).toEqual([]);
    says(2, { type: 'here', node: 2 });
    expect(taken()).toEqual([{ type: 'hello', version: '1', machines: [], workers: 3 }]);
    clock.advance(5_000);
    says(3, { type: 'here', node: 3 });
    expect(taken()).toEqual([]);
  });

  it('after 900 ms without those that do not come', () => {
    const { says, taken, clock } = open();
    says(HERE, hello);
    clock.advance(899);
    expect(taken()).toEqual([]);
    clock.advance(1);
    expect(taken()).toMatchObject([{ type: 'hello', workers: 3 }]);
    clock.advance(5_000);
    expect(taken()).toEqual([]);
  });

  it('and told what all say, once its own worker has said it', () => {
    const { says, taken } = openAll(2);
    const population = (total: number) =>
      ({ type: 'population', machines: { session: { total, counts: {}, rates: {} } } }) as never;
    says(1, population(2));
    expect(taken()).toEqual([]);
    says(HERE, population(3));
    expect(taken()).toMatchObject([{ machines: { session: { total: 5 } } }]);
    for (const worker of [1, HERE]) says(worker, { type: 'chaos', rules: `${worker}` } as never);
    expect(taken()).toEqual([{ type: 'chaos', rules: '0' }]);
  });
});

describe('a view', () => {
  it('is shown once all have answered, and then when it changes', () => {
    const { look, says, taken, asked } = openAll();
    look.ask({ type: 'nodes' });
    expect(asked().map(([worker]) => worker)).toEqual([0, 1, 2]);
    says(HERE, nodesOf(7));
    says(1, nodesOf(1));
    expect(taken()).toEqual([]);
    says(2, nodesOf(2));
    expect(taken()).toEqual([nodesOf(1, 2, 7)]);
    says(2, nodesOf(2));
    expect(taken()).toEqual([]);
    says(2, nodesOf(3));
    expect(taken()).toEqual([nodesOf(1, 3, 7)]);
    says(1, { type: 'gone' });
    expect(taken()).toEqual([nodesOf(3, 7)]);
  });

  it('is shown after 2 s without those that do not answer, and that only once', () => {
    const { look, says, taken, clock } = openAll();
    look.ask({ type: 'nodes' });
    says(1, nodesOf(1));
    clock.advance(1_999);
    expect(taken()).toEqual([]);
    clock.advance(1);
    expect(taken()).toEqual([nodesOf(1)]);
    says(HERE, nodesOf(7));
    expect(taken()).toEqual([nodesOf(1, 7)]);
  });

  it('that is an answer to another request is not shown', () => {
    const { look, says, taken, asked } = openAll(1);
    const rooms = (query: string) => ({ type: 'rooms', query, total: 0, rooms: [] }) as never;
    const den = (app: string, name: string) =>
      ({ type: 'room', room: { app, name, shown_members: [], shown_edges: [] } }) as never;
    const none = (app: string, room: string) => ({ type: 'no_room', app, room }) as never;
    look.ask({ type: 'rooms', query: 'a' } as never);
    for (const other of [nodesOf(1), rooms('b')]) says(HERE, other);
    expect(taken()).toEqual([]);
    says(HERE, rooms('a'));
    expect(taken()).toEqual([rooms('a')]);
    look.ask({ type: 'room', app: 'x', room: 'den' } as never);
    for (const other of [rooms('a'), den('x', 'y'), den('y', 'den'), none('x', 'y'), none('y', 'den')])
      says(HERE, other);
    expect(taken()).toEqual([]);
    says(HERE, den('x', 'den'));
    says(HERE, none('x', 'den'));
    expect(taken().map(({ type }) => type)).toEqual(['room', 'no_room']);
    look.ask({ type: 'unwatch' });
    expect(asked().at(-1)).toEqual([HERE, { type: 'unwatch' }]);
    says(HERE, den('x', 'den'));
    expect(taken()).toEqual([]);
  });

  it('that was shown is shown again to who asks again', () => {
    const { look, says, taken } = openAll(1);
    for (let n = 0; n < 2; n += 1) {
      look.ask({ type: 'nodes' });
      says(HERE, nodesOf(7));
      expect(taken()).toEqual([nodesOf(7)]);
    }
  });

  it('or a record is asked of a worker that comes later, too', () => {
    const { look, says, asked } = openAll(2);
    for (const request of [{ type: 'nodes' }, { type: 'watch', epoch: 5 }] as const) {
      look.ask(request);
      asked();
      says(2, { type: 'here', node: 2 });
      expect(asked()).toEqual([[2, request]]);
    }
    look.ask({ type: 'unwatch' });
    asked();
    says(3, { type: 'here', node: 3 });
    expect(asked()).toEqual([]);
  });
});

describe('a list', () => {
  const request = {
    type: 'list',
    seq: 9,
    of: 'session',
    query: '',
    state: '',
    sort: 'oldest',
    offset: 0,
  } as const;
  const seqOf = (asked: [number, PartListRequest][]) => asked.at(-1)?.[1].seq ?? -1;

  it('is of all that answer, each asked which nodes there are', () => {
    const { look, says, taken, asked, listsHere } = openAll();
    listsHere(({ seq }) => part(seq, 5, 2));
    look.ask(request);
    const all = asked();
    const seq = seqOf(all);
    expect(all).toEqual(
      [0, 1, 2].map((worker) => [worker, { type: 'rows', seq, list: request, nodes: [7, 1, 2] }]),
    );
    says(1, part(seq - 1, 100, 0));
    says(1, part(seq, 1, 1));
    says(1, part(seq, 50, 9));
    expect(taken()).toEqual([]);
    says(2, part(seq, 1, 3));
    expect(taken()).toEqual([
      { type: 'list', seq: 9, total: 7, rows: [{ id: '1' }, { id: '2' }, { id: '3' }] },
    ]);
  });

  it('further on asks first how many of each come before it', () => {
    const { look, says, taken, asked, listsHere } = openAll(2);
    listsHere(({ type, seq }) => (type === 'ranks' ? part(seq, 4, 1, 2, 5) : part(seq, 4, 5)));
    look.ask({ ...request, offset: 3 });
    const ranks = asked();
    expect(ranks.map(([, { type }]) => type)).toEqual(['ranks', 'ranks']);
    says(1, part(seqOf(ranks), 2, 3, 4));
    const rows = asked();
    expect(rows.map(([worker, { type, list }]) => [worker, type, list.offset])).toEqual([
      [0, 'rows', 2],
      [1, 'rows', 1],
    ]);
    says(1, part(seqOf(rows), 2, 4));
    expect(taken()).toMatchObject([{ total: 6, rows: [{ id: '4' }, { id: '5' }] }]);
  });

  it('has no rows beyond the hundred thousandth', () => {
    const { look, asked, taken, listsHere } = openAll(1);
    listsHere(({ seq }) => part(seq, 200_000, 1));
    const rowsAt = (offset: number) => {
      look.ask({ ...request, offset });
      const answer = taken()[0];
      return [asked()[0]?.[1].list.offset, answer?.type === 'list' && answer.rows.length];
    };
    expect(rowsAt(100_000)).toEqual([100_000, 1]);
    expect(rowsAt(100_001)).toEqual([100_000, 0]);
  });

  it('goes without workers that are gone, or do not answer for 2 s; one that is asked for later is the only one', () => {
    const { look, says, taken, asked, clock, listsHere } = openAll();
    listsHere(({ seq }) => part(seq, 1, 1));
    look.ask(request);
    says(1, { type: 'gone' });
    expect(taken()).toEqual([]);
    says(2, part(seqOf(asked()), 1, 2));
    expect(taken()).toMatchObject([{ total: 2 }]);
    look.ask(request);
    const before = seqOf(asked());
    clock.advance(1_000);
    look.ask({ ...request, seq: 10 });
    says(2, part(before, 1, 2));
    clock.advance(1_999);
    expect(taken()).toEqual([]);
    clock.advance(1);
    expect(taken()).toMatchObject([{ seq: 10, total: 1 }]);
    clock.advance(5_000);
    expect(taken()).toEqual([]);
    look.ask(request);
    says(2, { type: 'gone' });
    expect(taken()).toMatchObject([{ seq: 9, total: 1 }]);
  });
});

describe('a record', () => {
  it('is sent once all have said whether they have it, and then line by line', () => {
    const { look, says, taken } = openAll();
    look.ask({ type: 'watch', epoch: 5 });
    says(HERE, { type: 'not_found', epoch: 5 } as never);
    says(1, recordOf(5, { t: 0, of: 'pairing', first: { value: 'x' } }) as never);
    says(1, { type: 'line', line: line(3) } as never);
    expect(taken()).toEqual([]);
    says(2, { type: 'not_found', epoch: 5 } as never);
    expect(taken()).toMatchObject([{ type: 'record', record: { lines: [{ t: 0 }, { t: 3 }] } }]);
    says(1, { type: 'line', line: line(8) } as never);
    expect(taken()).toMatchObject([{ type: 'line', line: { t: 8 } }]);
    look.ask({ type: 'unwatch' });
    says(1, { type: 'line', line: line(9) } as never);
    says(1, recordOf(5) as never);
    expect(taken()).toEqual([]);
  });

  it('that nobody has is not found, and neither is a session', () => {
    const { look, says, taken } = openAll(2);
    const answers = (answer: object) => {
      for (const worker of [HERE, 1]) says(worker, answer as never);
      return taken();
    };
    const [notFound, noSession] = [
      { type: 'not_found', epoch: 5 },
      { type: 'no_session', id: 'a' },
    ];
    look.ask({ type: 'watch', epoch: 5 });
    expect(answers({ type: 'not_found', epoch: 4 })).toEqual([]);
    expect(answers(noSession)).toEqual([]);
    expect(answers(recordOf(4))).toEqual([]);
    expect(answers(notFound)).toEqual([notFound]);
    look.ask({ type: 'trail', id: 'a' });
    expect(answers({ type: 'no_session', id: 'b' })).toEqual([]);
    expect(answers(notFound)).toEqual([]);
    expect(answers(noSession)).toEqual([noSession]);
  });

  it('is sent after 2 s without those that do not answer, or are gone; who comes later adds its part', () => {
    const { look, says, taken, clock } = openAll();
    look.ask({ type: 'trail', id: 'a' });
    clock.advance(2_000);
    expect(taken()).toEqual([{ type: 'no_session', id: 'a' }]);
    says(1, recordOf(5) as never);
    expect(taken()).toMatchObject([{ type: 'record' }]);
    look.ask({ type: 'watch', epoch: 5 });
    for (const worker of [HERE, 1]) says(worker, { type: 'not_found', epoch: 5 } as never);
    expect(taken()).toEqual([]);
    says(2, { type: 'gone' });
    expect(taken()).toEqual([{ type: 'not_found', epoch: 5 }]);
    clock.advance(5_000);
    expect(taken()).toEqual([]);
  });
});

it('a page that looks at a record sees no view any longer, and the other way round', () => {
  const { look, says, taken } = openAll(1);
  look.ask({ type: 'nodes' });
  look.ask({ type: 'watch', epoch: 5 });
  says(HERE, nodesOf(7));
  expect(taken()).toEqual([]);
  says(HERE, recordOf(5) as never);
  expect(taken()).toMatchObject([{ type: 'record' }]);
  look.ask({ type: 'nodes' });
  says(HERE, { type: 'line', line: line(9) } as never);
  says(HERE, recordOf(5) as never);
  expect(taken()).toEqual([]);
});

it('a page that was closed is sent nothing that was on its way, and nobody goes on for it', () => {
  const requests = [
    { type: 'nodes' },
    { type: 'watch', epoch: 5 },
    { type: 'list', offset: 0, sort: 'oldest' },
  ];
  for (const request of requests) {
    const { look, taken, closed, clock } = openAll();
    look.ask(request as InspectRequest);
    look.close();
    clock.advance(5_000);
    expect([taken(), closed.sort(), clock.nextAt]).toEqual([[], ['here', 'others'], Infinity]);
  }
  const { look, says, taken, clock } = open();
  says(HERE, hello);
  look.close();
  for (const worker of [1, 2]) says(worker, { type: 'here', node: worker });
  clock.advance(5_000);
  expect(taken()).toEqual([]);
});
