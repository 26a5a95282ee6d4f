import { describe, expect, it } from '@jest/globals';
import { and, not, setup } from 'xstate';
import { chartOf, describeCall, statesOf } from '../../../src/machines/chart/chart.ts';
import { pairingMachine } from '../../../src/machines/pairing/pairing-machine.ts';
import { sessionMachine } from '../../../src/machines/session/session-machine.ts';

const lampMachine = setup({
  types: { events: {} as { type: 'TAP' } | { type: 'BREAK' } },
  actions: { shine: () => {}, count: (_, _params: { by: number }) => {} },
  guards: { isDark: () => true, isWhole: () => true },
  delays: { patience: 1_000 },
}).createMachine({
  id: 'lamp',
  description: 'A lamp.',
  initial: 'off',
  on: { BREAK: '.broken' },
  states: {
    off: {
      on: {
        TAP: [
          { guard: and(['isDark', not('isWhole')]), target: 'on', description: 'Only at night.' },
          { actions: { type: 'count', params: { by: 2 } } },
        ],
      },
    },
    on: {
      entry: 'shine',
      exit: 'shine',
      type: 'parallel',
      after: { patience: { target: 'off' } },
      states: { bulb: { always: { guard: 'isWhole', target: '#lamp.broken' } }, shade: {} },
    },
    broken: { type: 'final' },
  },
});

describe('the chart of a machine', () => {
  const { root } = chartOf(lampMachine);
  const state = (id: string) => statesOf(root).find((candidate) => candidate.id === id);

  it('holds every state in the order of the source, with its kind, description and first state', () => {
    expect(statesOf(root).map(({ id, kind }) => [id, kind])).toEqual([
      ['lamp', 'compound'],
      ['lamp.off', 'atomic'],
      ['lamp.on', 'parallel'],
      ['lamp.on.bulb', 'atomic'],
      ['lamp.on.shade', 'atomic'],
      ['lamp.broken', 'final'],
    ]);
    expect(root).toMatchObject({ initial: 'lamp.off', description: 'A lamp.' });
  });

  it('holds guards, also combined ones, and actions with their parameters', () => {
    expect(state('lamp.off')?.transitions).toMatchObject([
      { guard: { name: 'isDark and not isWhole' }, targets: ['lamp.on'], description: 'Only at night.' },
      { guard: undefined, targets: [], actions: [{ name: 'count', params: { by: 2 } }] },
    ]);
    expect(describeCall({ name: 'count', params: { by: 2, of: 'taps' } })).toBe('count(2, taps)');
  });

  it('holds `after` with the name of its delay, and `always`, but none of the actions that arm them', () => {
    expect(state('lamp.on')).toMatchObject({
      entry: [{ name: 'shine' }],
      exit: [{ name: 'shine' }],
      transitions: [{ trigger: { kind: 'after', name: 'patience' }, targets: ['lamp.off'] }],
    });
    expect(state('lamp.on.bulb')?.transitions).toMatchObject([
      { trigger: { kind: 'always', name: '' }, guard: { name: 'isWhole' }, targets: ['lamp.broken'] },
    ]);
  });

  it.each([sessionMachine, pairingMachine])('is JSON: $id', (machine) => {
    const chart = chartOf(machine);
    expect(JSON.parse(JSON.stringify(chart))).toEqual(chart);
    const text = JSON.stringify(chart);
    expect(text).not.toContain('xstate.');
    expect(chart.root.states.length).toBeGreaterThan(1);
  });
});
