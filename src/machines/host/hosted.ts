/**
 * What users of a host see: the instances it keeps, the effects it yields, and the steps it reports. Without XState's
 * types: the clients' types name these, and XState's do not pass with `exactOptionalPropertyTypes`.
 */
import type { TimerOwner } from './timer-wheel.ts';

/** The same as XState's type. */
export type StateValue = string | { [state: string]: StateValue | undefined };

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

/** The result of one guard for an event. */
export interface GuardVerdict {
  readonly guard: string;
  readonly params: unknown;
  readonly passed: boolean;
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
