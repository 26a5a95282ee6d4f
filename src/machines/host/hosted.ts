/** What those who use a host see of it: the session it keeps, the effects it yields, the steps it tells of. */
import type { StateValue } from 'xstate';
import type { GuardVerdict } from './explain-ignored.ts';
import type { TimerOwner } from './timer-wheel.ts';

/** What is kept for each session of a machine; the shell puts its own things (a socket) beside it in a subclass. */
export class Hosted<Context> implements TimerOwner {
  value: StateValue = '';
  context = undefined as Context;
  /** True once a final state is reached: no event has an effect any more. */
  isDone = false;
  timer = -1;
}

/** An action that a step yielded, for the shell to execute. */
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

/** One function for each effect of a machine, so that a machine cannot name one that nobody executes. */
export type Executors<Effects, Instance, Event> = {
  readonly [Name in keyof Effects]: (
    instance: Instance,
    event: Event,
    params: ParamsOf<Effects[Name]>,
  ) => void;
};

/** Declares an effect in `setup({actions})`: named and typed there, executed by the shell. */
export function effect<Params = undefined>() {
  return (_args: unknown, _params: Params): void => {};
}

type ParamsOf<Declared> = Declared extends (args: never, params: infer Params) => void ? Params : never;
