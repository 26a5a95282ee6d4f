/** Runs a machine in two ways that must be equal: as an instance of a host, and as an XState actor. */
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, SimulatedClock } from 'xstate';
import { Hosted, MachineHost, StepQueue } from '../../../src/machines/index.ts';

export interface Side {
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

/** One host for all walks, so that most steps follow a plan learnt in an earlier walk. */
export function hostOf(machine: AnyStateMachine): (input: unknown) => Side {
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

/** An actor of the machine, with XState's own simulated clock. */
export function acting(machine: AnyStateMachine, input: unknown): Side {
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
      const { value, context, status, error } = actor.getSnapshot() as AnyMachineSnapshot;
      if (status === 'error') throw error;
      return { value, context, isDone: status !== 'active', actions };
    },
  };
}
