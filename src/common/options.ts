/**
 * Options as one typed table a command: each has a flag, an environment variable, a default, a range and a meaning,
 * and help and reading come from the same row. Every error is told at once, in a line each.
 */
import { parseArgs } from 'node:util';
import { nearestName } from './nearest-name.ts';

interface OptionBase<Value> {
  /** What it is for; for a number, with its unit. */
  readonly help: string;
  /** Left out: undefined when it is not given. */
  readonly default?: Value;
  /** Only as a flag: for what must not be set once and for all, such as the key to pair with. */
  readonly isFlagOnly?: boolean;
  /** Not shown by `--help` nor kept in any output. */
  readonly isSecret?: boolean;
}

export interface IntegerOption extends OptionBase<number> {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
  /** What 0 means, where it is not just a small number: for a limit, "no limit". */
  readonly zero?: string;
}
export interface TextOption extends OptionBase<string> {
  readonly kind: 'text';
  /** What the value is, as help shows it: `HOST`, `KEY`. */
  readonly value: string;
}
export interface ChoiceOption extends OptionBase<string> {
  readonly kind: 'choice';
  readonly choices: readonly string[];
}
export interface SwitchOption extends OptionBase<boolean> {
  readonly kind: 'switch';
}
/** May be given more than once; in the environment the values stand with commas between. */
export interface ListOption extends OptionBase<readonly string[]> {
  readonly kind: 'list';
  readonly value: string;
}
export type Option = IntegerOption | TextOption | ChoiceOption | SwitchOption | ListOption;

/** A command's options: the key is the flag's name, in camel case. */
export type OptionTable = { readonly [name: string]: Option };

type ValueOf<O extends Option> = O extends IntegerOption
  ? number
  : O extends SwitchOption
    ? boolean
    : O extends ListOption
      ? readonly string[]
      : O extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string;

/** The values that a table's options have; undefined is possible only where there is no default. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly default: unknown }
    ? ValueOf<Table[Name]>
    : Table[Name] extends SwitchOption
      ? boolean
      : ValueOf<Table[Name]> | undefined;
};

/** The command line, or the environment, does not fit the table: one line for each thing that is wrong. */
export class OptionError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'OptionError';
    this.problems = problems;
  }
}

/**
 * Reads a command's options: a flag wins over its environment variable, that over the default.
 * @throws {OptionError} with everything that is wrong
 */
export function readOptions<const Table extends OptionTable>(
  table: Table,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): OptionValues<Table> {
  const problems: string[] = [];
  const flags = readFlags(table, args, problems);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const variable = variableName(name);
    const fromEnv = option.isFlagOnly ? undefined : env[variable];
    const [source, text] = flags.has(name)
      ? [`--${flagName(name)}`, flags.get(name)]
      : [variable, fromEnv === undefined || fromEnv === '' ? undefined : envValue(option, fromEnv)];
    if (text === undefined) values[name] = option.default ?? (option.kind === 'switch' ? false : undefined);
    else values[name] = convert(option, text, source, problems);
  }
  if (problems.length > 0) throw new OptionError(problems);
  return values as OptionValues<Table>;
}

type RawValue = string | boolean | readonly string[];

function readFlags(table: OptionTable, args: readonly string[], problems: string[]): Map<string, RawValue> {
  const names = new Map(Object.keys(table).map((name) => [flagName(name), name]));
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { kind }]) => [
      flagName(name),
      { type: kind === 'switch' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
  } as Parameters<typeof parseArgs>[0] & { tokens: true });
  const flags = new Map<string, RawValue>();
  let unknownAt = -2;
  for (const token of tokens) {
    // What follows an unknown option is its value, and no second mistake.
    if (token.kind === 'positional' && token.index !== unknownAt + 1) {
      problems.push(`${token.value}: an argument that is not expected`);
    }
    if (token.kind !== 'option') continue;
    const isNegated = !names.has(token.name) && token.name.startsWith('no-');
    const name = names.get(isNegated ? token.name.slice(3) : token.name);
    const option = name === undefined ? undefined : table[name];
    if (name === undefined || !option || (isNegated && option.kind !== 'switch')) {
      problems.push(`--${token.name}: no such option${suggestion(token.name, [...names.keys()])}`);
      unknownAt = token.index;
    } else if (option.kind === 'switch') {
      flags.set(name, token.value ?? !isNegated);
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      problems.push(`--${token.name}: a value is missing (${meaning(option)})`);
    } else if (option.kind === 'list') {
      flags.set(name, [...((flags.get(name) as readonly string[] | undefined) ?? []), token.value]);
    } else flags.set(name, token.value);
  }
  return flags;
}

function envValue(option: Option, text: string): RawValue {
  return option.kind === 'list' ? text.split(',').map((item) => item.trim()) : text;
}

function convert(option: Option, raw: RawValue, source: string, problems: string[]): unknown {
  switch (option.kind) {
    case 'text':
      // From a variable that is not set. Everybody knows that one.
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
      const number = /^-?\d+$/.test(String(raw)) ? Number(raw) : Number.NaN;
      if (number >= option.min && number <= option.max) return number;
      if (number === 0 && option.zero) return number;
      problems.push(`${source}: should be ${meaning(option)}`);
      return undefined;
    }
  }
}

/** A page of help: name, default and meaning of each option. */
export function helpFor(usage: string, about: string, table: OptionTable): string {
  const rows = Object.entries(table).map(([name, option]) => {
    const flag =
      option.kind === 'switch' ? `--[no-]${flagName(name)}` : `--${flagName(name)} ${valueName(option)}`;
    const notes = [
      option.default !== undefined && String(option.default) !== '' && !option.isSecret
        ? `default ${option.default}`
        : '',
      option.kind === 'integer' && option.zero ? `0: ${option.zero}` : '',
      option.kind === 'choice' ? option.choices.join(', ') : '',
      option.isFlagOnly ? '' : variableName(name),
    ].filter(Boolean);
    return { flag, text: `${option.help}${notes.length > 0 ? ` [${notes.join('; ')}]` : ''}` };
  });
  const width = Math.max(...rows.map((row) => row.flag.length), '--help'.length) + 2;
  const lines = [...rows, { flag: '--help', text: 'Show this.' }].map(
    ({ flag, text }) => `  ${flag.padEnd(width)}${text}`,
  );
  return `Usage: ${usage}\n\n${about}\n\nOptions:\n${lines.join('\n')}\n`;
}

function meaning(option: Option): string {
  if (option.kind !== 'integer') return option.help;
  return `a whole number from ${option.min} to ${option.max}${option.zero ? `, or 0 (${option.zero})` : ''}`;
}

function valueName(option: Option): string {
  return option.kind === 'integer'
    ? 'N'
    : option.kind === 'choice'
      ? 'NAME'
      : 'value' in option
        ? option.value
        : '';
}

/** The flag, without its dashes, of the option of this key. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The environment variable of the option of this key. */
export function variableName(name: string): string {
  return `PAIRLANE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function suggestion(given: string, known: readonly string[]): string {
  const name = nearestName(given, known);
  return name === undefined ? '' : `; did you mean --${name}?`;
}
