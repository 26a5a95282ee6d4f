/** `pairlane doctor`: finds out why connections from here might fail. Exit status 1: something is bad. */
import { defineCommand } from '../../common/command.ts';
import { stunFormat, turnFormat } from '../../common/option-formats.ts';
import type { OptionTable, OptionValues } from '../../common/option-table.ts';
import { printable, printableJson } from '../../common/printable.ts';
import type { Check } from '../doctor/check.ts';
import { peerOptions, readToken } from './peer-command-options.ts';

const doctorOptions = {
  url: peerOptions.url,
  stunUrl: {
    kind: 'list',
    value: 'URL',
    format: stunFormat,
    help: 'STUN server to test, besides those that the signaling server names; two of them reveal the kind of NAT.',
  },
  turnUrl: {
    kind: 'list',
    value: 'URL',
    format: turnFormat,
    help: 'TURN server to test, besides those that the signaling server names.',
  },
  turnSecret: {
    kind: 'text',
    value: 'SECRET',
    isSecret: true,
    help: "The TURN server's static-auth-secret, to make credentials for --turn-url.",
  },
  tokenFile: { ...peerOptions.tokenFile, help: 'File with a token, for a server that requires one.' },
  json: { kind: 'switch', help: 'Print one JSON object per line for each check.' },
} as const satisfies OptionTable;

export const doctorCommand = defineCommand({
  name: 'doctor',
  about: 'Find out why a connection would not come up from here.',
  details:
    'Test from here what a connection needs: WebSocket, TLS, proxies, clock, foreign pages, STUN, UDP, NAT, TURN.\n' +
    'The exit status is 1 if something is bad.',
  options: doctorOptions,
  examples: [
    ['pairlane doctor --url wss://signal.example.com/', 'tries that server from here'],
    ['pairlane doctor --json', 'a JSON object a line, for programs'],
  ],
  run: doctor,
});

const signs: Readonly<Record<Check['status'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  bad: 'BAD    ',
  skipped: '-      ',
};

async function doctor(options: OptionValues<typeof doctorOptions>): Promise<number> {
  const { url, stunUrl = [], turnUrl = [], turnSecret, tokenFile, json } = options;
  const token = tokenFile === undefined ? undefined : readToken(tokenFile);
  const { examine } = await import('../doctor/doctor.ts');
  let isBad = false;
  for await (const check of examine({ url, stunUrls: stunUrl, turnUrls: turnUrl, turnSecret, token })) {
    isBad ||= check.status === 'bad';
    process.stdout.write(json ? `${printableJson(check)}\n` : linesOf(check));
  }
  return isBad ? 1 : 0;
}

function linesOf({ name, status, text, remedy }: Check): string {
  const first = `${signs[status]}  ${name.padEnd(9)}  ${printable(text)}\n`;
  return remedy === undefined ? first : `${first}${' '.repeat(20)}${printable(remedy)}\n`;
}
