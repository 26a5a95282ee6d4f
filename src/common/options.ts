/**
 * Options as one typed table a command: each has a flag, an environment variable, a default, a range and a meaning,
 * and help and reading come from the same row. Every error is told at once, in a line each.
 */
import { parseArgs } from 'node:util';
import { nearestName } from './nearest-name.ts';
import { flagName, VARIABLE_PREFIX, variableName } from './option-names.ts';
import type { Option, OptionTable, OptionValues } from './option-table.ts';
import { fileKeyOf, isReadFromFiles, readSecretFile, withSecretFiles } from './secret-files.ts';

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
  const rows = withSecretFiles(table);
  const flags = readFlags(rows, args, problems);
  const find = (name: string) => found(rows[name] as Option, name, flags, env);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const given = isReadFromFiles(option)
      ? secretOf(find(name), find(fileKeyOf(name)), problems)
      : find(name);
    values[name] = given
      ? convert(option, given.text, given.source, problems)
      : (option.default ?? (option.kind === 'switch' ? false : undefined));
  }
  if (problems.length > 0) throw new OptionError(problems);
  return values as OptionValues<Table>;
}

/** The variables of these options that are read. */
export function variablesOf(table: OptionTable): string[] {
  return Object.entries(withSecretFiles(table))
    .filter(([, { isFlagOnly }]) => !isFlagOnly)
    .map(([name]) => variableName(name));
}

/** A line for each variable that looks like one of ours, and is none: most likely it is misspelled. */
export function unknownVariables(known: readonly string[], env: NodeJS.ProcessEnv = process.env): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !known.includes(name))
    .map((name) => {
      const meant = nearestName(
        name.slice(VARIABLE_PREFIX.length),
        known.map((one) => one.slice(VARIABLE_PREFIX.length)),
      );
      return `${name}: no such variable${meant ? `; did you mean ${VARIABLE_PREFIX}${meant}?` : ''}`;
    });
}

/** What somebody gave for an option, and where. */
interface Given {
  readonly source: string;
  readonly text: RawValue;
  readonly isFlag: boolean;
}

function found(
  option: Option,
  name: string,
  flags: ReadonlyMap<string, RawValue>,
  env: NodeJS.ProcessEnv,
): Given | undefined {
  const flag = flags.get(name);
  if (flag !== undefined) return { source: `--${flagName(name)}`, text: flag, isFlag: true };
  const source = variableName(name);
  const text = option.isFlagOnly ? undefined : env[source];
  // An empty variable is one that is not set.
  return text === undefined || text === ''
    ? undefined
    : { source, text: envValue(option, text), isFlag: false };
}

function secretOf(
  direct: Given | undefined,
  inFile: Given | undefined,
  problems: string[],
): Given | undefined {
  if (!inFile || (direct?.isFlag && !inFile.isFlag)) return direct;
  if (direct && direct.isFlag === inFile.isFlag) {
    problems.push(`${direct.source} and ${inFile.source}: give one of them`);
    return undefined;
  }
  try {
    return { ...inFile, text: readSecretFile(String(inFile.text)) };
  } catch (error) {
    problems.push(`${inFile.source}: ${(error as Error).message}`);
    return undefined;
  }
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
      const meant = nearestName(token.name, [...names.keys()]);
      problems.push(`--${token.name}: no such option${meant ? `; did you mean --${meant}?` : ''}`);
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
  const rows = Object.entries(withSecretFiles(table)).map(([name, option]) => {
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

/** What a value of the option has to be. */
export function meaning(option: Option): string {
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
