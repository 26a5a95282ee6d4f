/**
 * A stable name for every transition of a machine: `source --EVENT#index--> target`. The coverage gate of the tests,
 * the recorder and the inspector all speak of transitions by it, so that one can be looked up in the others.
 *
 * The index counts the source's transitions for the same event. XState's own names for delayed and eventless
 * transitions are not part of it: they hold a second copy of the source, and differ between XState's versions.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { TakenTransition } from '../host/hosted.ts';

/** What makes a transition be taken. */
export type TriggerKind = 'event' | 'after' | 'always';

export interface Trigger {
  readonly kind: TriggerKind;
  /** The event's type, the delay's name, or nothing for `always`. */
  readonly name: string;
}

/** A transition as XState defines it, as far as we read it. */
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

/** How people read a trigger: `OFFER_RECEIVED`, `after pingInterval`, `always`. */
export function describeTrigger({ kind, name }: Trigger): string {
  return kind === 'event' ? name : [kind, name].filter(Boolean).join(' ');
}

/** The names of all transitions of a machine by their definition; a host's step and this map hold the same objects. */
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
