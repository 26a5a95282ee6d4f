/** Parses a command line's flags according to a command's table of options. */
import { parseArgs } from 'node:util';
import { nearestName } from './nearest-name.ts';
import { flagName } from './option-names.ts';
import type { OptionTable } from './option-table.ts';
import { meaning, type RawValue } from './option-values.ts';

function tokensOf(table: OptionTable, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { kind }]) => [
      flagName(name),
      { type: kind === 'switch' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens;
}

/**
 * Takes the first arguments that belong to no flag, wherever they stand.
 * @param most how many the command has
 */
export function takePositionals(table: OptionTable, args: readonly string[], most: number) {
  const names = new Set(Object.keys(table).map(flagName));
  let unknownAt = -2;
  const places: number[] = [];
  for (const token of tokensOf(table, args)) {
    if (token.kind === 'positional' && token.index !== unknownAt + 1) places.push(token.index);
    if (token.kind === 'option' && !names.has(token.name.replace(/^no-/, ''))) unknownAt = token.index;
  }
  places.splice(most);
  return {
    given: places.map((place) => args[place] as string),
    rest: args.filter((_, place) => !places.includes(place)),
  };
}

/** @returns what was given, by option key; a line for each wrong argument is added to `problems` */
export function readFlags(
  table: OptionTable,
  args: readonly string[],
  problems: string[],
): Map<string, RawValue> {
  const names = new Map(Object.keys(table).map((name) => [flagName(name), name]));
  const flags = new Map<string, RawValue>();
  let unknownAt = -2;
  for (const token of tokensOf(table, args)) {
    // What follows an unknown option is its value, and not a second mistake.
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
    } else if (flags.has(name) && option.kind !== 'list') {
      const problem = `--${flagName(name)}: given more than once`;
      if (!problems.includes(problem)) problems.push(problem);
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
