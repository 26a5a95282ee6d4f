/** The value of an option: from text, as in flags and variables, or with its own type, as in programs and files. */
import type { Option } from './option-table.ts';

/** A value as a command line or the environment has it. */
export type RawValue = string | boolean | readonly string[];

/** Converts a text to the option's value; a problem is added to `problems`, under the name of its source. */
export function convert(option: Option, raw: RawValue, source: string, problems: string[]): unknown {
  switch (option.kind) {
    case 'text':
      // Usually from an unset variable; an empty secret is known to everybody.
      if (option.isSecret && raw === '') problems.push(`${source}: should not be empty`);
      return raw;
    case 'list':
      return raw;
    case 'switch': {
      if (typeof raw === 'boolean') return raw;
      if (['1', 'true', 'yes', 'on'].includes(String(raw))) return true;
      if (['0', 'false', 'no', 'off'].includes(String(raw))) return false;
      problems.push(`${source}: should be true or false`);
      return undefined;
    }
    case 'choice': {
      if (option.choices.includes(String(raw))) return raw;
      problems.push(`${source}: should be one of ${option.choices.join(', ')}`);
      return undefined;
    }
    case 'integer': {
      if (option.zeroWord !== undefined && raw === option.zeroWord) return 0;
      const number = /^-?\d+$/.test(String(raw)) ? Number(raw) : Number.NaN;
      if (number >= option.min && number <= option.max) return number;
      if (number === 0 && option.zero) return number;
      problems.push(`${source}: should be ${meaning(option)}`);
      return undefined;
    }
  }
}

/** What a typed value should be; undefined if it is valid. */
export function expectation(option: Option, value: unknown): string | undefined {
  switch (option.kind) {
    case 'integer': {
      const isNumber = typeof value === 'number' && Number.isInteger(value);
      const fits = isNumber && ((value >= option.min && value <= option.max) || (value === 0 && option.zero));
      return fits || (option.zeroWord !== undefined && value === option.zeroWord)
        ? undefined
        : meaning(option);
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

/** The option's help, with its range. */
export function meaning(option: Option): string {
  if (option.kind !== 'integer') return option.help;
  const { min, max, zero, zeroWord = '0' } = option;
  return `a whole number from ${min} to ${max}${zero ? `, or ${zeroWord} (${zero})` : ''}`;
}
