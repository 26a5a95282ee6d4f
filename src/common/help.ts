/** A command's page of help, from its table of options. */
import { flagName, variableName } from './option-names.ts';
import type { Option, OptionTable } from './option-table.ts';
import { withSecretFiles } from './secret-files.ts';

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

function valueName(option: Option): string {
  return option.kind === 'integer'
    ? 'N'
    : option.kind === 'choice'
      ? 'NAME'
      : 'value' in option
        ? option.value
        : '';
}
