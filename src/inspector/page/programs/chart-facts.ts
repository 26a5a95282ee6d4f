/** Marks in a machine's chart for a step: the active states and the transitions taken. */
import { type ChartState, statesOf } from '../../../machines/chart/chart.ts';
import type { ShownStep } from '../../stately/program-messages.ts';

/** The ids of the active states, the machine's own first; a state may have a custom id. */
export function activeIdsIn(root: ChartState, value: unknown): string[] {
  const childOf = (key: string) => root.states.find((state) => state.key === key);
  if (typeof value === 'string') {
    const child = childOf(value);
    return [root.id, ...(child ? [child.id] : [])];
  }
  if (typeof value !== 'object' || value === null) return [root.id];
  const inner = Object.entries(value).flatMap(([key, part]) => {
    const child = childOf(key);
    return child ? activeIdsIn(child, part) : [];
  });
  return [root.id, ...inner];
}

/**
 * The names of the transitions that a step took: those named by the program, otherwise the only one that fits.
 * @param before the ids of the states that were active
 */
export function takenIn(
  root: ChartState,
  { event, taken }: ShownStep,
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  if (taken) return taken;
  if (!event) return [];
  const isTriggered = (kind: string, name: string, source: string) =>
    kind === 'after' ? event.type === `xstate.after.${name}.${source}` : name === event.type;
  const fitting = statesOf(root)
    .filter(({ id }) => before.includes(id))
    .flatMap(({ transitions }) => transitions)
    .filter(({ trigger, source }) => isTriggered(trigger.kind, trigger.name, source))
    .filter(({ targets }) => targets.length > 0 && targets.every((target) => after.includes(target)));
  const [only] = fitting;
  return only && fitting.length === 1 ? [only.name] : [];
}
