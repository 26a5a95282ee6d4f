/** The terminal side of the relay chat, as pure functions: parses typed lines, and formats events. */
import { printable } from '../../common/printable.ts';
import { MAX_RELAY_ID } from '../../protocol/relay-chat/index.ts';
import type { RelayChatConnection, RelayChatEvent } from './relay-chat-client.ts';

export type RelayChatInput =
  | { readonly type: 'message'; readonly to: number; readonly text: string }
  | { readonly type: 'who' }
  | { readonly type: 'help' }
  | { readonly type: 'quit'; readonly text: string }
  | { readonly type: 'nothing' }
  | { readonly type: 'mistake'; readonly text: string };

export const RELAY_CHAT_HELP =
  '/who lists who is there, /msg ID TEXT sends a text, /quit TEXT says goodbye, /help shows this.';

/** What a typed line asks for. */
export function readInput(line: string): RelayChatInput {
  const [command, rest] = cutWord(line);
  switch (command) {
    case '':
      return { type: 'nothing' };
    case '/who':
      return { type: 'who' };
    case '/help':
      return { type: 'help' };
    case '/quit':
      return { type: 'quit', text: rest };
    case '/msg': {
      const [id, text] = cutWord(rest);
      const to = /^\d{1,10}$/.test(id) ? Number(id) : 0;
      if (to < 1 || to > MAX_RELAY_ID)
        return { type: 'mistake', text: 'Write /msg ID TEXT, with an id that /who shows.' };
      return text === ''
        ? { type: 'mistake', text: 'Write /msg ID TEXT: the text is missing.' }
        : { type: 'message', to, text };
    }
    default:
      return {
        type: 'mistake',
        text: command.startsWith('/')
          ? `There is no command ${printable(command)}. ${RELAY_CHAT_HELP}`
          : `To whom? ${RELAY_CHAT_HELP}`,
      };
  }
}

/** The first word, and what follows the space after it. */
function cutWord(line: string): [word: string, rest: string] {
  const [, word = '', rest = ''] = /^\s*(\S*)\s?(.*)$/s.exec(line) ?? [];
  return [word, rest];
}

/** An event as a line for people. */
export function describeEvent(event: RelayChatEvent): string {
  switch (event.type) {
    case 'registered':
      return `* ${printable(event.text)} (your id is ${event.id})`;
    case 'refused':
    case 'status':
      return `! ${printable(event.text)}`;
    case 'joined':
      return `+ ${named(event)}${event.info ? `: ${printable(event.info)}` : ''}`;
    case 'left':
      return `- ${named(event)}${event.text ? `: ${printable(event.text)}` : ''}`;
    case 'chat':
      return `${named({ id: event.from, name: event.name })} > ${printable(event.text)}`;
    case 'closed':
      return event.reason ? `! ${printable(event.reason)}` : '* Goodbye.';
  }
}

/** The other clients, one per line. */
export function describeWho({
  identity,
  others,
}: Pick<RelayChatConnection, 'identity' | 'others'>): string[] {
  const sorted = [...others.values()].sort((a, b) => a.id - b.id);
  return [
    `  ${named(identity)}, you`,
    ...sorted.map((other) => `  ${named(other)}${other.info ? `: ${printable(other.info)}` : ''}`),
  ];
}

const named = ({ id, name }: { id: number; name: string }) => `${printable(name) || 'nameless'} (${id})`;
