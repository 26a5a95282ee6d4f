/** The value of an option: from text, as in flags and variables, or with its own type, as in programs and files. */
import type { ListOption, Option, TextOption } from './option-table.ts';

/** A value as a command line or the environment has it. */
export type RawValue = string | boolean | readonly string[];

/** The value of an option that is not given. */
export function defaultOf(option: Option): unknown {
  return option.default ?? (option.kind === 'switch' ? false : undefined);
}

/** Converts a text to the option's value; a problem is added to `problems`, under the name of its source. */
export function convert(option: Option, raw: RawValue, source: string, problems: string[]): unknown {
  switch (option.kind) {
    case 'text':
    case 'list': {
      // An empty secret is usually from an unset variable, and known to everybody.
      const expected = expectation(option, raw);
      if (expected !== undefined) problems.push(`${source}: should ${expected}`);
      return raw;
    }
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

/** What a typed value should be, such as "be a text"; undefined if it is valid. */
export function expectation(option: Option, value: unknown): string | undefined {
  switch (option.kind) {
    case 'integer': {
      const isNumber = typeof value === 'number' && Number.isInteger(value);
      const isIn = isNumber && ((value >= option.min && value <= option.max) || (value === 0 && option.zero));
      return isIn || (option.zeroWord !== undefined && value === option.zeroWord)
        ? undefined
        : `be ${meaning(option)}`;
    }
    case 'switch':
      return typeof value === 'boolean' ? undefined : 'be true or false';
    case 'choice':
      return option.choices.includes(value as string) ? undefined : `be one of ${option.choices.join(', ')}`;
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
        ? likeness(option, value)
        : 'be a list of texts';
    case 'text':
      if (typeof value !== 'string') return 'be a text';
      return option.isSecret && value === '' ? 'not be empty' : likeness(option, [value]);
  }
}

function likeness({ format }: TextOption | ListOption, texts: readonly string[]): string | undefined {
  return format === undefined || texts.every((text) => format.fits(text))
    ? undefined
    : `look like ${format.example}`;
}

/** The option's help, with its range. */
export function meaning(option: Option): string {
  if (option.kind !== 'integer') return option.help;
  const { min, max, zero, zeroWord = '0' } = option;
  return `a whole number from ${min} to ${max}${zero ? `, or ${zeroWord} (${zero})` : ''}`;
}
