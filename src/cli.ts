#!/usr/bin/env node
/** The `pairlane` program: a table of commands. Each is loaded only when it is run. */
import { readFileSync } from 'node:fs';
import type { Command } from './common/command.ts';
import { helpWidth, sectionsOf } from './common/help.ts';
import { nearestName } from './common/nearest-name.ts';
import { unknownVariables } from './common/options.ts';
import { printable } from './common/printable.ts';
import { tooOldNode } from './common/too-old-node.ts';
import { wrap } from './common/wrap-text.ts';

interface Entry {
  readonly name: string;
  readonly group: Group;
  readonly about: string;
  readonly load: () => Promise<Command>;
}

const groups = ['Servers', 'Peers', 'Looking inside', 'The protocol'] as const;
type Group = (typeof groups)[number];

const commands: readonly Entry[] = [
  {
    name: 'serve',
    group: 'Servers',
    about: 'Start the signaling server.',
    load: async () => (await import('./server/serve-command.ts')).serveCommand,
  },
  {
    name: 'config',
    group: 'Servers',
    about: 'Print the options that serve would run with, and where each comes from.',
    load: async () => (await import('./server/config-command.ts')).configCommand,
  },
  {
    name: 'chat',
    group: 'Peers',
    about: 'Chat with another peer from the terminal.',
    load: async () => (await import('./client/commands/chat-command.ts')).chatCommand,
  },
  {
    name: 'bot',
    group: 'Peers',
    about: 'Run a headless peer that says something, or echoes.',
    load: async () => (await import('./client/commands/bot-command.ts')).botCommand,
  },
  {
    name: 'agent',
    group: 'Peers',
    about: 'Run a headless player in a game room.',
    load: async () => (await import('./client/commands/agent-command.ts')).agentCommand,
  },
  {
    name: 'bots',
    group: 'Peers',
    about: 'Run many pairs of bots that talk to each other, and count.',
    load: async () => (await import('./client/commands/bots-command.ts')).botsCommand,
  },
  {
    name: 'demo',
    group: 'Peers',
    about: 'Start a server and two peers that talk to each other, step by step.',
    load: async () => (await import('./demo-command.ts')).demoCommand,
  },
  {
    name: 'doctor',
    group: 'Looking inside',
    about: 'Find out why a connection would not come up from here.',
    load: async () => (await import('./client/commands/doctor-command.ts')).doctorCommand,
  },
  {
    name: 'token',
    group: 'Servers',
    about: 'Make a token for a server that requires one.',
    load: async () => (await import('./server/token-command.ts')).tokenCommand,
  },
  {
    name: 'relay',
    group: 'Servers',
    about: 'Start a server of the relay network.',
    load: async () => (await import('./server/relay/relay-command.ts')).relayCommand,
  },
  {
    name: 'relay-chat',
    group: 'Peers',
    about: 'Chat across the relay network, in the terminal.',
    load: async () => (await import('./client/commands/relay-chat-command.ts')).relayChatCommand,
  },
  {
    name: 'chart',
    group: 'Looking inside',
    about: 'Print the state chart of a machine.',
    load: async () => (await import('./inspector/charts/chart-command.ts')).chartCommand,
  },
  {
    name: 'inspect',
    group: 'Looking inside',
    about: 'Show the live state charts of any XState program in a page.',
    load: async () => (await import('./server/programs/inspect-command.ts')).inspectCommand,
  },
  {
    name: 'schema',
    group: 'The protocol',
    about: 'Print the wire as JSON Schema, or as AsyncAPI.',
    load: async () => (await import('./contract/schema-command.ts')).schemaCommand,
  },
  {
    name: 'conform',
    group: 'The protocol',
    about: 'Check a server, or a client, against the protocol, case by case.',
    load: async () => (await import('./contract/conform/conform-command.ts')).conformCommand,
  },
  {
    name: 'replay',
    group: 'Looking inside',
    about: 'Step the machines through a recorded pairing.',
    load: async () => (await import('./inspector/records/replay-command.ts')).replayCommand,
  },
];

/**
 * Warns of misspelt variables. A variable may be meant for another command, so it counts as unknown only if no command
 * has it.
 */
async function warnOfVariables(command: Command): Promise<void> {
  if (unknownVariables(command.variables).length === 0) return;
  const all = await Promise.all(commands.map(({ load }) => load()));
  for (const warning of unknownVariables([...new Set(all.flatMap(({ variables }) => variables))]))
    process.stderr.write(`pairlane ${command.name}: ${printable(warning)}\n`);
}

async function main(args: readonly string[]): Promise<number> {
  const { version, engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const tooOld = tooOldNode(engines.node, process.versions.node);
  if (tooOld !== undefined) {
    process.stderr.write(`pairlane: ${tooOld}\n`);
    return 1;
  }
  const [name, ...rest] = args[0] === 'help' && args.length > 1 ? [...args.slice(1), '--help'] : args;
  if (name === '--version') {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (name === undefined || ['help', '--help', '-h'].includes(name)) {
    process.stdout.write(helpPage(helpWidth(process.stdout)));
    return 0;
  }
  const entry = commands.find((command) => command.name === name);
  if (!entry) {
    process.stderr.write(`pairlane: ${refusalOf(name)}\nTry: pairlane --help\n`);
    return 2;
  }
  const command = await entry.load();
  await warnOfVariables(command);
  return command.run(rest);
}

function refusalOf(name: string): string {
  const meant = nearestName(
    name,
    commands.map((command) => command.name),
  );
  return `there is no command '${printable(name)}'${meant ? `; did you mean '${meant}'?` : ''}`;
}

function helpPage(width: number): string {
  const lines = [
    'Usage: pairlane COMMAND [options]',
    ...sectionsOf(
      groups.map((title) => ({
        title,
        rows: commands
          .filter(({ group }) => group === title)
          .map(({ name: flag, about: text }) => ({ flag, text })),
      })),
      width,
    ),
    '',
    ...wrap('pairlane COMMAND --help shows its options, with examples. Begin with: pairlane demo', width),
  ];
  return `${lines.join('\n')}\n`;
}

// The reader of our output has closed it (`| head`): that is not a failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

process.exitCode = await main(process.argv.slice(2));
