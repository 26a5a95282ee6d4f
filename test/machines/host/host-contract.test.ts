/** The host is XState: whatever happens, a hosted session and an actor are equal in value, context and actions. */
import { describe, expect, it } from '@jest/globals';
import {
  type AnyStateMachine,
  and,
  assign,
  cancel,
  enqueueActions,
  not,
  raise,
  setup,
  stateIn,
} from 'xstate';
import fc from '../../support/fast-check.ts';
import { acting, hostOf } from '../../support/machines/host-and-actor.ts';
import { machineCases } from '../../support/machines/machine-cases.ts';
import { runs } from '../../support/runs.ts';

/** More in a long run. */
const RUNS = runs(25);

/** What no machine of ours does. Most of it a plan would get wrong: that must be stepped by XState itself. */
const oddParts = {
  always: { states: { idle: { always: { guard: 'isOdd', target: 'busy' } } } },
  'computed parameters': {
    on: { NOTE: { actions: { type: 'shout', params: ({ context }: Args) => ({ count: context.count }) } } },
  },
  'an assign with parameters': { on: { NOTE: { actions: { type: 'add', params: { amount: 3 } } } } },
  'an event raised by itself': { on: { NOTE: { actions: ['count', raise({ type: 'GO' })] } } },
  'an inline assign': {
    on: { NOTE: { actions: assign({ count: ({ context }: Args) => context.count * 2 }) } },
  },
  'two regions that take one event': {
    type: 'parallel',
    states: {
      idle: { initial: 'off', on: { NOTE: { actions: 'count' } }, states: { off: {} } },
      busy: { initial: 'off', states: { off: { on: { NOTE: 'on' } }, on: { on: { NOTE: 'off' } } } },
    },
  },
  'two regions that take one event, the later one only sometimes': {
    type: 'parallel',
    states: {
      idle: { initial: 'off', on: { NOTE: { actions: 'count' } }, states: { off: {} } },
      busy: {
        initial: 'off',
        states: { off: { on: { NOTE: { guard: 'isOdd', target: 'on' } } }, on: { on: { LOUD: 'off' } } },
      },
    },
  },
  wildcards: { on: { 'NOTE.*': { actions: 'shout' }, '*': { guard: 'isOdd', actions: 'count' } } },
  'guards that are made of guards': {
    on: {
      NOTE: [{ guard: and([not('isOdd'), stateIn('#odd.idle')]), actions: 'count' }, { actions: 'shout' }],
    },
  },
  'a guard with computed parameters': {
    on: {
      NOTE: [
        {
          guard: { type: 'isAbove', params: ({ context }: Args) => ({ least: 8 - context.count }) },
          actions: 'shout',
        },
        { actions: 'count' },
      ],
    },
  },
  'guards with parameters, on child and parent': {
    on: { NOTE: { actions: 'count' } },
    states: {
      idle: { on: { NOTE: { guard: { type: 'isAbove', params: { least: 4 } }, target: 'busy' } } },
      busy: {
        on: {
          NOTE: [{ guard: 'isOdd', target: 'idle' }, { guard: { type: 'isAbove', params: { least: 9 } } }],
        },
      },
    },
  },
  'a guarded way on from a final child': {
    states: {
      idle: {
        initial: 'open',
        onDone: [
          { guard: 'isOdd', target: 'busy' },
          { guard: 'isFar', actions: 'shout' },
        ],
        on: { GO: { actions: 'count' }, BACK: { target: 'idle', reenter: true } },
        states: { open: { on: { NOTE: 'over' } }, over: { type: 'final' } },
      },
    },
  },
  'a guarded way on from a first state that is final': {
    context: ({ input }: { input: number }) => ({ count: input }),
    states: {
      idle: {
        initial: 'over',
        onDone: { guard: 'isOdd', target: 'busy' },
        states: { over: { type: 'final' } },
      },
    },
  },
  'a guarded way on from regions that are all done': {
    states: {
      idle: {
        type: 'parallel',
        onDone: [{ guard: 'isOdd', target: 'busy', actions: 'shout' }, { actions: 'count' }],
        on: { GO: { actions: 'count' }, BACK: { target: 'idle', reenter: true } },
        states: {
          left: { initial: 'open', states: { open: { on: { NOTE: 'over' } }, over: { type: 'final' } } },
          right: {
            initial: 'open',
            onDone: { guard: 'isFar', actions: 'count' },
            states: { open: { on: { LOUD: 'over' } }, over: { type: 'final' } },
          },
        },
      },
    },
  },
  'an end that a final child leads to': {
    states: {
      idle: {
        initial: 'open',
        onDone: 'over',
        states: { open: { on: { NOTE: { guard: 'isFar', target: 'shut' } } }, shut: { type: 'final' } },
      },
      over: { type: 'final' },
    },
  },
  'an end in a region of a region': {
    type: 'parallel',
    states: {
      idle: {
        initial: 'on',
        states: { on: { on: { NOTE: { guard: 'isFar', target: 'off' } } }, off: { type: 'final' } },
      },
      busy: {
        initial: 'on',
        states: { on: { on: { LOUD: { guard: 'isOdd', target: 'off' } } }, off: { type: 'final' } },
      },
    },
  },
  'an event raised by itself that only a guard takes': {
    on: { NOTE: { actions: raise({ type: 'LOUD' }) }, LOUD: { guard: 'isOdd', actions: 'shout' } },
  },
  'states that are entered anew': {
    on: { NOTE: { target: '.idle', reenter: true }, LOUD: { target: '.idle' } },
    states: { idle: { initial: 'in', states: { in: { entry: 'shout', exit: 'count' } } } },
  },
  'forbidden events': { on: { NOTE: { actions: 'shout' } }, states: { idle: { on: { NOTE: {} } } } },
  'a guard that looks at the other region': {
    type: 'parallel',
    states: {
      idle: {
        initial: 'off',
        states: { off: { on: { NOTE: 'on' } }, on: { id: 'on', on: { NOTE: 'off' } } },
      },
      busy: {
        initial: 'off',
        states: { off: { on: { LOUD: { guard: stateIn('#on'), actions: 'shout' } } } },
      },
    },
  },
  'a delay that is worked out': {
    states: {
      idle: { after: { dynamic: [{ guard: 'isOdd', target: 'busy' }, { actions: 'shout' }] } },
      busy: { on: { NOTE: { actions: 'count' } }, after: { 100: 'idle', dynamic: 'idle' } },
    },
  },
  'an event raised later, and called back': {
    on: {
      NOTE: {
        actions: [cancel('later'), raise({ type: 'LOUD', by: 2 } as never, { delay: 100, id: 'later' })],
      },
      LOUD: { actions: 'addBy' },
      BACK: { actions: cancel('later') },
    },
  },
  'an event raised later under its own name': {
    on: {
      NOTE: { actions: [cancel('LOUD'), raise({ type: 'LOUD' }, { delay: 100, id: 'LOUD' })] },
      LOUD: { actions: 'count' },
    },
  },
  'names of what is called back that are worked out': {
    on: {
      NOTE: {
        actions: [
          cancel('0'),
          cancel('1'),
          raise({ type: 'LOUD' }, { delay: 100, id: '0' }),
          raise({ type: 'BACK' }, { delay: 100, id: '1' }),
        ],
      },
      LOUD: { actions: 'count' },
      BACK: { actions: cancel(({ context }: Args) => String(context.count % 2)) },
    },
  },
  'two things that an action enqueues': {
    on: {
      NOTE: {
        actions: enqueueActions(({ context, enqueue }) => {
          if ((context as Args['context']).count % 2) enqueue({ type: 'shout' } as never);
          enqueue({ type: 'count' } as never);
        }),
      },
    },
  },
  'a final child': {
    states: {
      idle: {
        initial: 'open',
        onDone: { target: 'busy', actions: 'count' },
        states: { open: { on: { NOTE: 'over' } }, over: { type: 'final' } },
      },
    },
  },
} as const;

