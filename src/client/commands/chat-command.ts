/** `pairlane chat`: two people at two terminals; what they type goes from peer to peer. */
import { defineCommand } from '../../common/command.ts';
import type { OptionTable, OptionValues } from '../../common/option-table.ts';
import { parsePairingKey } from '../../protocol/native/pairing-key.ts';
import type { Peer } from '../index.ts';
import { PairlaneError } from '../peer/errors.ts';
import { messageIn, type Print } from './chat-inputs.ts';
import { invitationLines } from './invitation.ts';
import {
  type CliPeerOptions,
  connect,
  iceAlternatives,
  peerOptions,
  shown,
  targetOf,
} from './peer-command-options.ts';
import { chatInRoom, described, printFailure } from './room-chat.ts';
import { Terminal } from './terminal.ts';

const chatOptions = {
  ...peerOptions,
  peers: { ...peerOptions.peers, default: 8, help: 'With --room, how many peers at once.' },
  room: {
    kind: 'text',
    value: 'NAME',
    isFlagOnly: true,
    help: 'Chat with everybody in this room; it is created if there is none of that name.',
  },
  password: {
    kind: 'text',
    value: 'TEXT',
    help: 'With --room, its password; a room that is created gets it.',
  },
} as const satisfies OptionTable;

type ChatOptions = OptionValues<typeof chatOptions>;

export const chatCommand = defineCommand({
  name: 'chat',
  about: 'Chat with another peer from the terminal.',
  details:
    'Chat with another peer from the terminal. While you are not paired, type the id or key of a peer; once the data\n' +
    'channel is open, what you type is sent to the peer, or with --room to everybody in the room. /help lists other\n' +
    'commands. Ctrl+C or the end of input ends the chat.',
  options: chatOptions,
  alternatives: [iceAlternatives, ['room', 'key', 'id', 'newKey']],
  examples: [
    ['pairlane chat --new-key', 'shows a key for someone else to pair with you'],
    ['pairlane chat --key ABCD-EFGH-JKLM', 'pairs with whoever made that key'],
    ['pairlane chat --room lobby', 'chats with all who are in the room'],
  ],
  run: chat,
});

async function chat(options: ChatOptions): Promise<number> {
  const { room } = options;
  return room === undefined ? chatWithOne({ ...options, peers: 1 }) : chatInRoom(room, options);
}

async function chatWithOne(options: CliPeerOptions): Promise<number> {
  const peer = await connect(options);
  let end: (status: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  let lastSent: Promise<unknown> = Promise.resolve();
  const print = (line: string) => terminal.print(line);
  const showKey = async () => {
    try {
      const { key } = await peer.createKey();
      print(`*** Your pairing key: ${key} ***`);
      terminal.printPicture(await invitationLines(options.url, key, process.stdout));
    } catch (error) {
      printFailure(error, print);
    }
  };
  const terminal = new Terminal(process.stdin, process.stdout, {
    line(text) {
      if (text !== '') lastSent = typed(peer, text, print, showKey);
    },
    ended: () => end(0),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(0));
  report(peer, print, end);
  const { newKey } = options;
  const target = targetOf(options);
  print(`*** Your Client ID: ${peer.id} ***`);
  // Whoever waits for a server that does not answer can still leave.
  if (newKey) await Promise.race([showKey(), ended]);
  if (target) pairWith(peer, target, print);
  const status = await ended;
  // What was typed last, before the end of input, is still sent.
  if (peer.isOpen) await lastSent;
  terminal.close();
  await peer.close();
  return status;
}

/** Prints what happens to the peer. */
function report(peer: Peer, print: Print, end: (status: number) => void): void {
  peer.on('paired', ({ peerId, initiator }) =>
    // The original protocol's word for the responder: programs may read it.
    print(`*** Paired with ${peerId}! You are the ${initiator ? 'initiator' : 'receiver'}. ***`),
  );
  peer.on('open', () => print('*** Data channel opened! You can now send messages. ***'));
  peer.on('message', (data) => print(`< Peer: ${shown(data)}`));
  peer.on('error', (error) => {
    printFailure(error, print);
    if (peer.signaling === 'online' && peer.state === 'unpaired') print('Ready for new connection.');
  });
  peer.on('peer_disconnected', ({ peerId }) => {
    print(`*** Peer ${peerId} disconnected. ***`);
    print('Ready for new connection.');
  });
  let isOnline = true;
  peer.on('signaling', (state, id) => {
    // Printed once, and not again for every failed attempt.
    if (isOnline && state === 'waiting') print('*** Connection to the server lost. Trying again. ***');
    if (state === 'online') print(`*** Your Client ID: ${id} ***`);
    isOnline = state === 'online';
    if (state === 'lost') end(1);
  });
}

async function pairWith(peer: Peer, target: { id: string } | { key: string }, print: Print): Promise<void> {
  await peer.pair(target).catch((error) => printFailure(error, print));
}

/**
 * Pairs with the client that a line names. If the line was meant as a message, the error shows that it was taken for a
 * name.
 */
async function pairAsTyped(peer: Peer, text: string, print: Print): Promise<void> {
  const target = parsePairingKey(text) === undefined ? { id: text } : { key: text };
  try {
    await peer.pair(target);
  } catch (error) {
    printFailure(error, print);
    if (error instanceof PairlaneError && ['target_not_found', 'key_not_found'].includes(error.code))
      print('*** Not paired yet: what you type is taken for the id or key of a peer. ***');
  }
}

/**
 * A line with a slash is a command. While unpaired, any other line names the peer to pair with; with an open channel,
 * it is a message.
 */
async function typed(peer: Peer, line: string, print: Print, showKey: () => Promise<void>): Promise<void> {
  const text = await messageIn(line, peer, print, showKey);
  if (text === undefined) return;
  if (peer.isOpen) await peer.send(text).catch((error) => print(described(error)));
  else if (peer.peerId === undefined) await pairAsTyped(peer, text, print);
  else print('*** Waiting for the data channel to open. ***');
}
