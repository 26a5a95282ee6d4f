/** What `pairlane inspect` keeps of programs: what belongs together, and no more than it may. */
import { describe, expect, it } from '@jest/globals';
import {
  DEFAULT_STORE_LIMITS,
  type KeptActor,
  ProgramStore,
} from '../../../src/inspector/stately/program-store.ts';
import { readStately } from '../../../src/inspector/stately/stately-message.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';

const DEFINITION = JSON.stringify({
  id: 'door',
  initial: 'shut',
  states: { shut: { on: { OPEN: 'ajar' } }, ajar: {} },
});

function storeWith(limits: Partial<typeof DEFAULT_STORE_LIMITS> = {}) {
  const dropped: number[] = [];
  const listener = { changed() {}, stepped() {}, dropped: (key: number) => void dropped.push(key) };
  const store = new ProgramStore(() => 0, listener, { ...DEFAULT_STORE_LIMITS, ...limits });
  const program = store.programCame();
  const tell = (message: object, of = program) => {
    const read = readStately(JSON.stringify(message));
    if (!read) throw new Error('that is no message');
    store.receive(of, read);
  };
  return { store, program, tell, dropped, actors: () => [...store.actors] };
}

const actor = (sessionId: string, fields: object = {}) => ({
  type: '@xstate.actor',
  sessionId,
  definition: DEFINITION,
  snapshot: { status: 'active', value: 'shut', context: {} },
  ...fields,
});
const event = (sessionId: string, type: string, fields: object = {}) => ({
  type: '@xstate.event',
  sessionId,
  event: { type },
  ...fields,
});
const snapshot = (sessionId: string, type: string, value: string, fields: object = {}) => ({
  type: '@xstate.snapshot',
  sessionId,
  event: { type },
  snapshot: { status: 'active', value, context: fields },
});
const DEEP = `${'{"a":'.repeat(100_000)}"x"${'}'.repeat(100_000)}`;
const snapshotText = (of: string, by: string) =>
  `{"type":"@xstate.snapshot","sessionId":"x:0","event":${by},"snapshot":${of}}`.replaceAll('DEEP', DEEP);
const stepsOf = ({ steps }: KeptActor) => steps.map(({ json }) => JSON.parse(json));

