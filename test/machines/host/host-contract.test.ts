/** The host is XState: whatever happens, a hosted session and an actor are equal in value, context and actions. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AnyStateMachine,
  and,
  assign,
  createActor,
  not,
  raise,
  SimulatedClock,
  setup,
  stateIn,
} from 'xstate';
import { Hosted, MachineHost, StepQueue } from '../../../src/machines/index.ts';
import { type MachineCase, machineCases } from '../../support/machines/machine-cases.ts';

interface Side {
  send(event: { type: string }): void;
  advance(ms: number): void;
  read(): { value: unknown; context: unknown; isDone: boolean; actions: string[] };
}

const effectNames = (machine: AnyStateMachine) => Object.keys(machine.implementations.actions);
const note = (name: string, params: unknown) =>
  params === undefined ? name : `${name} ${JSON.stringify(params)}`;

class Recorded extends Hosted<unknown> {
  readonly actions: string[] = [];
}

/** One host for all walks, so that most steps follow a plan that an earlier walk left behind. */
function hostOf({ machine }: MachineCase): (input: unknown) => Side {
  const queue = new StepQueue();
  const wheel = queue.timers;
  const executors = Object.fromEntries(
    effectNames(machine).map((name) => [
      name,
      (instance: Recorded, _event: unknown, params: unknown) => instance.actions.push(note(name, params)),
    ]),
  );
  const host = new MachineHost<AnyStateMachine, Recorded>(machine, {
    executors,
    queue,
    onError: (_instance, error) => {
      throw error;
    },
  });
  let last: Recorded | undefined;
  return (input) => {
    if (last) wheel.disarmAll(last);
    const instance = new Recorded();
    last = instance;
    host.start(instance, input);
    return {
      send: (event) => host.dispatch(instance, event),
      advance: (ms) => wheel.advance(wheel.now + ms),
      read: () => ({
        value: instance.value,
        context: instance.context,
        isDone: instance.isDone,
        actions: instance.actions,
      }),
    };
  };
}

function acting({ machine }: MachineCase, input: unknown): Side {
  const actions: string[] = [];
  const clock = new SimulatedClock();
  const isEffect = (name: string) =>
    typeof machine.implementations.actions[name] === 'function' &&
    !('resolve' in (machine.implementations.actions[name] as object));
  const recorded = Object.fromEntries(
    effectNames(machine)
      .filter(isEffect)
      .map((name) => [name, (_args: unknown, params: unknown) => actions.push(note(name, params))]),
  );
  const actor = createActor(machine.provide({ actions: recorded } as never), { input, clock });
  actor.start();
  return {
    send: (event) => {
      if (actor.getSnapshot().status === 'active') actor.send(event);
    },
    advance: (ms) => clock.increment(ms),
    read: () => {
      const { value, context, status } = actor.getSnapshot();
      return { value, context, isDone: status !== 'active', actions };
    },
  };
}

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

const oddCases = Object.entries(oddParts).map(([name, part]) => {
  const { states, ...rest } = part as { states?: Record<string, object> };
  const machine = setup({
    types: { context: {} as Args['context'], events: {} as { type: 'GO' | 'NOTE' } },
    actions: {
      shout: () => {},
      count: assign({ count: ({ context }) => context.count + 1 }),
      add: assign({ count: ({ context }, { amount }: { amount: number }) => context.count + amount }),
    },
    guards: {
      isOdd: ({ context }) => context.count % 2 === 1,
      isAbove: ({ context }, { least }: { least: number }) => context.count % 12 > least,
    },
  }).createMachine({
    id: 'odd',
    context: { count: 0 },
    ...('type' in rest ? {} : { initial: 'idle' }),
    ...rest,
    states: {
      idle: { entry: 'shout', on: { GO: { target: 'busy', actions: 'count' } }, ...states?.idle },
      busy: { exit: 'count', on: { GO: 'idle' }, ...states?.busy },
    },
  } as never) as unknown as AnyStateMachine;
  const events = [{ type: 'GO' }, { type: 'NOTE' }];
  return [`a machine with ${name}`, { machine, inputs: [undefined], events, hasDelays: false }] as const;
});

/** Most walks end soon if every event is as likely as the one that ends the machine. */
const ENDING = new Set(['SOCKET_CLOSED', 'CLOSED_BY_SERVER', 'PEER_LOST', 'UNPAIR_RECEIVED', 'CLOSE_ASKED']);

describe('the host equals createActor', () => {
  it.each([...machineCases, ...oddCases])('over thousands of random steps of %s', (_name, machineCase) => {
    const hasDelays = !('hasDelays' in machineCase);
    let steps = 0;
    const hosted = hostOf(machineCase);
    const lasting = machineCase.events.filter((event) => !ENDING.has(event.type));
    const ending = machineCase.events.filter((event) => ENDING.has(event.type));
    const step = fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(...lasting) },
      ...(ending.length > 0 ? [{ weight: 1, arbitrary: fc.constantFrom(...ending) }] : []),
      ...(hasDelays ? [{ weight: 4, arbitrary: fc.constantFrom(50, 500, 5_000, 20_000) }] : []),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.constantFrom(...machineCase.inputs),
        (walk, input) => {
          const [host, actor] = [hosted(input), acting(machineCase, input)];
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
      { numRuns: 200 },
    );
    expect(steps).toBeGreaterThan(2_000);
  });
});
