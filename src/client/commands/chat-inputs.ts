/** The commands of a chat: lines that begin with a slash. */
import type { Peer } from '../index.ts';
import { describeStats } from '../rtc/connection-stats.ts';
import { described } from './room-chat.ts';

export type Print = (line: string) => void;

interface ChatInput {
  readonly about: string;
  run(peer: Peer, print: Print, showKey: () => Promise<void>): Promise<void> | void;
}

const inputs: Readonly<Record<string, ChatInput>> = {
  '/help': {
    about: 'list these commands',
    run(_, print) {
      for (const [name, { about }] of Object.entries(inputs)) print(`  ${name.padEnd(10)}${about}`);
      print('  //text    a message that begins with a slash');
      print('  Ctrl+C    end the chat');
    },
  },
  '/new-key': { about: 'make a key for someone else to pair with you', run: (_, __, showKey) => showKey() },
  '/stats': {
    about: 'show the connection: direct or by a relay, round-trip time, bytes',
    async run(peer, print) {
      const stats = await peer.stats();
      if (!stats) {
        print('*** There is no connection. ***');
        return;
      }
      const { bytesSent, bytesReceived } = stats;
      print(`*** ${describeStats(stats)}; ${bytesSent} bytes sent, ${bytesReceived} received ***`);
    },
  },
  '/unpair': { about: 'leave the peer, and wait for another one', run: (peer) => peer.unpair() },
};

/** @returns the message to send; undefined if the line was a command, which has been carried out */
export async function messageIn(
  text: string,
  peer: Peer,
  print: Print,
  showKey: () => Promise<void>,
): Promise<string | undefined> {
  if (text.startsWith('//')) return text.slice(1);
  if (!text.startsWith('/')) return text;
  const input = Object.hasOwn(inputs, text) ? inputs[text] : undefined;
  if (!input) print(`*** There is no ${text}; /help shows what there is. ***`);
  else
    try {
      await input.run(peer, print, showKey);
    } catch (error) {
      print(described(error));
    }
  return undefined;
}
