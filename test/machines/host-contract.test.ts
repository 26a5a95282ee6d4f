/** The host is XState: whatever happens, a hosted session and an actor are equal in value, context and actions. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnyStateMachine, createActor, SimulatedClock } from 'xstate';
import { Hosted, MachineHost, StepQueue, TimerWheel } from '../../src/machines/index.ts';
import { type MachineCase, machineCases } from '../support/machine-cases.ts';

interface Side {
  send(event: { type: string }): void;
  advance(ms: number): void;
  read(): { value: unknown; context: unknown; isDone: boolean; actions: string[] };
}

const effectNames = (machine: AnyStateMachine) => Object.keys(machine.implementations.actions);
const note = (name: string, params: unknown) =>
  params === undefined ? name : `${name} ${JSON.stringify(params)}`;

function hosted({ machine }: MachineCase, input: unknown): Side {
  const actions: string[] = [];
  const wheel = new TimerWheel();
  const executors = Object.fromEntries(
    effectNames(machine).map((name) => [
      name,
      (_i: unknown, _e: unknown, params: unknown) => actions.push(note(name, params)),
    ]),
  );
  const host = new MachineHost<Hosted<unknown>, { type: string }, object>(machine, {
    executors,
    queue: new StepQueue(),
    timers: wheel,
    onError: (_instance, error) => {
      throw error;
    },
  });
  const instance = new Hosted<unknown>();
  host.start(instance, input);
  return {
    send: (event) => host.send(instance, event),
    advance: (ms) => wheel.advance(wheel.now + ms),
    read: () => ({ value: instance.value, context: instance.context, isDone: instance.isDone, actions }),
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

/** Most walks end soon if every event is as likely as the one that ends the machine. */
const ENDING = new Set(['SOCKET_CLOSED', 'CLOSED_BY_SERVER', 'PEER_LOST', 'UNPAIR_RECEIVED', 'CLOSE_ASKED']);

describe('the host equals createActor', () => {
  it.each(machineCases)('over thousands of random steps of the %s machine', (_name, machineCase) => {
    let steps = 0;
    const lasting = machineCase.events.filter((event) => !ENDING.has(event.type));
    const ending = machineCase.events.filter((event) => ENDING.has(event.type));
    const step = fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(...lasting) },
      { weight: 1, arbitrary: fc.constantFrom(...ending) },
      { weight: 4, arbitrary: fc.constantFrom(50, 500, 5_000, 20_000) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.constantFrom(...machineCase.inputs),
        (walk, input) => {
          const [host, actor] = [hosted(machineCase, input), acting(machineCase, input)];
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
