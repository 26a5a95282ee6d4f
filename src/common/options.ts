/**
 * Options as one typed table per command: each has a flag, an environment variable, a key in a file, a default, a range
 * and a description, and the same row is used for help and for reading. All errors are reported at once, one line each.
 */
import { basename } from 'node:path';
import { readConfigFile } from './config-file.ts';
import { nearestName } from './nearest-name.ts';
import { flagName, VARIABLE_PREFIX, variableName } from './option-names.ts';
import type { Option, OptionTable, OptionValues } from './option-table.ts';
import { convert, defaultOf, type RawValue } from './option-values.ts';
import { readFlags } from './read-flags.ts';
import { fileKeyOf, isReadFromFiles, readSecretFile, withSecretFiles } from './secret-files.ts';

/** The command line, the environment or the file does not match the table: one line per problem. */
export class OptionError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'OptionError';
    this.problems = problems;
  }
}

/** Where an option's value came from: `--port`, `PAIRLANE_PORT`, `pairlane.toml`, or `default`. */
export type Origins<Table extends OptionTable> = { readonly [Name in keyof Table]: string };

export interface ResolvedOptions<Table extends OptionTable> {
  readonly values: OptionValues<Table>;
  readonly origins: Origins<Table>;
}

/**
 * Reads a command's options: a flag takes precedence over its environment variable, the variable over the file, and the
 * file over the default.
 * @throws {OptionError} with everything that is wrong
 */
export function resolveOptions<const Table extends OptionTable>(
  table: Table,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): ResolvedOptions<Table> {
  const problems: string[] = [];
  const rows = withSecretFiles(table);
  const sources = sourcesOf(rows, readFlags(rows, args, problems), env, problems);
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [name, option] of Object.entries(table)) {
    const given = isReadFromFiles(option) ? findSecret(sources, name, problems) : findFirst(sources, name);
    origins[name] = given?.origin ?? 'default';
    values[name] = given ? given.read(option, problems) : defaultOf(option);
  }
  if (problems.length > 0) throw new OptionError(problems);
  return { values: values as OptionValues<Table>, origins: origins as Origins<Table> };
}

/**
 * The values alone; see {@link resolveOptions}.
 * @throws {OptionError} with everything that is wrong
 */
export function readOptions<const Table extends OptionTable>(
  table: Table,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): OptionValues<Table> {
  return resolveOptions(table, args, env).values;
}

/** The environment variables that are read for these options. */
export function variablesOf(table: OptionTable): string[] {
  return Object.entries(withSecretFiles(table))
    .filter(([, { isFlagOnly }]) => !isFlagOnly)
    .map(([name]) => variableName(name));
}

/** A line for each variable that looks like one of ours but is not: it is probably misspelt. */
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

/** A value that was given for an option, and where. */
interface Given {
  /** Its name in errors. */
  readonly source: string;
  readonly origin: string;
  readonly read: (option: Option, problems: string[]) => unknown;
}

/** A place where options are given, by key. The first source with a value wins. */
type Source = (name: string) => Given | undefined;

function sourcesOf(
  rows: OptionTable,
  flags: ReadonlyMap<string, RawValue>,
  env: NodeJS.ProcessEnv,
  problems: string[],
): readonly Source[] {
  const direct: Source[] = [(name) => flagGiven(name, flags), (name) => variableGiven(name, rows, env)];
  const name = Object.keys(rows).find((each) => rows[each]?.isConfigFile);
  const file = name === undefined ? undefined : findFirst(direct, name)?.read(rows[name] as Option, problems);
  if (file === undefined) return direct;
  const inFile = readConfigFile(rows, String(file), problems);
  const origin = basename(String(file));
  return [
    ...direct,
    (key) =>
      inFile.has(key)
        ? { source: `${origin}: ${flagName(key)}`, origin, read: () => inFile.get(key) }
        : undefined,
  ];
}

function flagGiven(name: string, flags: ReadonlyMap<string, RawValue>): Given | undefined {
  const text = flags.get(name);
  return text === undefined ? undefined : textGiven(`--${flagName(name)}`, text);
}

function variableGiven(name: string, rows: OptionTable, env: NodeJS.ProcessEnv): Given | undefined {
  const option = rows[name];
  const source = variableName(name);
  const text = option?.isFlagOnly ? undefined : env[source];
  // An empty variable counts as unset.
  if (text === undefined || text === '') return undefined;
  return textGiven(source, option?.kind === 'list' ? text.split(',').map((item) => item.trim()) : text);
}

function textGiven(source: string, text: RawValue): Given {
  const read = (option: Option, problems: string[]) => convert(option, text, source, problems);
  return { source, origin: source, read };
}

function findFirst(sources: readonly Source[], name: string): Given | undefined {
  return sources.map((source) => source(name)).find((given) => given !== undefined);
}

/** A secret itself, or the file that contains it: each source may give only one of them. */
function findSecret(sources: readonly Source[], name: string, problems: string[]): Given | undefined {
  for (const source of sources) {
    const [direct, inFile] = [source(name), source(fileKeyOf(name))];
    if (direct && inFile) {
      problems.push(`${direct.source} and ${inFile.source}: give one of them`);
      return undefined;
    }
    if (inFile) return secretGiven(inFile);
    if (direct) return direct;
  }
  return undefined;
}

function secretGiven(file: Given): Given {
  return {
    ...file,
    read(option, problems) {
      try {
        return readSecretFile(String(file.read({ ...option, isSecret: false }, problems)));
      } catch (error) {
        problems.push(`${file.source}: ${(error as Error).message}`);
        return undefined;
      }
    },
  };
}
