/**
 * Explains why an event had no effect, which XState does not say: evaluates the guards of every transition that the
 * event could have taken in the present state, and reports their results.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, getNextTransitions } from 'xstate';
import type { GuardVerdict } from './hosted.ts';

/** The guards of every transition that the event could have taken; empty if the state has no transition for it. */
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
