/** What users of a host see: the instances it keeps, the effects it yields, and the steps it reports. */
import {
  type AnyStateMachine,
  assertEvent,
  type EventFrom,
  type StateMachine,
  type StateValue,
} from 'xstate';
import type { GuardVerdict } from './explain-ignored.ts';
import type { TimerOwner } from './timer-wheel.ts';

/** What is kept for each instance of a machine; a subclass adds the user's own fields, such as a socket. */
export class Hosted<Context> implements TimerOwner {
  value: StateValue = '';
  context = undefined as Context;
  /** True once a final state is reached: no event has any effect after that. */
  isDone = false;
  timer = -1;
}

/** An action that a step yielded, for the host to execute. */
export interface Effect {
  readonly type: string;
  readonly params: unknown;
}

/** What the observer is told about each step. */
export interface Step<Instance> {
  readonly machineId: string;
  readonly instance: Instance;
  readonly event: { readonly type: string };
  readonly from: StateValue;
  readonly to: StateValue;
  /** The transitions taken, in order, as the machine defines them; empty if the event was ignored. */
  readonly transitions: readonly TakenTransition[];
  readonly effects: readonly Effect[];
  /** For an ignored event: the guards that were evaluated, and their results. */
  readonly verdicts: readonly GuardVerdict[];
}

/** The part of XState's TransitionDefinition that identifies a transition. */
export interface TakenTransition {
  readonly source: { readonly id: string };
  readonly eventType: string;
  readonly target?: readonly { readonly id: string }[] | undefined;
}

export type Observer<Instance> = (step: Step<Instance>) => void;

/** Declares an effect in `setup({actions})`: named and typed there, executed by the machine's host. */
export function effect<Params = undefined>() {
  return (_args: unknown, _params: Params): void => {};
}

/** One function for each effect of a machine, so that a machine cannot name an effect that nobody executes. */
export type Executors<
  Machine extends AnyStateMachine,
  Instance,
  Event extends EventFrom<Machine> = EventFrom<Machine>,
> = {
  readonly [Effect in EffectFrom<Machine> as Effect['type']]: (
    instance: Instance,
    event: Event,
    params: Effect['params'],
  ) => void;
};

/**
 * The effects of a machine, by name and parameters: its actions that were declared with {@link effect}. An `assign`
 * does not count, since its parameters are not declared.
 */
export type EffectFrom<Machine extends AnyStateMachine> = Declared<ActionFrom<Machine>>;

type Declared<Action> = Action extends { type: string; params: unknown }
  ? unknown extends Action['params']
    ? never
    : Action
  : never;

type ActionFrom<Machine> =
  // biome-ignore lint/suspicious/noExplicitAny: the other parameters of XState's type do not matter here
  Machine extends StateMachine<any, any, any, any, infer Action, any, any, any, any, any, any, any, any, any>
    ? Action
    : never;

/** The member of a union of events with the given type, even if a member of the union covers several types. */
export type EventOf<Event extends { type: string }, Type extends string> = Event extends unknown
  ? Type extends Event['type']
    ? Omit<Event, 'type'> & { readonly type: Type }
    : never
  : never;

/**
 * Narrows an event to the types that can cause an effect. The chart guarantees that these are the only ones, which
 * TypeScript cannot know.
 * @throws for any other event: then the chart was changed, but not the effect
 */
export function eventOf<Event extends { type: string }, const Type extends Event['type']>(
  event: Event,
  ...types: readonly Type[]
): EventOf<Event, Type> {
  assertEvent(event, types as never);
  return event as never;
}
