/**
 * Which transitions an event may take in a state, in the order in which XState checks them: the innermost state's
 * first, then its parent's, up to the machine's. XState looks them up again for every event, node by node, under keys
 * that it builds as strings, which costs more than the rest of a step.
 */
import type { AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import type { TransitionDefinition } from '../chart/transition-names.ts';
import type { TakenTransition } from './hosted.ts';
import type { StepArgs } from './xstate-plannable.ts';

type Guard = (args: StepArgs, params: unknown) => boolean;

/** @typeParam Plan what the stepper knows about the step that takes the transition */
export interface Candidate<Plan> {
  readonly transition: TakenTransition;
  readonly guard: Guard | undefined;
  readonly params: unknown;
  plan: Plan | null | undefined;
}

/**
 * @param value a state of a plannable machine
 * @returns undefined if only XState can tell: two regions may both take the event, or a guard is more than a named
 * function with fixed parameters
 */
export function candidatesOf<Plan>(
  machine: AnyStateMachine,
  value: StateValue,
  eventType: string,
): readonly Candidate<Plan>[] | undefined {
  const transitions = transitionsFor(machine.root, value, eventType);
  const candidates = transitions?.map((transition) => candidateOf<Plan>(machine, transition));
  return candidates?.some((candidate) => !candidate) ? undefined : (candidates as Candidate<Plan>[]);
}

/** The first candidate whose guard passes. */
export function firstPassing<Plan>(
  candidates: readonly Candidate<Plan>[],
  args: StepArgs,
): Candidate<Plan> | undefined {
  for (let next = 0; next < candidates.length; next += 1) {
    const candidate = candidates[next] as Candidate<Plan>;
    if (!candidate.guard || candidate.guard(args, candidate.params)) return candidate;
  }
  return undefined;
}

/**
 * A parent is considered only if none of its children takes the event; parallel regions each take it for themselves.
 */
function transitionsFor(
  node: AnyStateNode,
  value: StateValue,
  eventType: string,
): TransitionDefinition[] | undefined {
  const children = typeof value === 'string' ? { [value]: {} } : value;
  const own = (node.transitions.get(eventType) ?? []) as unknown as TransitionDefinition[];
  let inner: TransitionDefinition[] = [];
  for (const [name, childValue] of Object.entries(children)) {
    const ofChild = transitionsFor(node.states[name] as AnyStateNode, childValue ?? {}, eventType);
    if (!ofChild || (ofChild.length > 0 && inner.length > 0)) return undefined;
    if (ofChild.length > 0) inner = ofChild;
  }
  return [...inner, ...own];
}

function candidateOf<Plan>(
  machine: AnyStateMachine,
  transition: TransitionDefinition,
): Candidate<Plan> | undefined {
  const given = transition.guard as string | { type: string; params?: unknown } | undefined;
  if (given === undefined) return { transition, guard: undefined, params: undefined, plan: undefined };
  const { type, params } = typeof given === 'string' ? { type: given, params: undefined } : given;
  const guard = machine.implementations.guards[type] as unknown;
  // XState's own guards (`and`, `stateIn`, ...) have a `check`, and look at more than context and event.
  if (typeof guard !== 'function' || 'check' in guard || typeof params === 'function') return undefined;
  return { transition, guard: guard as Guard, params, plan: undefined };
}