describe('the programs that are kept', () => {
  it('joins a snapshot with its event, also when another event was sent before it was handled', () => {
    const { tell, actors } = storeWith();
    tell(actor('x:0'));
    tell(event('x:0', 'A', { sourceId: 'x:1' }));
    tell(event('x:0', 'B', { sourceId: 'x:2' }));
    tell(snapshot('x:0', 'A', 'ajar'));
    tell(snapshot('x:0', 'B', 'shut'));
    expect(stepsOf(actors()[0] as KeptActor)).toMatchObject([
      { seq: 1, value: 'shut' },
      { seq: 2, event: { type: 'A' }, source: 'x:1', value: 'ajar' },
      { seq: 3, event: { type: 'B' }, source: 'x:2', value: 'shut' },
    ]);
  });

  it('keeps an event that took no transition, with the guards that refused it, where the sender says so', () => {
    const { tell, actors } = storeWith();
    tell(actor('x:0'));
    tell(event('x:0', 'OPEN', { transitions: [], refused: ['isUnlocked'] }));
    expect(stepsOf(actors()[0] as KeptActor)[1]).toMatchObject({
      event: { type: 'OPEN' },
      taken: [],
      refused: ['isUnlocked'],
      value: 'shut',
    });
  });

  it('tells actors of the same name in two programs apart, and says of which the program has gone', () => {
    const { store, program, tell, actors } = storeWith();
    const other = store.programCame();
    tell(actor('x:0'));
    tell(actor('x:0'), other);
    tell(snapshot('x:0', 'OPEN', 'ajar'), other);
    store.programLeft(program);
    expect(actors().map(({ program: of, value, status }) => [of, value, status])).toEqual([
      [program, 'shut', 'gone'],
      [other, 'ajar', 'active'],
    ]);
  });

  it('is bounded in bytes: the oldest steps of all actors go first', () => {
    const { store, tell, actors } = storeWith({ maxBytes: 64 * 1024 });
    tell(actor('x:0'));
    tell(actor('x:1'));
    for (let i = 0; i < 200; i += 1)
      tell(snapshot(`x:${i % 2}`, 'OPEN', 'ajar', { text: 'y'.repeat(1_000), i }));
    expect(store.bytes).toBeLessThanOrEqual(64 * 1024);
    const kept = actors().map((one) => stepsOf(one).map(({ context }) => context.i));
    expect(kept.flat().sort((a, b) => a - b)[0]).toBeGreaterThan(150);
    expect(kept.map((numbers) => numbers.at(-1))).toEqual([198, 199]);
  });

  it('keeps no more steps of an actor, and no more actors, than it may; those that are over go first', () => {
    const { tell, actors, dropped } = storeWith({ maxSteps: 3, maxActors: 2 });
    tell(actor('x:0'));
    tell(actor('x:1', { snapshot: { status: 'done', value: 'ajar' } }));
    for (let i = 0; i < 9; i += 1) tell(snapshot('x:0', 'OPEN', 'ajar'));
    tell(actor('x:2'));
    expect(actors().map(({ session, steps }) => [session, steps.length])).toEqual([
      ['x:0', 3],
      ['x:2', 1],
    ]);
    expect(dropped).toEqual([2]);
  });

  it('is empty again, to the byte, when all that it kept is dropped', () => {
    const { store, tell } = storeWith({ maxActors: 1 });
    tell(actor('x:0'));
    const { bytes } = store;
    for (let i = 1; i < 50; i += 1) {
      tell(actor(`x:${i}`));
      tell(snapshot(`x:${i}`, 'OPEN', 'ajar', { i }));
    }
    tell(actor('x:0'));
    expect(store.bytes).toBe(bytes);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no session', '{"type":"@xstate.actor"}'],
    ['a message that came later', '{"type":"@xstate.transition","sessionId":"x:0"}'],
  ])('passes over %s', (_what, text) => {
    expect(readStately(text)).toBeUndefined();
  });

  it.each([
    ['is no machine', undefined, 'It is no machine.'],
    ['is no JSON', '{', 'Its definition could not be read'],
    [
      'leads to a state that there is not',
      '{"initial":"a","states":{"a":{"on":{"X":"b"}}}}',
      'could not be read',
    ],
    ['is too large', ' '.repeat(600_000), 'Its definition is too large to draw.'],
  ])('shows an actor without a chart, and says why, when its definition %s', (_what, definition, why) => {
    const { tell, actors } = storeWith();
    tell(actor('x:0', { definition }));
    expect(actors()[0]?.machine.shown).toEqual({ problem: expect.stringContaining(why) });
  });

  it.each([
    ['a context', snapshotText('{"context":DEEP,"value":"ajar"}', '{"type":"OPEN"}')],
    ['a state', snapshotText('{"value":DEEP}', '{"type":"OPEN"}')],
    ['an event', snapshotText('{"value":"ajar"}', '{"type":"OPEN","more":DEEP}')],
    [
      'an event, behind half a character',
      snapshotText('{"value":"ajar"}', '{"type":"OPEN","a":"\\ud800","b":DEEP}'),
    ],
  ])('keeps the step without it when %s is nested 100,000 levels deep', (_what, text) => {
    const { store, program, tell, actors } = storeWith();
    tell(actor('x:0'));
    const read = readStately(text);
    if (!read) throw new Error('that is no message');
    store.receive(program, read);
    expect(stepsOf(actors()[0] as KeptActor)[1]).toMatchObject({ seq: 2, event: { type: 'OPEN' } });
    expect(store.bytes).toBeLessThan(16 * 1024);
  });

  it('keeps, of 640 events of 64 KiB that have not been handled, less than 2 MiB', () => {
    const { store, tell } = storeWith();
    for (let n = 0; n < 10; n += 1) tell(actor(`x:${n}`));
    for (let i = 0; i < 1_000; i += 1)
      tell(event(`x:${i % 10}`, 'OPEN', { event: { type: 'OPEN', i, x: 'y'.repeat(65_536) } }));
    const texts = [...store.actors].flatMap(({ pending }) => pending.map(({ text }) => text));
    expect(texts.join('').length).toBeLessThan(2 * 1024 * 1024);
  });

  it('counts events that have not been handled: at the limit, steps make room for them', () => {
    const { store, tell, actors } = storeWith({ maxBytes: 256 * 1024 });
    tell(actor('x:0'));
    for (let i = 0; i < 10; i += 1) tell(snapshot('x:0', 'OPEN', 'ajar', { text: 'y'.repeat(10_000) }));
    for (let i = 0; i < 60; i += 1)
      tell(event('x:0', 'OPEN', { event: { type: 'OPEN', i, x: 'y'.repeat(1_000) } }));
    expect(store.bytes).toBeLessThanOrEqual(256 * 1024);
    expect(actors()[0]?.steps.length).toBeLessThan(10);
  });

  it('keeps 1,000 names of 256 KiB, cut to 200 characters, in less than 8 MiB', () => {
    const { store, tell } = storeWith();
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1_000; n += 1) tell(actor(`x:${n}`, { name: `${n} ${'y'.repeat(256 * 1_024)}` }));
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 1024 * 1024);
    expect([...store.actors]).toHaveLength(1_000);
  });

  it('shows an actor without its state when that is longer than 2,048 characters', () => {
    const { tell, actors } = storeWith();
    const value = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`region${n}`, 'on']));
    tell(actor('x:0', { snapshot: { status: 'active', value, context: {} } }));
    expect(actors()[0]?.value).toBeUndefined();
  });

  it('leaves out a context that is too large to show', () => {
    const { tell, actors } = storeWith();
    tell(actor('x:0'));
    tell(snapshot('x:0', 'OPEN', 'ajar', { text: 'y'.repeat(20_000) }));
    expect(stepsOf(actors()[0] as KeptActor)[1].context).toBe('(too large to show)');
  });
});
