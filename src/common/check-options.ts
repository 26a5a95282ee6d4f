/** Options that a program gives, held against the table that a command line is held against. */
import { nearestName } from './nearest-name.ts';
import type { Option, OptionTable } from './option-table.ts';
import { meaning } from './options.ts';

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

/** What the value should be; undefined: what it is. */
function expectation(option: Option, value: unknown): string | undefined {
  switch (option.kind) {
    case 'integer': {
      const isNumber = typeof value === 'number' && Number.isInteger(value);
      const fits = isNumber && ((value >= option.min && value <= option.max) || (value === 0 && option.zero));
      return fits ? undefined : meaning(option);
    }
    case 'switch':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'choice':
      return option.choices.includes(value as string) ? undefined : `one of ${option.choices.join(', ')}`;
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
        ? undefined
        : 'a list of texts';
    case 'text':
      if (typeof value !== 'string') return 'a text';
      return option.isSecret && value === '' ? 'not empty' : undefined;
  }
}
