/**
 * `pairlane config`: prints the settings that `serve` would use and where each value comes from, as a file for its
 * `--config`.
 */
import { stringify as toToml } from 'smol-toml';
import { defineCommand } from '../common/command.ts';
import { flagName } from '../common/option-names.ts';
import type { Option } from '../common/option-table.ts';
import { OptionError } from '../common/options.ts';
import { serveOptionGroups } from './option-groups.ts';
import { serveOptions } from './options.ts';

/** An option's effective value. Of a secret, only the fact that it is set is shown. */
interface InForce {
  readonly key: string;
  readonly option: Option;
  readonly value: unknown;
  readonly from: string;
}

export const configCommand = defineCommand({
  name: 'config',
  about: 'Print the options that serve would run with, and where each comes from.',
  details:
    'Print the options that `pairlane serve` would run with, given the same flags, variables and file, and where each of\n' +
    'them comes from. The output is a file for --config, without secrets. The exit status is 2 if options are wrong.',
  options: {
    ...serveOptions,
    json: { kind: 'switch', isFlagOnly: true, help: 'Print JSON, for programs.' },
  },
  groups: serveOptionGroups,
  examples: [
    ['pairlane config > pairlane.toml', 'a file for serve --config'],
    ['pairlane config --port 9000', 'what serve --port 9000 would run with'],
  ],
  async run({ config: _, json, workers, ...options }, _positionals, { origins }) {
    const { serverOptionProblems } = await import('./check-server-options.ts');
    const problems = serverOptionProblems(options);
    if (problems.length > 0) throw new OptionError(problems);
    const { config: _file, ...rows } = serveOptions;
    const values = { ...options, workers };
    const all = Object.entries<Option>(rows).map(([name, option]) => ({
      key: flagName(name),
      option,
      value: values[name as keyof typeof values],
      from: origins[name as keyof typeof origins],
    }));
    process.stdout.write(json ? asJson(all) : asToml(all));
    return 0;
  },
});

function asJson(all: readonly InForce[]): string {
  const entries = all.map(({ key, option, value, from }) => [
    key,
    {
      ...(option.isSecret ? { isSecret: true, isSet: value !== undefined } : { value: value ?? null }),
      from,
    },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}

function asToml(all: readonly InForce[]): string {
  const rows = all.map((each) => ({ text: assignmentOf(each), from: each.from }));
  const width = Math.max(...rows.map(({ text }) => text.length));
  return rows.map(({ text, from }) => `${text.padEnd(width)}  # ${from}\n`).join('');
}

function assignmentOf({ key, option, value }: InForce): string {
  if (value === undefined) return `# ${key} is not set`;
  return option.isSecret ? `# ${key} is set` : toToml({ [key]: value }).trim();
}
