#!/usr/bin/env node
/** The `pairlane` program: a table of commands. Each is loaded only when it is run. */
import { readFileSync } from 'node:fs';
import type { Command } from './common/command.ts';
import { unknownVariables } from './common/options.ts';
import { printable } from './common/printable.ts';

const commands: readonly { name: string; about: string; load: () => Promise<Command> }[] = [
  {
    name: 'serve',
    about: 'Start the signaling server.',
    load: async () => (await import('./server/serve-command.ts')).serveCommand,
  },
  {
    name: 'config',
    about: 'Print the options that serve would run with, and where each comes from.',
    load: async () => (await import('./server/config-command.ts')).configCommand,
  },
  {
    name: 'chat',
    about: 'Chat with another peer from the terminal.',
    load: async () => (await import('./client/commands/chat-command.ts')).chatCommand,
  },
  {
    name: 'bot',
    about: 'Run a headless peer that says something, or echoes.',
    load: async () => (await import('./client/commands/bot-command.ts')).botCommand,
  },
  {
    name: 'agent',
    about: 'Run a headless player in a game room.',
    load: async () => (await import('./client/commands/agent-command.ts')).agentCommand,
  },
  {
    name: 'bots',
    about: 'Run many pairs of bots that talk to each other, and count.',
    load: async () => (await import('./client/commands/bots-command.ts')).botsCommand,
  },
  {
    name: 'demo',
    about: 'Start a server and two peers that talk to each other, step by step.',
    load: async () => (await import('./demo-command.ts')).demoCommand,
  },
  {
    name: 'doctor',
    about: 'Find out why a connection would not come up from here.',
    load: async () => (await import('./client/commands/doctor-command.ts')).doctorCommand,
  },
  {
    name: 'token',
    about: 'Make a token for a server that requires one.',
    load: async () => (await import('./server/token-command.ts')).tokenCommand,
  },
  {
    name: 'relay',
    about: 'Start a server of the relay network.',
    load: async () => (await import('./server/relay/relay-command.ts')).relayCommand,
  },
  {
    name: 'relay-chat',
    about: 'Chat across the relay network, in the terminal.',
    load: async () => (await import('./client/commands/relay-chat-command.ts')).relayChatCommand,
  },
  {
    name: 'chart',
    about: 'Print the state chart of a machine.',
    load: async () => (await import('./inspector/charts/chart-command.ts')).chartCommand,
  },
  {
    name: 'inspect',
    about: 'Show the live state charts of any XState program in a page.',
    load: async () => (await import('./server/programs/inspect-command.ts')).inspectCommand,
  },
  {
    name: 'schema',
    about: 'Print the wire as JSON Schema, or as AsyncAPI.',
    load: async () => (await import('./contract/schema-command.ts')).schemaCommand,
  },
  {
    name: 'conform',
    about: 'Check a server, or a client, against the protocol, case by case.',
    load: async () => (await import('./contract/conform/conform-command.ts')).conformCommand,
  },
  {
    name: 'replay',
    about: 'Step the machines through a recorded pairing.',
    load: async () => (await import('./inspector/records/replay-command.ts')).replayCommand,
  },
];

/** A variable may be meant for another command, so it is unknown only if no command has it. */
async function warnOfVariables(command: Command): Promise<void> {
  if (unknownVariables(command.variables).length === 0) return;
  const all = await Promise.all(commands.map(({ load }) => load()));
  for (const warning of unknownVariables([...new Set(all.flatMap(({ variables }) => variables))]))
    process.stderr.write(`pairlane ${command.name}: ${printable(warning)}\n`);
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    process.stdout.write(`${manifest.version}\n`);
    return 0;
  }
  const entry = commands.find((command) => command.name === name);
  if (entry) {
    const command = await entry.load();
    await warnOfVariables(command);
    return command.run(rest);
  }
  const isHelp = name === undefined || name === 'help' || name === '--help' || name === '-h';
  const width = Math.max(0, ...commands.map((command) => command.name.length)) + 2;
  const page = [
    ...(isHelp ? [] : [`pairlane: there is no command '${name}'`]),
    'Usage: pairlane COMMAND [options]',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}${command.about}`),
    '',
    'pairlane COMMAND --help shows its options.',
  ];
  (isHelp ? process.stdout : process.stderr).write(`${page.join('\n')}\n`);
  return isHelp ? 0 : 2;
}

// The reader of our output has closed it (`| head`): that is not a failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

process.exitCode = await main(process.argv.slice(2));
