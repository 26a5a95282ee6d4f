/** What a machine does with one event after another, by XState's pure functions alone: no host, actor or clock. */
import {
  type AnyStateMachine,
  type ContextFrom,
  type EventFrom,
  type ExecutableActionObject,
  type InputFrom,
  initialTransition,
  type SnapshotFrom,
  transition,
} from 'xstate';

export interface Walked<M extends AnyStateMachine> {
  readonly value: SnapshotFrom<M>['value'];
  readonly context: ContextFrom<M>;
  readonly isDone: boolean;
  /** The effects of the last event: `name`, or `name: parameters as JSON`. */
  readonly effects: readonly string[];
}

/**
 * Takes the machine through the events.
 * @returns its state then, and what the last event yielded
 */
export function walk<M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  ...events: readonly EventFrom<M>[]
): Walked<M> {
  type Microstep = [snapshot: SnapshotFrom<M>, actions: ExecutableActionObject[]];
  let last = initialTransition(machine, input as never) as unknown as Microstep;
  for (const event of events) last = transition(machine, last[0], event) as unknown as Microstep;
  const [snapshot, actions] = last;
  const { value, context, status } = snapshot;
  const effects = actions
    .filter(({ type }) => !type.startsWith('xstate.'))
    .map(({ type, params }) => (params === undefined ? type : `${type}: ${JSON.stringify(params)}`));
  return { value, context, isDone: status === 'done', effects };
}
