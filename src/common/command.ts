/** A command of the `pairlane` program: one entry in the table of src/cli.ts. */
import { type Example, helpFor, helpWidth } from './help.ts';
import type { Option, OptionTable, OptionValues } from './option-table.ts';
import { defaultOf } from './option-values.ts';
import { OptionError, type ResolvedOptions, resolveOptions, variablesOf } from './options.ts';
import { printable } from './printable.ts';
import { takePositionals } from './read-flags.ts';

export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly about: string;
  /** The environment variables that it reads. */
  readonly variables: readonly string[];
  /** @returns the process's exit status */
  readonly run: (args: readonly string[]) => Promise<number>;
}

export interface CommandDefinition<Table extends OptionTable> {
  readonly name: string;
  readonly about: string;
  /** More lines about what it does, for its own `--help`. */
  readonly details?: string;
  /** Names of positional arguments, in order, as help shows them. All are required, except a last one in brackets. */
  readonly positionals?: readonly string[];
  readonly options: Table;
  /** Sets of options of which only one counts: that of the command line, or else that of the environment. */
  readonly alternatives?: readonly (readonly (keyof Table & string)[])[];
  /** Titles of the help's sections, each with its options; options without a section come last. */
  readonly groups?: { readonly [title: string]: readonly (keyof Table & string)[] };
  /** Command lines that can be typed as they are, and what they do. */
  readonly examples: readonly Example[];
  /** @returns the process's exit status */
  readonly run: (
    options: OptionValues<Table>,
    positionals: readonly string[],
    resolved: Reading<Table>,
  ) => Promise<number>;
}

/** How the options were read. */
export interface Reading<Table extends OptionTable> extends ResolvedOptions<Table> {
  /**
   * Reads the options again, since files may have changed.
   * @throws {OptionError} with everything that is wrong
   */
  readonly reread: () => OptionValues<Table>;
}

/**
 * Thrown by a command that cannot do what it was asked: the message says why in one line, and how to fix it; the
 * process ends with this status.
 */
export class CommandError extends Error {
  readonly status: number;
  constructor(message: string, status = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.status = status;
  }
}

/** The exit status for a wrong command line, as for most programs. */
const USAGE_STATUS = 2;

/** Makes a command that reads its options, shows its help and reports its errors like all others. */
export function defineCommand<const Table extends OptionTable>(
  definition: CommandDefinition<Table>,
): Command {
  const { name, about, details, positionals = [], options, alternatives = [], groups, examples } = definition;
  const usage = ['pairlane', name, ...positionals, '[options]'].join(' ');
  return {
    name,
    about,
    variables: variablesOf(options),
    async run(args) {
      if (args.includes('--help') || args.includes('-h')) {
        const page = { usage, about: details ?? about, options, groups, examples };
        process.stdout.write(helpFor(page, helpWidth(process.stdout)));
        return 0;
      }
      try {
        const { given, rest } = takePositionals(options, args, positionals.length);
        const missing = positionals[given.length];
        if (missing !== undefined && !missing.startsWith('['))
          throw new OptionError([`${missing}: is missing`]);
        const read = () => resolveOptions(options, rest);
        const resolved = read();
        const values = chooseAlternatives(options, resolved, alternatives);
        return await definition.run(values, given, { ...resolved, reread: () => read().values });
      } catch (error) {
        const isUsage = error instanceof OptionError;
        if (!isUsage && !(error instanceof CommandError)) throw error;
        const problems = isUsage ? error.problems : [error.message];
        const status = isUsage ? USAGE_STATUS : error.status;
        for (const problem of problems) process.stderr.write(`pairlane ${name}: ${printable(problem)}\n`);
        if (status === USAGE_STATUS) process.stderr.write(`Try: pairlane ${name} --help\n`);
        return status;
      }
    },
  };
}

/**
 * Of each set of options, keeps the one that the command line gives, or else the environment; the others get their
 * defaults.
 * @throws {OptionError} if the same place gives two
 */
function chooseAlternatives<Table extends OptionTable>(
  table: Table,
  { values, origins }: ResolvedOptions<Table>,
  sets: readonly (readonly (keyof Table & string)[])[],
): OptionValues<Table> {
  const chosen: Record<string, unknown> = { ...values };
  const problems: string[] = [];
  for (const names of sets) {
    const given = names.filter((name) => origins[name] !== 'default' && !isOff(table[name], values[name]));
    const typed = given.filter((name) => origins[name].startsWith('--'));
    const counting = typed.length > 0 ? typed : given;
    if (counting.length > 1) {
      const named = counting.map((name) => (values[name] === false ? noFlag(origins[name]) : origins[name]));
      problems.push(`${named.join(' and ')}: give one of them`);
    }
    for (const name of given) {
      const option = table[name];
      if (option && !counting.includes(name)) chosen[name] = defaultOf(option);
    }
  }
  if (problems.length > 0) throw new OptionError(problems);
  return chosen as OptionValues<Table>;
}

/** Whether a switch stands as it does without being given: that is no choice. */
function isOff(option: Option | undefined, value: unknown): boolean {
  return option?.kind === 'switch' && value === defaultOf(option);
}

/** `--no-ice` for `--ice`; a variable keeps its name. */
function noFlag(origin: string): string {
  return origin.replace(/^--/, '--no-');
}
