import { describe, expect, it } from '@jest/globals';
import { type AnyStateMachine, assign, createMachine, setup } from 'xstate';
import { effect, Hosted, MachineHost, type Step, StepQueue } from '../../../src/machines/index.ts';

const effects = { shout: effect<{ word: string }>(), whisper: effect() };

const machine = setup({
  types: { events: {} as { type: 'GO' | 'BACK' | 'BREAK' | 'LOUDER' }, context: {} as { count: number } },
  actions: {
    ...effects,
    count: assign({ count: ({ context }) => context.count + 1 }),
    breakDown: assign(() => {
      throw new Error('a machine that breaks');
    }),
  },
  guards: { isLoudEnough: ({ context }, params: { least: number }) => context.count >= params.least },
  delays: { nap: 1_000 },
}).createMachine({
  id: 'echo',
  context: { count: 0 },
  initial: 'idle',
  states: {
    idle: {
      on: {
        GO: { target: 'busy', actions: ['count', { type: 'shout', params: { word: 'go' } }] },
        LOUDER: { guard: { type: 'isLoudEnough', params: { least: 3 } }, actions: 'whisper' },
        BREAK: { actions: ['whisper', 'breakDown'] },
      },
      after: { nap: { target: 'asleep' } },
    },
    busy: { entry: 'whisper', on: { BACK: { target: 'idle' } } },
    asleep: { type: 'final' },
  },
});

type Instance = Hosted<{ count: number }>;

function setUp(
  onShout: (host: MachineHost<typeof machine, Instance>, instance: Instance) => void = () => {},
) {
  const log: string[] = [];
  const errors: string[] = [];
  const queue = new StepQueue();
  const { timers } = queue;
  const host: MachineHost<typeof machine, Instance> = new MachineHost(machine, {
    queue,
    executors: {
      shout(instance, event, { word }) {
        log.push(`${event.type}: ${word} in ${String(instance.value)}`);
        onShout(host, instance);
      },
      whisper: (instance) => log.push(`whisper in ${String(instance.value)}`),
    },
    onError: (_instance, error, effectName) => errors.push(`${effectName}: ${(error as Error).message}`),
  });
  const start = () => {
    const instance: Instance = new Hosted();
    host.start(instance, undefined);
    return instance;
  };
  return { host, start, log, errors, timers };
}

