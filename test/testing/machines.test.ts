/** What users test their own machines with: paths, walks, coverage, tables; held by a machine that is small enough to see. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { assign, createActor, initialTransition, SimulatedClock, setup, transition } from 'xstate';
import { effect } from '../../src/machines/index.ts';
import { pathsOf, TransitionCoverage, tableOf, walks } from '../../src/testing/index.ts';
import { htmlReport } from '../../src/testing/machines/coverage-html.ts';

/** Three wrong codes lock it for a minute. */
const lock = setup({
  types: {
    context: {} as { wrong: number },
    events: {} as { type: 'CODE'; isRight: boolean } | { type: 'SHUT' },
    input: {} as { most: number },
  },
  actions: {
    click: effect(),
    count: assign({ wrong: ({ context }) => context.wrong + 1 }),
    forget: assign({ wrong: 0 }),
  },
  guards: {
    isRight: ({ event }) => event.type === 'CODE' && event.isRight,
    isLast: ({ context }) => context.wrong === 2,
  },
  delays: { pause: 60_000 },
}).createMachine({
  id: 'lock',
  context: { wrong: 0 },
  initial: 'shut',
  states: {
    shut: {
      on: {
        CODE: [
          { guard: 'isRight', target: 'open', actions: 'click' },
          { guard: 'isLast', target: 'blocked' },
          { actions: 'count' },
        ],
      },
    },
    open: { entry: 'forget', on: { SHUT: { target: 'shut' } } },
    blocked: { entry: 'forget', after: { pause: { target: 'shut' } } },
  },
});

const ofLock = {
  machine: lock,
  inputs: [{ most: 3 }],
  events: [{ type: 'CODE', isRight: true }, { type: 'CODE', isRight: false }, { type: 'SHUT' }],
};
const NAMES = [
  'lock.shut --CODE#0--> lock.open',
  'lock.shut --CODE#1--> lock.blocked',
  'lock.shut --CODE#2-->',
  'lock.open --SHUT#0--> lock.shut',
  'lock.blocked --after pause#0--> lock.shut',
];

describe('paths', () => {
  it('are the shortest to each transition, in the order of the machine', () => {
    const paths = pathsOf(ofLock);
    expect(paths.map(({ to }) => to)).toEqual(NAMES);
    expect(paths.map(({ moves }) => moves.length)).toEqual([1, 3, 1, 2, 4]);
    expect(paths[4]).toMatchObject({
      moves: [{}, {}, {}, { after: 'pause' }],
      states: ['shut', 'shut', 'blocked', 'shut'],
    });
  });

  it('of a machine whose events do not reach a transition are an error that names it', () => {
    const events = ofLock.events.filter(({ type }) => type !== 'SHUT');
    expect(() => pathsOf({ ...ofLock, events })).toThrow(
      /No path takes\n {2}lock\.open --SHUT#0--> lock\.shut$/,
    );
  });
});

describe('walks', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(walks(ofLock, { seed: 7, count: 5 })).toEqual(walks(ofLock, { seed: 7, count: 5 }));
    expect(walks(ofLock, { seed: 8, count: 5 })).not.toEqual(walks(ofLock, { seed: 7, count: 5 }));
  });

  it('are as many and as long as asked, with the states that XState itself takes', () => {
    const taken = walks(ofLock, { count: 20, length: 12 });
    expect(taken).toHaveLength(20);
    for (const { input, moves, states } of taken) {
      expect(moves).toHaveLength(12);
      let [snapshot] = initialTransition(lock, input as never);
      const values = moves.map((move) => {
        const event = 'event' in move ? move.event : { type: 'xstate.after.pause.lock.blocked' };
        [snapshot] = transition(lock, snapshot, event as never);
        return snapshot.value;
      });
      expect(states).toEqual(values);
    }
  });
});

