/**
 * A stable name for every transition of a machine: `source --EVENT#index--> target`. The tests' coverage gate, the
 * recorder and the inspector all use these names, so a transition found in one can be looked up in the others.
 *
 * The index counts the source's transitions for the same event. XState's own names for delayed and eventless
 * transitions are not used: they repeat the source, and differ between versions of XState.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { TakenTransition } from '../host/hosted.ts';

/** What triggers a transition. */
export type TriggerKind = 'event' | 'after' | 'always';

export interface Trigger {
  readonly kind: TriggerKind;
  /** The event's type, the delay's name, or empty for `always`. */
  readonly name: string;
}

/** The fields of XState's transition definition that are used here. */
export interface TransitionDefinition extends TakenTransition {
  readonly delay?: unknown;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly reenter: boolean;
  readonly description?: string | undefined;
}

/** All transitions out of a state, in the order of the source. */
export function transitionsFrom(node: AnyStateNode): TransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])] as never;
}

/** All states of a machine, in the order of the source. */
export function stateNodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => stateNodesOf(child as AnyStateNode))];
}

export function triggerOf(transition: TakenTransition & { readonly delay?: unknown }): Trigger {
  if (transition.eventType === '') return { kind: 'always', name: '' };
  if (transition.delay !== undefined) return { kind: 'after', name: String(transition.delay) };
  return { kind: 'event', name: transition.eventType };
}

/** A trigger as people read it: `OFFER_RECEIVED`, `after pingInterval`, `always`. */
export function describeTrigger({ kind, name }: Trigger): string {
  return kind === 'event' ? name : [kind, name].filter(Boolean).join(' ');
}

/** The names of all transitions of a machine by their definitions, which are the same objects as in a host's steps. */
export function nameTransitions(machine: AnyStateMachine): ReadonlyMap<TakenTransition, string> {
  const names = new Map<TakenTransition, string>();
  for (const node of stateNodesOf(machine.root)) {
    const counts = new Map<string, number>();
    for (const transition of transitionsFrom(node)) {
      const trigger = describeTrigger(triggerOf(transition));
      const index = counts.get(trigger) ?? 0;
      counts.set(trigger, index + 1);
      const targets = (transition.target ?? []).map((target) => target.id).join(', ');
      names.set(transition, `${node.id} --${trigger}#${index}-->${targets && ` ${targets}`}`);
    }
  }
  return names;
}
