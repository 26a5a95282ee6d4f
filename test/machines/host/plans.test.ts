/** A host asks XState what a step does only the first time; the steps after it follow what was learnt then. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type AnyStateMachine, assign, createMachine, StateMachine, setup, spawnChild } from 'xstate';
import {
  Hosted,
  MachineHost,
  pairingMachine,
  StepQueue,
  sessionMachine,
} from '../../../src/machines/index.ts';
import { hostOf } from '../../support/machines/host-and-actor.ts';

const asked = {
  forFirstStep: jest.spyOn(StateMachine.prototype, 'getInitialSnapshot'),
  forStep: jest.spyOn(StateMachine.prototype, 'resolveState'),
};
afterEach(() => {
  jest.clearAllMocks();
});

const settings = { pingIntervalMs: 1_000, pingTimeoutMs: 500, resumeGraceMs: 2_000 };
const epoch = 1;
const walks = [
  {
    machine: pairingMachine,
    input: { initiatorId: 'a', responderId: 'b', epoch },
    events: [
      { type: 'FORMED', from: 'initiator' },
      { type: 'OFFER_RECEIVED', from: 'initiator', epoch },
      { type: 'CANDIDATE_RECEIVED', from: 'responder', epoch },
      { type: 'ANSWER_RECEIVED', from: 'responder', epoch },
      { type: 'REPORT_RECEIVED', from: 'responder', epoch, isConnected: true },
      { type: 'REPORT_RECEIVED', from: 'initiator', epoch, isConnected: true },
      { type: 'UNPAIR_RECEIVED', from: 'initiator', epoch },
    ],
  },
  {
    machine: sessionMachine,
    input: { id: 'me', maxPeers: 1, isResumable: true, may: 'pair', settings },
    events: [
      { type: 'KEY_REQUESTED', hasRoom: true },
      { type: 'PAIRED', epoch: 7, peerId: 'other' },
      { type: 'NEGOTIATION_STARTED', epoch: 7 },
      { type: 'CONNECTED', epoch: 7 },
      { type: 'HEARD' },
      { type: 'SOCKET_CLOSED', isGoodbye: false },
      { type: 'RESUMED' },
      { type: 'UNPAIRED', epoch: 7 },
      { type: 'SOCKET_CLOSED', isGoodbye: true },
    ],
  },
];

describe.each(walks)('of the second $machine.id', ({ machine, input, events }) => {
  it('not one step is asked for, and it ends as the first did', () => {
    const hosted = hostOf(machine);
    const walk = () => {
      const session = hosted(input);
      for (const event of events) session.send(event);
      session.advance(settings.pingIntervalMs);
      return session.read();
    };
    const first = walk();
    expect(asked.forStep.mock.calls.length).toBeGreaterThan(0);
    jest.clearAllMocks();
    expect(walk()).toEqual(first);
    expect(asked.forFirstStep).not.toHaveBeenCalled();
    expect(asked.forStep).not.toHaveBeenCalled();
  });
});

it('a timer that fires again is not asked for again', () => {
  const hosted = hostOf(sessionMachine);
  const ping = () => {
    const session = hosted(walks[1]?.input);
    session.advance(settings.pingIntervalMs);
    return session.read().value;
  };
  expect(ping()).toEqual({
    present: { pairings: 'unpaired', request: 'idle', socket: { online: 'pinged' }, token: 'unlimited' },
  });
  jest.clearAllMocks();
  ping();
  expect(asked.forStep).not.toHaveBeenCalled();
});

it('what one host has learnt is known to every other host of that machine', () => {
  const machine = createMachine({ initial: 'off', states: { off: { on: { GO: 'on' } }, on: {} } });
  const walk = () => {
    const session = hostOf(machine)(undefined);
    session.send({ type: 'GO' });
    return session.read().value;
  };
  expect(walk()).toBe('on');
  expect(asked.forStep).toHaveBeenCalled();
  jest.clearAllMocks();
  expect(walk()).toBe('on');
  expect(asked.forFirstStep).not.toHaveBeenCalled();
  expect(asked.forStep).not.toHaveBeenCalled();
});

it('a state is the same however it was reached: what was learnt in it holds, and its value is not read again', () => {
  const session = hostOf(
    createMachine({
      initial: 'off',
      states: {
        off: { on: { GO: 'on', RUN: 'on' } },
        on: { initial: 'here', states: { here: {} }, on: { BACK: 'off' } },
      },
    }),
  )(undefined);
  for (const type of ['GO', 'BACK', 'RUN']) session.send({ type });
  jest.clearAllMocks();
  const written = jest.spyOn(JSON, 'stringify');
  session.send({ type: 'BACK' });
  expect(session.read().value).toBe('off');
  expect(asked.forStep).not.toHaveBeenCalled();
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
});

it('but a machine that moves by itself is asked for every step, so that a count of none means something', () => {
  const machine = setup({}).createMachine({
    initial: 'on',
    states: { on: { on: { GO: 'off' } }, off: { always: 'on' } },
  });
  const hosted = hostOf(machine);
  for (const session of [hosted(undefined), hosted(undefined)]) session.send({ type: 'GO' });
  expect(asked.forFirstStep).toHaveBeenCalled();
  expect(asked.forStep).toHaveBeenCalledTimes(2);
});

it('an action of an initial state that is computed of the event is computed anew in each step', () => {
  const told: unknown[] = [];
  const machine = setup({
    types: { events: {} as { type: 'GO'; word: string } | { type: 'BACK' } },
    actions: { say: (_: unknown, _params: { word: string }) => {} },
  }).createMachine({
    initial: 'off',
    states: {
      off: { on: { GO: 'on' } },
      on: {
        initial: {
          target: 'first',
          actions: { type: 'say', params: ({ event }) => ({ word: event.type === 'GO' ? event.word : '' }) },
        },
        states: { first: {} },
        on: { BACK: 'off' },
      },
    },
  });
  const queue = new StepQueue();
  const host = new MachineHost<AnyStateMachine, Hosted<unknown>>(machine, {
    queue,
    executors: {
      say: (_instance: unknown, _event: unknown, params: unknown) =>
        told.push((params as { word: string }).word),
    } as never,
    onError: (_instance, error) => {
      throw error;
    },
  });
  const instance = new Hosted<unknown>();
  host.start(instance, undefined);
  for (const word of ['one', 'two']) {
    host.dispatch(instance, { type: 'GO', word });
    host.dispatch(instance, { type: 'BACK' });
  }
  expect(told).toEqual(['one', 'two']);
});

it('a loop that only an assign ends does end, in the first step and in a later one', () => {
  // The context is what it was while a step is learnt. Without the limit this test would fill the memory, not fail.
  const options = { maxIterations: 50 };
  const machine = setup({
    types: { context: {} as { left: number }, events: {} as { type: 'FILL' } },
    actions: { burn: assign({ left: ({ context }) => context.left - 1 }), fill: assign({ left: 3 }) },
    guards: { hasLeft: ({ context }) => context.left > 0 },
  }).createMachine({
    context: { left: 3 },
    options,
    initial: 'round',
    on: { FILL: { target: '.round', actions: 'fill' } },
    states: {
      round: {
        initial: 'over',
        onDone: { guard: 'hasLeft', target: 'round', reenter: true, actions: 'burn' },
        states: { over: { type: 'final' } },
      },
    },
  });
  const session = hostOf(machine)(undefined);
  expect(session.read()).toMatchObject({ context: { left: 0 } });
  session.send({ type: 'FILL' });
  expect(session.read()).toMatchObject({ context: { left: 0 }, value: { round: 'over' } });
});

describe('a machine that no host can keep is refused when the host is made, with the name of the state', () => {
  const child = createMachine({});
  it.each([
    [
      'a history',
      { initial: 'on', states: { on: {}, past: { type: 'history' } } },
      'odd.past: a hosted machine has no history states',
    ],
    [
      'an invoked actor',
      { initial: 'on', states: { on: { invoke: { src: child } } } },
      'odd.on: a hosted machine invokes no actors',
    ],
    ['a spawned actor', { entry: spawnChild(child) }, 'odd: a hosted machine spawns no actors'],
    [
      'a spawned actor in a transition',
      { initial: 'on', states: { on: { on: { GO: { actions: spawnChild(child) } } } } },
      'odd.on: a hosted machine spawns no actors',
    ],
  ] as const)('%s', (_what, config, message) => {
    const machine = createMachine({ id: 'odd', ...config } as never) as unknown as AnyStateMachine;
    expect(() => hostOf(machine)).toThrow(message);
  });
});
