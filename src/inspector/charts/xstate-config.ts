/**
 * A chart as the code that defines it, without the implementations of its actions and guards: what Stately's editor
 * imports, and what `createMachine` takes.
 */
import type { Chart, ChartCall, ChartState, ChartTransition } from '../../machines/index.ts';

export function xstateOf(chart: Chart): string {
  const config = JSON.stringify(configOf(chart), null, 2);
  return `import { createMachine } from 'xstate';\n\nexport const machine = createMachine(${config});\n`;
}

/** The argument of `createMachine`. */
export function configOf({ machine, root }: Chart): object {
  return { id: machine, ...stateConfig(root, root.id) };
}

/** @param usualId the id that the state has if none is given */
function stateConfig(state: ChartState, usualId: string): object {
  const { kind, description, initial, states, entry, exit, transitions } = state;
  const of = (trigger: ChartTransition['trigger']['kind']) =>
    transitions.filter((transition) => transition.trigger.kind === trigger);
  const always = of('always').map(transitionConfig);
  const first = states.find(({ id }) => id === initial);
  return {
    ...(state.id !== usualId && { id: state.id }),
    ...(description !== '' && { description }),
    ...(kind !== 'atomic' && kind !== 'compound' && { type: kind }),
    ...(first && { initial: first.key }),
    ...(entry.length > 0 && { entry: entry.map(callConfig) }),
    ...(exit.length > 0 && { exit: exit.map(callConfig) }),
    ...byTrigger('on', of('event')),
    ...byTrigger('after', of('after')),
    ...(always.length > 0 && { always }),
    ...(states.length > 0 && {
      states: Object.fromEntries(
        states.map((child) => [child.key, stateConfig(child, `${usualId}.${child.key}`)]),
      ),
    }),
  };
}

function byTrigger(field: 'on' | 'after', transitions: readonly ChartTransition[]): object {
  const names = [...new Set(transitions.map(({ trigger }) => trigger.name))];
  const configsOf = (name: string) =>
    transitions.filter(({ trigger }) => trigger.name === name).map(transitionConfig);
  return names.length === 0
    ? {}
    : { [field]: Object.fromEntries(names.map((name) => [name, configsOf(name)])) };
}

function transitionConfig({ targets, guard, actions, reenters, description }: ChartTransition): object {
  const ids = targets.map((id) => `#${id}`);
  return {
    ...(ids.length > 0 && { target: ids.length === 1 ? ids[0] : ids }),
    ...(guard && { guard: callConfig(guard) }),
    ...(actions.length > 0 && { actions: actions.map(callConfig) }),
    ...(reenters && { reenter: true }),
    ...(description !== '' && { description }),
  };
}

const callConfig = ({ name, params }: ChartCall) => (params ? { type: name, params } : name);
