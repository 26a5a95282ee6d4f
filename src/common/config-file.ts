/**
 * Options in a TOML or JSON file: the names are those of the flags, and values have their own types. Errors never quote
 * the file, because it may contain a secret.
 */
import { basename, extname } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import { readNamedFile } from './named-file.ts';
import { nearestName } from './nearest-name.ts';
import { flagName } from './option-names.ts';
import type { OptionTable } from './option-table.ts';
import { expectation } from './option-values.ts';

/** Longer than any list of options, so that a wrong file is not read whole. */
const MAX_FILE_BYTES = 1024 * 1024;
/** The mode bit that lets everybody read a file (POSIX). */
const OTHERS_READ = 0o004;

const formats: { readonly [extension: string]: (text: string) => unknown } = {
  '.toml': (text) => parseToml(text),
  '.json': (text) => JSON.parse(text),
};

/**
 * @param table the options that the file may contain
 * @returns the values by option key; a line for each problem is added to `problems`
 */
export function readConfigFile(table: OptionTable, file: string, problems: string[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  let read: { readonly given: Record<string, unknown>; readonly isOpenToOthers: boolean };
  try {
    read = readObject(file);
  } catch (error) {
    problems.push((error as Error).message);
    return values;
  }
  const names = new Map(
    Object.entries(table)
      .filter(([, { isFlagOnly, isConfigFile }]) => !isFlagOnly && !isConfigFile)
      .map(([name]) => [flagName(name), name]),
  );
  for (const [key, value] of Object.entries(read.given)) {
    const at = `${basename(file)}: ${key}`;
    const name = names.get(key);
    const option = name === undefined ? undefined : table[name];
    if (name === undefined || !option) {
      const meant = nearestName(key, [...names.keys()]);
      problems.push(`${at}: no such option${meant ? `; did you mean ${meant}?` : ''}`);
      continue;
    }
    const expected = expectation(option, value);
    if (expected !== undefined) problems.push(`${at}: should ${expected}`);
    else if (option.isSecret && read.isOpenToOthers)
      problems.push(`${at}: every user of this machine can read it; mend that with: chmod o-r ${file}`);
    else values.set(name, option.kind === 'integer' && value === option.zeroWord ? 0 : value);
  }
  return values;
}

function readObject(file: string): { given: Record<string, unknown>; isOpenToOthers: boolean } {
  const parse = formats[extname(file)];
  if (!parse) throw new Error(`${file}: should end in .toml or .json`);
  const { bytes, mode } = readNamedFile(file, MAX_FILE_BYTES);
  const given = parseText(file, bytes.toString(), parse);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new Error(`${file}: should be an object, with a key for each option`);
  const isOpenToOthers = process.platform !== 'win32' && (mode & OTHERS_READ) !== 0;
  return { given: given as Record<string, unknown>, isOpenToOthers };
}

function parseText(file: string, text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (error) {
    // Both parsers quote the file in their messages.
    const at = error instanceof TomlError ? `:${error.line}:${error.column}` : '';
    throw new Error(`${file}${at}: is not valid ${extname(file).slice(1).toUpperCase()}`);
  }
}
