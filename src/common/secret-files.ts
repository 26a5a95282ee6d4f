/**
 * A secret on a command line appears in the list of processes, and one in the environment in whatever prints it. So
 * each secret option can also be read from a file: besides `--secret` and PAIRLANE_SECRET there are `--secret-file
 * FILE` and PAIRLANE_SECRET_FILE.
 */
import { readNamedFile } from './named-file.ts';
import { flagName } from './option-names.ts';
import type { Option, OptionTable } from './option-table.ts';

/** Longer than any secret, so that a wrong file is not read whole. */
export const MAX_SECRET_BYTES = 64 * 1024;

const suffix = 'File';

/** The key of the option for the file that contains another option's secret. */
export const fileKeyOf = (name: string): string => `${name}${suffix}`;

/** The table with an additional row for each secret: the file that contains it. */
export function withSecretFiles(table: OptionTable): OptionTable {
  const rows = Object.entries(table).flatMap(([name, option]): [string, Option][] =>
    isReadFromFiles(option)
      ? [
          [name, option],
          [fileKeyOf(name), fileOption(name, option)],
        ]
      : [[name, option]],
  );
  return Object.fromEntries(rows);
}

export function isReadFromFiles(option: Option): boolean {
  return option.isSecret === true && option.kind === 'text';
}

function fileOption(name: string, { isFlagOnly = false }: Option): Option {
  return {
    kind: 'text',
    value: 'FILE',
    help: `File that holds the value of --${flagName(name)}.`,
    isFlagOnly,
  };
}

/** @throws with a line that names the file, but never quotes it */
export function readSecretFile(file: string): string {
  const secret = readNamedFile(file, MAX_SECRET_BYTES)
    .bytes.toString()
    .replace(/\r?\n$/, '');
  if (secret === '') throw new Error(`${file} is empty`);
  if (/[\r\n]/.test(secret)) throw new Error(`${file} should have a single line, the secret`);
  return secret;
}
