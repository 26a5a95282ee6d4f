/**
 * A command's help page, made from its table of options: in sections, wrapped to the terminal's width, with examples.
 */
import { flagName, variableName } from './option-names.ts';
import type { Option, OptionTable } from './option-table.ts';
import { fileKeyOf, withSecretFiles } from './secret-files.ts';
import { wrap } from './wrap-text.ts';

/** A command line, and what it does. */
export type Example = readonly [command: string, about: string];

export interface HelpPage {
  /** `pairlane serve [options]` */
  readonly usage: string;
  readonly about: string;
  readonly options: OptionTable;
  /** Titles, each with the names of its options; options without a section come last. */
  readonly groups?: { readonly [title: string]: readonly string[] } | undefined;
  readonly examples?: readonly Example[] | undefined;
}

/** Longer lines are hard to read, however wide the terminal is. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 40;
/** A longer flag gets a line of its own, with its description below. */
const MAX_FLAG_WIDTH = 28;

/** The columns that text may take. Without a terminal lines are not wrapped, so that `grep` finds all of them. */
export function helpWidth({ columns }: { readonly columns?: number | undefined }): number {
  return columns === undefined || columns === 0
    ? Number.POSITIVE_INFINITY
    : Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columns));
}

/** @param width in columns; see {@link helpWidth} */
export function helpFor(
  { usage, about, options, groups = {}, examples = [] }: HelpPage,
  width: number,
): string {
  const rows = Object.entries(withSecretFiles(options)).map(([name, option]) => rowOf(name, option));
  const sections: { title: string; rows: readonly HelpRow[] }[] = Object.entries(groups).map(
    ([title, names]) => {
      // The option for a secret's file is shown below the secret.
      const all = new Set(names.flatMap((name) => [name, fileKeyOf(name)]));
      return { title, rows: rows.filter(({ name }) => all.has(name)) };
    },
  );
  const grouped = new Set(sections.flatMap((section) => section.rows));
  sections.push({
    title: sections.length > 0 ? 'And' : 'Options',
    rows: [...rows.filter((row) => !grouped.has(row)), { name: 'help', flag: '--help', text: 'Show this.' }],
  });
  return [
    ...wrap(`Usage: ${usage}`, width),
    '',
    ...paragraphsOf(about, width),
    ...sectionsOf(sections, width),
    ...(examples.length > 0 ? ['', 'Examples:'] : []),
    ...examples.flatMap(([command, text]) => [`  ${command}`, ...wrap(`      ${text}`, width, 6)]),
    '',
  ].join('\n');
}

/** Consecutive lines form one paragraph, unless they are indented. */
function paragraphsOf(text: string, width: number): string[] {
  if (width === Number.POSITIVE_INFINITY) return text.split('\n');
  return text
    .replace(/(\S)\n(?=\S)/g, '$1 ')
    .split('\n')
    .flatMap((line) => wrap(line, width, /^\s+/.exec(line)?.[0].length));
}

interface HelpRow {
  readonly name: string;
  readonly flag: string;
  readonly text: string;
}

/** Sections with two columns: a name and its description. The second column starts at the same place in all of them. */
export function sectionsOf(
  sections: readonly { readonly title: string; readonly rows: readonly Omit<HelpRow, 'name'>[] }[],
  width: number,
): string[] {
  const longest = Math.max(0, ...sections.flatMap(({ rows }) => rows.map(({ flag }) => flag.length)));
  const left = (width === Number.POSITIVE_INFINITY ? longest : Math.min(MAX_FLAG_WIDTH, longest)) + 4;
  return sections.flatMap(({ title, rows }) => [
    '',
    `${title}:`,
    ...rows.flatMap(({ flag, text }) => {
      const isLong = flag.length + 4 > left;
      return [
        ...(isLong ? [`  ${flag}`] : []),
        ...wrap((isLong ? '' : `  ${flag}`).padEnd(left) + text, width, left),
      ];
    }),
  ]);
}

function rowOf(name: string, option: Option): HelpRow {
  const flag =
    option.kind === 'switch' ? `--[no-]${flagName(name)}` : `--${flagName(name)} ${valueName(option)}`;
  const notes = [
    option.default !== undefined && String(option.default) !== '' && !option.isSecret
      ? `default ${typeof option.default === 'boolean' ? (option.default ? 'on' : 'off') : option.default}`
      : '',
    option.kind === 'integer' && option.zero ? `0: ${option.zero}` : '',
    option.kind === 'choice' ? option.choices.join(', ') : '',
    option.kind === 'list' ? 'more than once' : '',
    option.isFlagOnly ? '' : variableName(name),
  ].filter(Boolean);
  const text = `${option.help}${notes.length > 0 ? ` [${notes.join('; ')}]` : ''}`;
  return { name, flag, text };
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
