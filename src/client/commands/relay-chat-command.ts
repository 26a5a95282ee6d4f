/** `pairlane relay-chat`: the terminal client of the relay network, for people and, with --json, for programs. */
import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { type Address, parseAddress } from '../../common/address.ts';
import { CommandError, defineCommand } from '../../common/command.ts';
import { OptionError } from '../../common/options.ts';
import { printableJson } from '../../common/printable.ts';
import {
  MAX_CONTENT_BYTES,
  MAX_INFO_BYTES,
  MAX_NAME_BYTES,
  MAX_RELAY_ID,
} from '../../protocol/relay-chat/index.ts';
import {
  RelayChatConnection,
  type RelayChatEvent,
  type RelayChatIdentity,
} from '../relay-chat/relay-chat-client.ts';
import { describeEvent, describeWho, RELAY_CHAT_HELP, readInput } from '../relay-chat/relay-chat-lines.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** How long to wait for a server that does not read the goodbye. */
const QUIT_TIMEOUT_MS = 2_000;

export const relayChatCommand = defineCommand({
  name: 'relay-chat',
  about: 'Chat across the relay network, in the terminal.',
  details:
    'Chat across the relay network (relay-chat protocol, over TCP).\n' +
    `${RELAY_CHAT_HELP}\n` +
    'With --json, standard output has one JSON object per line: registered, refused, status, joined, left, chat, who,\n' +
    'closed, mistake. Standard input takes the same commands; its end, and Ctrl+C, say goodbye.',
  examples: [['pairlane relay-chat --connect 127.0.0.1:4000 --name Ann', 'chats with all of the network']],
  options: {
    connect: { kind: 'text', value: 'HOST:PORT', help: 'A server of the network. Required.' },
    name: { kind: 'text', value: 'NAME', help: 'Your name. Required.' },
    id: {
      kind: 'integer',
      min: 1,
      max: MAX_RELAY_ID,
      help: 'Your id, unique in the network; random by default.',
    },
    info: { kind: 'text', value: 'TEXT', default: '', help: 'More about you, for the others.' },
    json: { kind: 'switch', help: 'Write events as JSON lines.', isFlagOnly: true },
  },
  async run({ connect: to, name, id, info, json }) {
    const address = to === undefined ? undefined : parseAddress(to);
    const checks: readonly (readonly [isWrong: boolean, problem: string])[] = [
      [to === undefined, '--connect: is missing'],
      [to !== undefined && !address, '--connect: should be HOST:PORT, like 127.0.0.1:9000 or [::1]:9000'],
      [name === undefined, '--name: is missing'],
      [
        Buffer.byteLength(name ?? '') > MAX_NAME_BYTES,
        `--name: should be at most ${MAX_NAME_BYTES} bytes long`,
      ],
      [Buffer.byteLength(info) > MAX_INFO_BYTES, `--info: should be at most ${MAX_INFO_BYTES} bytes long`],
    ];
    const problems = checks.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
    if (!address || name === undefined || problems.length > 0) throw new OptionError(problems);
    const socket = await dial(address).catch((error: Error) => {
      throw new CommandError(
        `cannot reach ${to}: ${error.message}. Is a relay server there? See pairlane relay --help`,
      );
    });
    return chat(socket, { id: id ?? 1 + Math.floor(Math.random() * MAX_RELAY_ID), name, info }, json);
  },
});

function dial(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address });
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), CONNECT_TIMEOUT_MS);
    socket.once('error', reject);
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** @returns the exit status, once it is over */
function chat(socket: Socket, identity: RelayChatIdentity, isJson: boolean): Promise<number> {
  return new Promise((resolve) => {
    const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true && !isJson;
    const lines = createInterface({
      input: process.stdin,
      ...(isTerminal ? { output: process.stdout, prompt: '> ' } : {}),
      terminal: isTerminal,
    });
    // What is typed before the server's welcome would count as a violation of the protocol.
    lines.pause();
    let isPrompting = false;
    let wasRefused = false;
    const print = printer(lines, isTerminal, () => isPrompting, socket);
    const connection = new RelayChatConnection(socket, identity, (event) => {
      if (event.type === 'refused' || event.type === 'closed') isPrompting = false;
      if (isJson) print(printableJson(event));
      // A refused client's end has the same reason, which was already printed.
      else if (event.type !== 'closed' || !wasRefused) print(describeEvent(event));
      wasRefused ||= event.type === 'refused';
      if (event.type === 'registered') listen();
      if (event.type === 'closed') end(event);
    });
    const quit = (text: string) => {
      connection.quit(text);
      setTimeout(() => socket.destroy(), QUIT_TIMEOUT_MS).unref();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => quit(''));
    lines.once('SIGINT', () => quit(''));

    function listen(): void {
      if (!isJson) print(RELAY_CHAT_HELP);
      lines.on('line', (line) => {
        obey(line, connection, { print, quit, isJson });
        if (isTerminal && isPrompting) lines.prompt();
      });
      lines.once('close', () => quit(''));
      isPrompting = true;
      if (isTerminal) lines.prompt();
      lines.resume();
    }

    function end({ reason }: Extract<RelayChatEvent, { type: 'closed' }>): void {
      lines.removeAllListeners();
      lines.close();
      process.stdin.pause();
      resolve(reason === undefined ? 0 : 1);
    }
  });
}

interface Terminal {
  readonly print: (line: string) => void;
  readonly quit: (text: string) => void;
  readonly isJson: boolean;
}

/** Carries out a typed line. */
function obey(line: string, connection: RelayChatConnection, { print, quit, isJson }: Terminal): void {
  const mistake = (text: string) => print(isJson ? printableJson({ type: 'mistake', text }) : text);
  const input = readInput(line);
  switch (input.type) {
    case 'nothing':
      break;
    case 'message':
      if (Buffer.byteLength(input.text) <= MAX_CONTENT_BYTES) connection.chat(input.to, input.text);
      else mistake(`The text is too long: at most ${MAX_CONTENT_BYTES} bytes can be sent at once.`);
      break;
    case 'quit':
      quit(input.text);
      break;
    case 'who':
      if (isJson) print(printableJson({ type: 'who', others: [...connection.others.values()] }));
      else for (const who of describeWho(connection)) print(who);
      break;
    case 'help':
      if (!isJson) print(RELAY_CHAT_HELP);
      break;
    case 'mistake':
      mistake(input.text);
  }
}

/**
 * Prints a line; on a terminal, above the line that is being typed, which stays unchanged. A server that says more than
 * the reader of the output takes has to wait, so that the rest is not kept here.
 */
function printer(
  lines: Interface,
  isTerminal: boolean,
  isPrompting: () => boolean,
  server: Pick<Socket, 'pause' | 'resume'>,
): (line: string) => void {
  const write = (text: string) => {
    if (process.stdout.write(text) || process.stdout.listenerCount('drain') > 0) return;
    server.pause();
    process.stdout.once('drain', () => server.resume());
  };
  if (!isTerminal) return (line) => write(`${line}\n`);
  return (line) => {
    write(`\r\x1b[K${line}\n`);
    if (isPrompting()) lines.prompt(true);
  };
}
