/** What those who use a host see of it: the session it keeps, the effects it yields, the steps it tells of. */
import {
  type AnyStateMachine,
  assertEvent,
  type EventFrom,
  type StateMachine,
  type StateValue,
} from 'xstate';
import type { GuardVerdict } from './explain-ignored.ts';
import type { TimerOwner } from './timer-wheel.ts';

/** What is kept for each session of a machine; a user puts its own things (a socket) beside it in a subclass. */
export class Hosted<Context> implements TimerOwner {
  value: StateValue = '';
  context = undefined as Context;
  /** True once a final state is reached: no event has an effect after that. */
  isDone = false;
  timer = -1;
}

/** An action that a step yielded, for the host to execute. */
export interface Effect {
  readonly type: string;
  readonly params: unknown;
}

/** What the observer is told of each step. */
export interface Step<Instance> {
  readonly machineId: string;
  readonly instance: Instance;
  readonly event: { readonly type: string };
  readonly from: StateValue;
  readonly to: StateValue;
  /** The transitions taken, in order, as the machine defines them; empty when the event was ignored. */
  readonly transitions: readonly TakenTransition[];
  readonly effects: readonly Effect[];
  /** For an ignored event: the guards that were asked, and what they said. */
  readonly verdicts: readonly GuardVerdict[];
}

/** The part of XState's TransitionDefinition that names an edge. */
export interface TakenTransition {
  readonly source: { readonly id: string };
  readonly eventType: string;
  readonly target?: readonly { readonly id: string }[] | undefined;
}

export type Observer<Instance> = (step: Step<Instance>) => void;

/** Declares an effect in `setup({actions})`: named and typed there, executed by whoever hosts the machine. */
export function effect<Params = undefined>() {
  return (_args: unknown, _params: Params): void => {};
}

/** One function for each effect of a machine, so that a machine cannot name one that nobody executes. */
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
 * The effects of a machine, by name and parameters: those of its actions that were declared with {@link effect}. An
 * `assign`, whose parameters nobody declared, is none.
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

/** The one of a union of events that has the type, also where a member of the union stands for several types. */
export type EventOf<Event extends { type: string }, Type extends string> = Event extends unknown
  ? Type extends Event['type']
    ? Omit<Event, 'type'> & { readonly type: Type }
    : never
  : never;

/**
 * The event, as one of the types that can cause an effect. That these are the only ones is known from the chart, and
 * not to TypeScript.
 * @throws when it is another: the chart has changed, and the effect has not
 */
export function eventOf<Event extends { type: string }, const Type extends Event['type']>(
  event: Event,
  ...types: readonly Type[]
): EventOf<Event, Type> {
  assertEvent(event, types as never);
  return event as never;
}
