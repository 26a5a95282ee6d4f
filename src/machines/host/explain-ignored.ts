/**
 * Why did my event do nothing? XState does not say. This asks every transition that the event could have taken in
 * the present state for its guard, and reports what each one said.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, getNextTransitions } from 'xstate';

/** What one guard said of an event. */
export interface GuardVerdict {
  readonly guard: string;
  readonly params: unknown;
  readonly passed: boolean;
}

/** The guards of every transition that the event could have taken; empty when the state has none for it. */
export function explainIgnored(snapshot: AnyMachineSnapshot, event: { type: string }): GuardVerdict[] {
  const machine = snapshot.machine as AnyStateMachine;
  const verdicts: GuardVerdict[] = [];
  for (const transition of getNextTransitions(snapshot)) {
    if (transition.eventType !== event.type || !transition.guard) continue;
    const guard = transition.guard as string | { type: string; params?: unknown };
    const name = typeof guard === 'string' ? guard : guard.type;
    const args = { context: snapshot.context, event };
    const given = typeof guard === 'string' ? undefined : guard.params;
    const params = typeof given === 'function' ? given(args) : given;
    const predicate = machine.implementations.guards[name] as
      | ((args: object, params: unknown) => boolean)
      | undefined;
    verdicts.push({ guard: name, params, passed: predicate?.(args, params) ?? false });
  }
  return verdicts;
}
