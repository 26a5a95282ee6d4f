/** Turns a state value into the ids of all active states, as charts name them. */
import type { StateValue } from 'xstate';

/** @returns the machine's own id first, and each state after the one that encloses it */
export function activeStateIds(machineId: string, value: StateValue): string[] {
  if (typeof value === 'string') return value === '' ? [machineId] : [machineId, `${machineId}.${value}`];
  const inner = Object.entries(value).flatMap(([key, child]) =>
    activeStateIds(`${machineId}.${key}`, child as StateValue),
  );
  return [machineId, ...inner];
}
