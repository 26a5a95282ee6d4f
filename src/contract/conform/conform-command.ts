/** `pairlane conform`: tests whether a server, or a client, follows the protocol, case by case. */
import { CommandError, defineCommand } from '../../common/command.ts';
import { printable, printableJson } from '../../common/printable.ts';
import type { Level } from './case.ts';
import type { Verdict } from './run-cases.ts';

const USAGE_STATUS = 2;
const SERVER_ONLY = ['only', 'walks', 'seed', 'pingIntervalMs'] as const;

export const conformCommand = defineCommand({
  name: 'conform',
  about: 'Check a server, or a client, against the protocol, case by case.',
  details:
    'Check a server at a URL, or with --client a client, against the protocol. Each case passes, or says when the\n' +
    'other side differed, what was expected and what came. The exit status is 1 if a case fails.\n' +
    'The server should be one process that nobody else uses, with its usual limits; cases that do not apply to it are\n' +
    'skipped and say why.',
  positionals: ['[URL]'],
  alternatives: SERVER_ONLY.map((name) => ['client', name] as const),
  groups: { 'To check a server': SERVER_ONLY, 'To check a client': ['client'] },
  examples: [
    ['pairlane conform ws://127.0.0.1:8765/', 'a server'],
    ["pairlane conform --client 'python3 client.py {url}'", 'a client, which is started twice'],
  ],
  options: {
    client: {
      kind: 'text',
      value: 'COMMAND',
      isFlagOnly: true,
      help: 'Play the server for two processes of this command; {url} in it becomes the URL to connect to.',
    },
    level: {
      kind: 'choice',
      choices: ['full', 'seed'],
      default: 'full',
      isFlagOnly: true,
      help: 'seed: check only the first protocol, which every version speaks.',
    },
    only: {
      kind: 'text',
      value: 'TEXT',
      isFlagOnly: true,
      help: 'Run only cases with this text in their name.',
    },
    walks: {
      kind: 'integer',
      min: 0,
      max: 10_000,
      default: 10,
      isFlagOnly: true,
      help: 'How many random walks of four clients, checked by a model.',
    },
    seed: {
      kind: 'integer',
      min: 0,
      max: 2 ** 31 - 1,
      default: 1,
      isFlagOnly: true,
      help: 'Seed of the walks: the same number gives the same walks.',
    },
    patienceMs: {
      kind: 'integer',
      min: 10,
      max: 600_000,
      default: 5_000,
      isFlagOnly: true,
      help: 'Milliseconds in which an answer must come.',
    },
    pingIntervalMs: {
      kind: 'integer',
      min: 0,
      max: 3_600_000,
      isFlagOnly: true,
      help: 'Ping interval of a server that does not say it in `your_id`.',
    },
    json: {
      kind: 'switch',
      isFlagOnly: true,
      help: 'Print one JSON object per case, and one with the counts.',
    },
  },
  async run({ client, level, only, walks, seed, patienceMs, pingIntervalMs, json }, [url]) {
    if ((client === undefined) === (url === undefined))
      throw new CommandError('give either the URL of a server or --client COMMAND', USAGE_STATUS);
    const told = json ? tellJson : tell;
    const verdicts =
      client === undefined
        ? await (await import('./judge-server.ts')).judgeServer(
            { url: url as string, level: level as Level, only, walks, seed, patienceMs, pingIntervalMs },
            told,
          )
        : await (await import('./client-trial.ts')).judgeClient(
            { command: client, patienceMs, level: level as Level },
            told,
          );
    return conclude(verdicts, json);
  },
});

function tell({ result, name, when, expected, got, why }: Verdict): void {
  const lines = [`${result === 'skipped' ? 'skip' : result}  ${name}${why ? `: ${why}` : ''}`];
  if (result === 'fail')
    lines.push(`        when      ${when}`, `        expected  ${expected}`, `        got       ${got}`);
  process.stdout.write(`${lines.map(printable).join('\n')}\n`);
}

function tellJson(verdict: Verdict): void {
  process.stdout.write(`${printableJson(verdict)}\n`);
}

function conclude(verdicts: readonly Verdict[], json: boolean): number {
  const count = (result: Verdict['result']) => verdicts.filter((one) => one.result === result).length;
  const counts = { passed: count('pass'), failed: count('fail'), skipped: count('skipped') };
  process.stdout.write(
    json
      ? `${JSON.stringify(counts)}\n`
      : `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
  );
  return counts.failed === 0 ? 0 : 1;
}