describe('coverage', () => {
  it('of an actor names what was never taken, and is complete when all was', () => {
    const coverage = new TransitionCoverage([lock]);
    const clock = new SimulatedClock();
    const actor = createActor(lock, { input: { most: 3 }, inspect: coverage.inspect, clock }).start();
    const send = (isRight: boolean) => actor.send({ type: 'CODE', isRight });
    send(true);
    expect(coverage.missing).toEqual(NAMES.slice(1));
    expect(() => coverage.assertComplete()).toThrow(NAMES[4]);
    actor.send({ type: 'SHUT' });
    for (let wrong = 0; wrong < 3; wrong += 1) send(false);
    clock.increment(60_000);
    expect(coverage.missing).toEqual([]);
    coverage.assertComplete();
    expect(String(coverage)).toBe('lock: 5 of 5 taken');
  });

  it('of several processes is added up', () => {
    const folder = mkdtempSync(join(tmpdir(), 'coverage-'));
    const take = (...codes: boolean[]) => {
      const coverage = new TransitionCoverage([lock]);
      const actor = createActor(lock, { input: { most: 3 }, inspect: coverage.inspect }).start();
      for (const isRight of codes) actor.send({ type: 'CODE', isRight });
      coverage.save(folder);
    };
    take(true);
    take(false, true);
    const all = new TransitionCoverage([lock]);
    all.add(folder);
    rmSync(folder, { recursive: true });
    expect(all.missing).toEqual([NAMES[1], NAMES[3], NAMES[4]]);
    expect(all.toHtml()).toContain('<td>2</td><td><code>lock.shut --CODE#0--&gt; lock.open</code>');
  });

  it('is shown on a chart: each arrow by whether all, some or none of what it stands for was taken', () => {
    const arrow = (edge: string) => `<path class="arrow" data-edge="${edge}" d="M0 0"/>`;
    const page = htmlReport([
      {
        group: 'lock',
        chart: `<svg class="chart">${['a --&#62; b', 'a --&#62; b|b --&#62; a', 'b --&#62; a'].map(arrow).join('')}</svg>`,
        taken: [
          ['a --> b', 3, ['lock.test.ts: opens "it"']],
          ['b --> a', 0],
        ],
      },
    ]);
    expect(page.match(/class="arrow \w+"/g)).toEqual([
      'class="arrow all"',
      'class="arrow some"',
      'class="arrow none"',
    ]);
    expect(page).toContain('<title>3: a --&gt; b\nnever: b --&gt; a</title>');
    expect(page).toContain('<li>lock.test.ts: opens &quot;it&quot;</li>');
    expect(page).toContain('<title>1 of 2 taken</title>');
  });

  it('is found from the head of its page: each part with its share, and in each what was never taken first', () => {
    const page = htmlReport([
      { group: 'lock', taken: [['a --> b', 3]] },
      {
        group: 'door, guards',
        taken: [
          ['isShut', 2],
          ['isLocked', 0],
        ],
      },
    ]);
    expect(page).toContain(
      '<li class="taken"><a href="#part-0">lock</a>: 1 of 1</li><li class="never"><a href="#part-1">door, guards</a>: 1 of 2</li>',
    );
    expect(page).toContain('<h2 id="part-1">door, guards: 1 of 2</h2>');
    expect(page.indexOf('isLocked')).toBeLessThan(page.indexOf('isShut'));
  });
});

it('a table says of each transition when, where to, with which effects, and what becomes of the context', () => {
  expect(tableOf(ofLock).split('\n')).toEqual([
    '# Start of lock',
    '',
    'state = shut',
    'effects = none',
    'wrong = 0',
    '',
    '# Transitions of lock',
    '',
    'lock.shut --CODE#0--> lock.open if isRight',
    '  effects = click',
    '  wrong = 0',
    'lock.shut --CODE#1--> lock.blocked if isLast',
    '  wrong = 0',
    'lock.shut --CODE#2-->',
    '  wrong =',
    '    wrong=0: 1',
    '    wrong=1: 2',
    'lock.open --SHUT#0--> lock.shut',
    'lock.blocked --after pause#0--> lock.shut',
    '',
    '# Guards',
    '',
    'isLast',
    '  wrong=0|1: false',
    '  wrong=2: true',
    'isRight',
    '  event.isRight=false: false',
    '  event.isRight=true: true',
    '',
    '# Delays',
    '',
    'pause',
    '  60000 ms',
    '',
  ]);
});
