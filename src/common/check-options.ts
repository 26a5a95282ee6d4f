/** Options that a program gives, held against the table that a command line is held against. */
import { nearestName } from './nearest-name.ts';
import type { OptionTable } from './option-table.ts';
import { expectation } from './option-values.ts';

/**
 * @param given by key; one that is undefined is left out
 * @returns a line for each that is unknown, of another type, or out of range
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
    return expected === undefined ? [] : [`${name}: should be ${expected}`];
  });
}