interface Args {
  readonly context: { readonly count: number };
}

const oddEvents = [{ type: 'GO' }, { type: 'NOTE' }, { type: 'LOUD' }, { type: 'BACK' }];

const oddCases = Object.entries(oddParts).map(([name, part]) => {
  const { states, ...rest } = part as { states?: Record<string, object> };
  const machine = setup({
    types: {
      context: {} as Args['context'],
      events: {} as { type: 'GO' | 'NOTE' | 'LOUD' | 'BACK'; by?: number },
    },
    actions: {
      shout: () => {},
      count: assign({ count: ({ context }) => context.count + 1 }),
      add: assign({ count: ({ context }, { amount }: { amount: number }) => context.count + amount }),
      addBy: assign({ count: ({ context, event }) => context.count + (event.by ?? 0) }),
    },
    guards: {
      isOdd: ({ context }) => context.count % 2 === 1,
      isFar: ({ context }) => context.count % 5 > 2,
      isAbove: ({ context }, { least }: { least: number }) => context.count % 12 > least,
    },
    delays: { dynamic: ({ context }) => 50 + 50 * (context.count % 3) },
  }).createMachine({
    id: 'odd',
    context: { count: 0 },
    ...('type' in rest ? {} : { initial: 'idle' }),
    ...rest,
    states: {
      ...states,
      idle: { entry: 'shout', on: { GO: { target: 'busy', actions: 'count' } }, ...states?.idle },
      busy: { exit: 'count', on: { GO: 'idle' }, ...states?.busy },
    },
  } as never) as unknown as AnyStateMachine;
  const inputs = 'context' in rest ? [0, 1] : [undefined];
  return [`a machine with ${name}`, { machine, inputs, events: oddEvents }] as const;
});

/** Most walks end soon if every event is as likely as the one that ends the machine. */
const ENDING = new Set(['SOCKET_CLOSED', 'CLOSED_BY_SERVER', 'PEER_LOST', 'UNPAIR_RECEIVED', 'CLOSE_ASKED']);

describe('the host equals createActor', () => {
  it.each([...machineCases, ...oddCases])('over hundreds of random steps of %s', (_name, machineCase) => {
    const pauses = oddCases.some(([, odd]) => odd === machineCase)
      ? [50, 100, 500]
      : [50, 500, 5_000, 20_000];
    let steps = 0;
    const hosted = hostOf(machineCase.machine);
    const lasting = machineCase.events.filter((event) => !ENDING.has(event.type));
    const ending = machineCase.events.filter((event) => ENDING.has(event.type));
    const step = fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(...lasting) },
      ...(ending.length > 0 ? [{ weight: 1, arbitrary: fc.constantFrom(...ending) }] : []),
      { weight: 4, arbitrary: fc.constantFrom(...pauses) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.constantFrom(...machineCase.inputs),
        (walk, input) => {
          const [host, actor] = [hosted(input), acting(machineCase.machine, input)];
          for (const move of walk) {
            for (const side of [host, actor]) {
              if (typeof move === 'number') for (let ms = 0; ms < move; ms += 50) side.advance(50);
              else side.send(move);
            }
            expect(host.read()).toEqual(actor.read());
            steps += 1;
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(steps).toBeGreaterThan(10 * RUNS);
  });
});
