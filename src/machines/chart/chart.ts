/**
 * A machine as plain data, from which charts are drawn and which the page is sent. XState's own `toDirectedGraph`
 * leaves out `always`, guards and actions, and its `toJSON` the names of delays.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { nameTransitions, type Trigger, transitionsFrom, triggerOf } from './transition-names.ts';

export interface Chart {
  readonly machine: string;
  readonly root: ChartState;
}

export interface ChartState {
  readonly id: string;
  readonly key: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly description: string;
  /** The id of a compound state's initial state. */
  readonly initial: string | undefined;
  readonly entry: readonly ChartCall[];
  readonly exit: readonly ChartCall[];
  readonly transitions: readonly ChartTransition[];
  readonly states: readonly ChartState[];
}

export interface ChartTransition {
  /** See transition-name.ts. */
  readonly name: string;
  readonly source: string;
  /** Ids of states; none if the transition has no target. */
  readonly targets: readonly string[];
  readonly trigger: Trigger;
  readonly guard: ChartCall | undefined;
  readonly actions: readonly ChartCall[];
  readonly reenters: boolean;
  readonly description: string;
}

/** A named action or guard with its parameters; computed parameters are not part of a chart. */
export interface ChartCall {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>> | undefined;
}

/** Extracts the chart of a machine. */
export function chartOf(machine: AnyStateMachine): Chart {
  const names = nameTransitions(machine);
  const read = (node: AnyStateNode): ChartState => ({
    id: node.id,
    key: node.key,
    kind: node.type,
    description: node.description ?? '',
    initial: node.type === 'compound' ? node.initial.target[0]?.id : undefined,
    entry: callsOf(node.entry),
    exit: callsOf(node.exit),
    transitions: transitionsFrom(node).map((transition) => ({
      name: names.get(transition) as string,
      source: node.id,
      targets: (transition.target ?? []).map((target) => target.id),
      trigger: triggerOf(transition),
      guard: transition.guard === undefined ? undefined : callOf(transition.guard),
      actions: callsOf(transition.actions),
      reenters: transition.reenter,
      description: transition.description ?? '',
    })),
    states: Object.values(node.states).map((child) => read(child as AnyStateNode)),
  });
  return { machine: machine.id, root: read(machine.root) };
}

/** A chart's state and all states within it, in the order of the source. */
export function statesOf(state: ChartState): ChartState[] {
  return [state, ...state.states.flatMap(statesOf)];
}

/** A call as people read it: `refuse(no_offer)`. */
export function describeCall({ name, params }: ChartCall): string {
  if (!params) return name;
  const values = Object.values(params).map((value) =>
    typeof value === 'string' ? value : JSON.stringify(value),
  );
  return `${name}(${values.join(', ')})`;
}

/** XState's own actions are left out: they arm and disarm the delays that the chart already shows. */
function callsOf(actions: readonly unknown[]): ChartCall[] {
  return actions.map(callOf).filter((call) => !call.name.startsWith('xstate.'));
}

interface Combined {
  readonly name: string;
  readonly type?: string;
  readonly guards?: readonly unknown[];
}

function callOf(action: unknown): ChartCall {
  if (typeof action === 'string') return { name: action, params: undefined };
  if (typeof action === 'function') {
    const { name, type, guards } = action as unknown as Combined;
    return { name: guards ? combine(name, guards) : (type ?? name), params: undefined };
  }
  const { type, params } = action as { type: string; params?: unknown };
  return {
    name: type,
    params: typeof params === 'object' && params !== null ? (params as Record<string, unknown>) : undefined,
  };
}

/** XState's guards `not`, `and` and `or` are functions of these names that hold the combined guards. */
function combine(operator: string, guards: readonly unknown[]): string {
  const texts = guards.map((guard) => describeCall(callOf(guard)));
  return operator === 'not' ? `not ${texts.join('')}` : texts.join(` ${operator} `);
}

/** A fingerprint of a chart that changes when the machine does (FNV-1a, 32 bits; nothing secret depends on it). */
export function chartVersion(chart: Chart): string {
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(chart)) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
