/** Checks options given by a program against the same table as those of a command line. */
import { nearestName } from './nearest-name.ts';
import type { OptionTable } from './option-table.ts';
import { expectation } from './option-values.ts';

/**
 * @param given by key; an undefined value counts as left out
 * @returns a line for each option that is unknown, of the wrong type, or out of range
 */
export function optionProblems(table: OptionTable, given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!option) {
      const meant = nearestName(name, Object.keys(table));
      return [`${name}: no such option${meant ? `; did you mean ${meant}?` : ''}`];
    }
    const expected = expectation(option, value);
    return expected === undefined ? [] : [`${name}: should ${expected}`];
  });
}