describe('the machine host', () => {
  it('counts how often each transition was taken, by all instances together', () => {
    const { host, start } = setUp();
    const instances = [start(), start()] as const;
    for (const instance of instances) host.dispatch(instance, { type: 'GO' });
    host.dispatch(instances[0], { type: 'BACK' });
    // The guard is false: nothing is taken.
    host.dispatch(instances[0], { type: 'LOUDER' });
    const counts = [...host.taken].map(([{ eventType }, count]) => [eventType, count]);
    expect(counts.filter(([eventType]) => ['GO', 'BACK', 'LOUDER'].includes(String(eventType)))).toEqual([
      ['GO', 2],
      ['BACK', 1],
    ]);
  });

  it('executes effects only after the new state is committed', () => {
    const { host, start, log } = setUp();
    const instance = start();
    host.dispatch(instance, { type: 'GO' });
    expect(log).toEqual(['GO: go in busy', 'whisper in busy']);
    expect(instance.context).toEqual({ count: 1 });
  });

  it('queues an event that is sent from within an effect until the step is over', () => {
    const { host, start, log } = setUp((host, instance) => host.dispatch(instance, { type: 'BACK' }));
    const instance = start();
    host.dispatch(instance, { type: 'GO' });
    expect(log).toEqual(['GO: go in busy', 'whisper in busy']);
    expect(instance.value).toBe('idle');
  });

  it('tells of an effect that throws, and carries out the others', () => {
    const { host, start, log, errors } = setUp(() => {
      throw new Error('hoarse');
    });
    const instance = start();
    host.dispatch(instance, { type: 'GO' });
    expect(errors).toEqual(['shout: hoarse']);
    expect(log).toEqual(['GO: go in busy', 'whisper in busy']);
  });

  it('leaves a session as it was, and without effects, when its machine throws; others go on', () => {
    const { host, start, log, errors } = setUp();
    const [broken, sound] = [start(), start()];
    host.dispatch(broken, { type: 'BREAK' });
    expect([broken.value, broken.context]).toEqual(['idle', { count: 0 }]);
    expect(errors).toEqual(['transition: a machine that breaks']);
    host.dispatch(sound, { type: 'GO' });
    expect(sound.value).toBe('busy');
    expect(log).toEqual(['GO: go in busy', 'whisper in busy']);
  });

  it('maps `after` onto the timer wheel, and passes over every event once the session is done', () => {
    const { host, start, timers, log } = setUp();
    const instance = start();
    timers.advance(999);
    expect(instance.value).toBe('idle');
    timers.advance(1_050);
    expect([instance.value, instance.isDone]).toEqual(['asleep', true]);
    host.dispatch(instance, { type: 'GO' });
    expect(log).toEqual([]);
  });

  it('keeps no timer of a session whose state has changed', () => {
    const { host, start, timers } = setUp();
    host.dispatch(start(), { type: 'GO' });
    expect(timers.size).toBe(0);
  });

  it('tells the observer event, from, to, transitions and effects of each step', () => {
    const { host, start } = setUp();
    const steps: Step<Instance>[] = [];
    host.observer = (step) => steps.push(step);
    const instance = start();
    host.dispatch(instance, { type: 'GO' });
    expect(steps.map(({ event, from, to }) => [event.type, from, to])).toEqual([
      ['xstate.init', '', 'idle'],
      ['GO', 'idle', 'busy'],
    ]);
    expect(steps[1]?.transitions.map((transition) => [transition.source.id, transition.eventType])).toEqual([
      ['echo.idle', 'GO'],
    ]);
    expect(steps[1]?.effects.map(({ type, params }) => [type, params])).toEqual([
      ['shout', { word: 'go' }],
      ['whisper', undefined],
    ]);
  });

  it.each<[string, object, string[][]]>([
    [
      'a state that is left at once',
      {
        initial: 'up',
        states: { up: { on: { FALL: 'falling' } }, falling: { always: 'down' }, down: {} },
      },
      [['falls.up', 'falls.falling'], []],
    ],
    [
      'a final child, and none where its parent stays',
      {
        initial: 'up',
        states: {
          up: {
            initial: 'high',
            onDone: { target: 'down' },
            states: { high: { on: { FALL: 'low' } }, low: { type: 'final' } },
          },
          down: { initial: 'high', states: { high: { on: { FALL: 'low' } }, low: { type: 'final' } } },
        },
      },
      [['falls.up.high', 'falls.up'], ['falls.down.high']],
    ],
  ])('tells the observer all transitions of a step that goes on by %s', (_what, config, ofTwoFalls) => {
    const machine: AnyStateMachine = createMachine({ id: 'falls', ...config });
    const host: MachineHost<AnyStateMachine, Hosted<unknown>> = new MachineHost(machine, {
      queue: new StepQueue(),
      executors: {},
      onError: (_, error) => {
        throw error;
      },
    });
    const taken: string[][] = [];
    host.observer = ({ transitions }) => taken.push(transitions.map(({ source }) => source.id));
    for (const _ of 'ab') {
      const instance = new Hosted<unknown>();
      host.start(instance, undefined);
      for (const _ of 'ab') host.dispatch(instance, { type: 'FALL' });
    }
    expect(taken).toEqual([[], ...ofTwoFalls, [], ...ofTwoFalls]);
  });

  it('tells the observer which guard said no to an event that was ignored, and with what parameters', () => {
    const { host, start } = setUp();
    const instance = start();
    const steps: Step<Instance>[] = [];
    host.observer = (step) => steps.push(step);
    host.dispatch(instance, { type: 'LOUDER' });
    host.dispatch(instance, { type: 'BACK' });
    expect(steps.map(({ transitions, verdicts }) => [transitions, verdicts])).toEqual([
      [[], [{ guard: 'isLoudEnough', params: { least: 3 }, passed: false }]],
      [[], []],
    ]);
  });

  it('tells the observer of no guard of an event that was taken', () => {
    const { host, start } = setUp();
    const instance = start();
    for (const type of ['GO', 'BACK', 'GO', 'BACK', 'GO', 'BACK'] as const) host.dispatch(instance, { type });
    const steps: Step<Instance>[] = [];
    host.observer = (step) => steps.push(step);
    host.dispatch(instance, { type: 'LOUDER' });
    expect(steps.map(({ effects, verdicts }) => [effects.length, verdicts])).toEqual([[1, []]]);
  });

  it('tells the observer what a guard said at that step, even if asked after later ones', () => {
    const machine = setup({
      types: { context: {} as { count: number }, events: {} as { type: 'COUNT' | 'GO' } },
      actions: { count: assign({ count: ({ context }) => context.count + 1 }) },
      guards: { isAbove: (_args, params: { count: number }) => params.count > 5 },
    }).createMachine({
      context: { count: 4 },
      on: {
        COUNT: { actions: 'count' },
        GO: { guard: { type: 'isAbove', params: ({ context }) => ({ count: context.count }) } },
      },
    });
    const host: MachineHost<typeof machine, Instance> = new MachineHost(machine, {
      queue: new StepQueue(),
      executors: {},
      onError: (_instance, error) => {
        throw error;
      },
    });
    const instance: Instance = new Hosted();
    host.start(instance, undefined);
    const steps: Step<Instance>[] = [];
    host.observer = (step) => steps.push(step);
    for (const type of ['GO', 'COUNT', 'COUNT'] as const) host.dispatch(instance, { type });
    expect(steps[0]?.verdicts).toEqual([{ guard: 'isAbove', params: { count: 4 }, passed: false }]);
  });

  it('tells the observer of a guard without a name, too, that it said no', () => {
    const host: MachineHost<AnyStateMachine, Hosted<unknown>> = new MachineHost(
      createMachine({
        id: 'odd',
        on: { GO: { guard: () => false, target: '.on' } },
        initial: 'off',
        states: { off: {}, on: {} },
      }),
      {
        queue: new StepQueue(),
        executors: {},
        onError: (_instance, error) => {
          throw error;
        },
      },
    );
    const instance = new Hosted<unknown>();
    host.start(instance, undefined);
    const verdicts: unknown[] = [];
    host.observer = (step) => verdicts.push(...step.verdicts);
    host.dispatch(instance, { type: 'GO' });
    expect(verdicts).toMatchObject([{ passed: false }]);
  });

  it('runs what a batch sends only after all of it is sent', () => {
    const queue = new StepQueue();
    const order: string[] = [];
    queue.batch(() => {
      queue.push(() => {
        order.push('first');
        queue.push(() => order.push('third'));
      });
      queue.push(() => order.push('second'));
      order.push('sent');
    });
    expect(order).toEqual(['sent', 'first', 'second', 'third']);
  });
});
