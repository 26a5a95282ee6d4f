/**
 * A secret on a command line is in the list of processes, and one in the environment is in whatever prints that. So each
 * option that is a secret can be read from a file: `--secret-file FILE` and PAIRLANE_SECRET_FILE stand beside
 * `--secret` and PAIRLANE_SECRET.
 */
import { readNamedFile } from './named-file.ts';
import { flagName } from './option-names.ts';
import type { Option, OptionTable } from './option-table.ts';

/** Longer than any secret, so that a wrong file is not read whole. */
export const MAX_SECRET_BYTES = 64 * 1024;

const suffix = 'File';

/** The key of the option with the file that has the secret of another. */
export const fileKeyOf = (name: string): string => `${name}${suffix}`;

/** The table with a row more for each secret: the file that it is in. */
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

/** @throws with a line that names the file, and never what is in it */
export function readSecretFile(file: string): string {
  const secret = readNamedFile(file, MAX_SECRET_BYTES)
    .bytes.toString()
    .replace(/\r?\n$/, '');
  if (secret === '') throw new Error(`${file} is empty`);
  if (/[\r\n]/.test(secret)) throw new Error(`${file} should have a single line, the secret`);
  return secret;
}
