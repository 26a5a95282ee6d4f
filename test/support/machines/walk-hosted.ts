/** Like walk.ts, but with a host that counts for transition coverage, for a machine that few servers step. */
import type { AnyStateMachine, ContextFrom, EventFrom, InputFrom, StateValue } from 'xstate';
import { Hosted, MachineHost, StepQueue } from '../../../src/machines/index.ts';
import { noteTransitions } from './transition-coverage.ts';

/**
 * Takes the machine through the events.
 * @returns its state then, and what the last event yielded
 */
export function walkHosted<M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  ...events: readonly EventFrom<M>[]
) {
  let effects: string[] = [];
  const executors = Object.fromEntries(
    Object.keys(machine.implementations.actions).map((name) => [
      name,
      (_instance: unknown, _event: unknown, params: unknown) =>
        effects.push(params === undefined ? name : `${name}: ${JSON.stringify(params)}`),
    ]),
  );
  const queue = new StepQueue();
  const host = new MachineHost<AnyStateMachine, Hosted<unknown>>(machine, {
    queue,
    executors,
    onError: (_instance, error) => {
      throw error;
    },
  });
  host.observer = noteTransitions;
  const instance = new Hosted<unknown>();
  host.start(instance, input as never);
  const send = (event: EventFrom<M>) => {
    effects = [];
    host.dispatch(instance, event as never);
  };
  for (const event of events) send(event);
  return {
    send,
    get value(): StateValue {
      return instance.value;
    },
    get context(): ContextFrom<M> {
      return instance.context as ContextFrom<M>;
    },
    get isDone(): boolean {
      return instance.isDone;
    },
    /** The effects of the last event: `name`, or `name: parameters as JSON`. */
    get effects(): readonly string[] {
      return effects;
    },
    /** Moves only the clock. */
    advance(ms: number): void {
      effects = [];
      queue.timers.advance(queue.now + ms);
    },
  };
}
