/**
 * Which machines a host may step by plans (see host.ts), and the two things that a plan works out anew for each step:
 * what an `assign` makes of the context, and how long a delay is. Both read XState's own definitions.
 */
import type { AnyStateMachine } from 'xstate';
import { stateNodesOf, transitionsFrom } from '../chart/transition-names.ts';

/** What XState hands to an assign or a delay, as far as hosted machines use it. */
export interface StepArgs {
  readonly context: unknown;
  readonly event: unknown;
}

type Resolver = (args: StepArgs, params: undefined) => unknown;

/** `assign(...)`, as XState keeps it. */
export interface Assign {
  readonly type: 'xstate.assign';
  readonly assignment: Resolver | { readonly [field: string]: unknown };
}

/** The built-in actions that `after` puts into a state's entry and exit. */
const OF_DELAYS = ['xstate.raise', 'xstate.cancel'];

export function isAssign(action: unknown): action is Assign {
  return typeof action === 'function' && 'type' in action && action.type === 'xstate.assign';
}

/**
 * True when a step's actions follow from its transition and state alone: all are named, none has computed parameters,
 * and nothing but the event moves the machine (no `always`, no history, no built-in action but assign and delays),
 * which is known by its whole name (no wildcard).
 */
export function isPlannable(machine: AnyStateMachine): boolean {
  const { actions } = machine.implementations;
  const isPlain = (action: unknown): boolean => {
    if (typeof action === 'function') return OF_DELAYS.includes((action as { type?: string }).type ?? '');
    const { type, params } = typeof action === 'string' ? { type: action } : (action as NamedAction);
    const made = actions[type] as { resolve?: unknown } | undefined;
    return isAssign(made) ? params === undefined : typeof params !== 'function' && !made?.resolve;
  };
  return stateNodesOf(machine.root).every((node) => {
    if (node.type === 'history' || node.always || node.config.invoke) return false;
    if ([...node.transitions.keys()].some((eventType) => eventType.endsWith('*'))) return false;
    const ofTransitions = transitionsFrom(node).flatMap((transition) => transition.actions);
    const ofInitial = node.type === 'compound' ? node.initial.actions : [];
    return [...node.entry, ...node.exit, ...ofTransitions, ...ofInitial].every(isPlain);
  });
}

type NamedAction = { readonly type: string; readonly params?: unknown };

/** How long each delay of the machine is, by the id that XState gives its timer. */
export function delaysOf(machine: AnyStateMachine): ReadonlyMap<string, (args: StepArgs) => number> {
  const delays = new Map<string, (args: StepArgs) => number>();
  for (const { eventType, delay } of stateNodesOf(machine.root).flatMap(transitionsFrom)) {
    if (delay === undefined) continue;
    const given =
      typeof delay === 'string' ? (machine.implementations.delays[delay] ?? Number(delay)) : delay;
    const length = (args: StepArgs) =>
      typeof given === 'function' ? (given as Resolver)(args, undefined) : given;
    delays.set(eventType, length as (args: StepArgs) => number);
  }
  return delays;
}

/** The context after an assign. */
export function assigned({ assignment }: Assign, args: StepArgs): unknown {
  if (typeof assignment === 'function')
    return { ...(args.context as object), ...(assignment(args, undefined) as object) };
  const next: Record<string, unknown> = { ...(args.context as object) };
  for (const [field, value] of Object.entries(assignment))
    next[field] = typeof value === 'function' ? (value as Resolver)(args, undefined) : value;
  return next;
}
