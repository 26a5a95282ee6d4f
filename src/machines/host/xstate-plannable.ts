/**
 * Which machines a host can step by plans (xstate-stepper.ts), and the two things that a plan computes anew for each
 * step: the context after an `assign`, and the length of a delay. Both are read from XState's own definitions.
 */
import type { AnyStateMachine } from 'xstate';
import { stateNodesOf, transitionsFrom } from '../chart/transition-names.ts';

/** What XState passes to an assign or a delay, as far as hosted machines use it. */
export interface StepArgs {
  readonly context: unknown;
  readonly event: unknown;
}

type Resolver = (args: StepArgs, params: undefined) => unknown;

/** `assign(...)`, as XState represents it. */
export interface Assign {
  readonly type: 'xstate.assign';
  readonly assignment: Resolver | { readonly [field: string]: unknown };
}

export function isAssign(action: unknown): action is Assign {
  return typeof action === 'function' && 'type' in action && action.type === 'xstate.assign';
}

/** XState's actions that need actors. */
const REFUSED: ReadonlyMap<string | undefined, string> = new Map([
  ['xstate.spawnChild', 'spawns no actors'],
  ['xstate.sendTo', 'sends to no actors'],
  ['xstate.emit', 'emits nothing'],
]);

/**
 * @throws if the machine uses what a hosted one cannot: child actors, or history states, which are not part of `{value,
 * context}`
 */
export function assertHostable(machine: AnyStateMachine): void {
  for (const node of stateNodesOf(machine.root)) {
    if (node.type === 'history') throw new Error(`${node.id}: a hosted machine has no history states`);
    if (node.invoke.length > 0) throw new Error(`${node.id}: a hosted machine invokes no actors`);
    const ofTransitions = transitionsFrom(node).flatMap((transition) => transition.actions);
    for (const action of [...node.entry, ...node.exit, ...ofTransitions]) {
      const given = action as BuiltIn | NamedAction | string;
      const name = typeof given === 'string' ? given : given.type;
      const made = typeof given === 'function' ? given : machine.implementations.actions[name as string];
      const refusal = REFUSED.get((made as BuiltIn | undefined)?.type);
      if (refusal) throw new Error(`${node.id}: a hosted machine ${refusal}`);
    }
  }
}

/**
 * True if a step's actions follow from its transition and state alone: all are named, none has computed parameters,
 * nothing moves the machine without an event (no `always`), the only built-in actions are assigns and those of `after`,
 * and no transition uses a wildcard. A final child moves its parent on by an event of its own; that step has more than
 * one microstep, which is noticed when it is learnt.
 */
export function isPlannable(machine: AnyStateMachine): boolean {
  const { actions } = machine.implementations;
  const delays = delaysOf(machine);
  const isPlain = (action: unknown): boolean => {
    if (typeof action === 'function') return isOfDelay(action as BuiltIn, delays);
    const { type, params } = typeof action === 'string' ? { type: action } : (action as NamedAction);
    const made = actions[type] as { resolve?: unknown } | undefined;
    return isAssign(made) ? params === undefined : typeof params !== 'function' && !made?.resolve;
  };
  return stateNodesOf(machine.root).every((node) => {
    if (node.always) return false;
    if ([...node.transitions.keys()].some((eventType) => eventType.endsWith('*'))) return false;
    const ofTransitions = transitionsFrom(node).flatMap((transition) => transition.actions);
    const ofInitial = node.type === 'compound' ? node.initial.actions : [];
    return [...node.entry, ...node.exit, ...ofTransitions, ...ofInitial].every(isPlain);
  });
}

/** XState's `raise` and `cancel`, as far as `after` uses them. */
interface BuiltIn {
  readonly type?: string;
  readonly id?: unknown;
  readonly sendId?: unknown;
}

/** Whether an action was added to a state's entry or exit by `after`, rather than written by hand. */
function isOfDelay({ type, id, sendId }: BuiltIn, delays: ReadonlyMap<unknown, unknown>): boolean {
  if (type === 'xstate.cancel') return typeof sendId === 'string';
  return type === 'xstate.raise' && delays.has(id);
}

type NamedAction = { readonly type: string; readonly params?: unknown };

/** The length of each of the machine's delays, by the id that XState gives its timer. */
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
  for (const field in assignment) {
    const value = assignment[field];
    next[field] = typeof value === 'function' ? (value as Resolver)(args, undefined) : value;
  }
  return next;
}
