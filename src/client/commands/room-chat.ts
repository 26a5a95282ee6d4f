/** `pairlane chat --room`: what is typed goes to all members of the room, from peer to peer. */
import type { Room } from '../index.ts';
import { PairlaneError } from '../peer/errors.ts';
import { type CliPeerOptions, connect, shown, wordsOf } from './peer-command-options.ts';
import { Terminal } from './terminal.ts';

export interface RoomChatOptions extends CliPeerOptions {
  readonly password?: string | undefined;
}

type Print = (line: string) => void;

/** @returns the process's exit status */
export async function chatInRoom(name: string, options: RoomChatOptions): Promise<number> {
  const peer = await connect(options);
  let end: (status: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  let room: Room | undefined;
  let lastSent: Promise<void> = Promise.resolve();
  const terminal = new Terminal(process.stdin, process.stdout, {
    line(text) {
      if (text !== '' && room) lastSent = say(room, text, print);
    },
    ended: () => end(0),
  });
  const print = (line: string) => terminal.print(line);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(0));
  peer.on('error', (error) => print(described(error)));
  const enter = async () => {
    try {
      const { password } = options;
      room = await peer.join(name, password === undefined ? {} : { password });
      const { size } = room.peers;
      print(`*** You are ${peer.id} in ${name}, with ${size} ${size === 1 ? 'other' : 'others'}. ***`);
      report(room, print, end);
    } catch (error) {
      printFailure(error, print);
      end(1);
    }
  };
  // Whoever waits for a server that does not answer can still leave.
  await Promise.race([enter(), ended]);
  const status = await ended;
  // What was typed last, before the end of input, is still sent.
  await lastSent;
  await room?.leave();
  terminal.close();
  await peer.close();
  return status;
}

async function say(room: Room, text: string, print: Print): Promise<void> {
  try {
    const { missed } = await room.broadcast(text);
    if (missed.length > 0) print(`*** Not reached: ${missed.join(', ')} ***`);
  } catch (error) {
    print(described(error));
  }
}

function report(room: Room, print: Print, end: (status: number) => void): void {
  room.on('peer', ({ id }) => print(`*** ${id} is here. ***`));
  room.on('left', ({ id, reason }) => print(`*** ${id} is gone (${reason}). ***`));
  room.on('leader', (id) => print(`*** ${id ?? 'Nobody'} leads the room. ***`));
  room.on('message', (data, from) => print(`< ${from}: ${shown(data)}`));
  room.on('edge', ({ id, state, reason }) => {
    if (state === 'connected') print(`*** Connected with ${id}. ***`);
    if (state === 'missing') print(`*** No connection with ${id} (${reason}); trying again. ***`);
  });
  room.on('close', ({ reason, error }) => {
    if (reason === 'left') return;
    print(error ? described(error) : `*** You are no longer in the room (${reason}). ***`);
    end(1);
  });
}

export function described(error: unknown): string {
  const isFromServer = error instanceof PairlaneError && error.isFromServer;
  return `*** ${isFromServer ? 'Server Error' : 'Error'}: ${wordsOf(error)} ***`;
}

/** Prints an error, unless it only says that the user is leaving. */
export function printFailure(error: unknown, print: Print): void {
  if (!(error instanceof PairlaneError && error.code === 'closed')) print(described(error));
}
