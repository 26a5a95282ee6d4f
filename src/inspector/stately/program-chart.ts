/** The chart of a machine whose definition a program sent. */
import { createMachine } from 'xstate';
import { type Chart, chartOf } from '../../machines/index.ts';

/** A machine with a longer definition, in characters, is shown without its chart. */
export const MAX_DEFINITION_CHARS = 512 * 1024;

export type ProgramChart = { readonly chart: Chart } | { readonly problem: string };

/** @param definition the argument of `createMachine`, as JSON */
export function chartFrom(definition: string | undefined): ProgramChart {
  if (definition === undefined) return { problem: 'It is no machine.' };
  if (definition.length > MAX_DEFINITION_CHARS) return { problem: 'Its definition is too large to draw.' };
  try {
    const config = JSON.parse(definition);
    // In the messages of Stately's client, an actor that is not a machine has only a name.
    if (config === null || typeof config !== 'object' || !('states' in config || 'on' in config))
      return { problem: 'It is no machine.' };
    return { chart: chartOf(createMachine(config)) };
  } catch (error) {
    return { problem: `Its definition could not be read: ${(error as Error).message}` };
  }
}
