/** The conversation: what was said, and where to say more. What the peer says is text, and never HTML. */
import type { Peer } from '../client/browser/index.ts';
import { element } from './dom.ts';

type From = 'me' | 'peer' | 'page';

const spoken: { readonly [Who in From]: string } = { me: 'You: ', peer: 'Peer: ', page: '' };

export class Chat {
  readonly #log = element('log');
  readonly #message = element('message', HTMLInputElement);

  constructor(peer: Peer) {
    element('composer').addEventListener('submit', async (event) => {
      event.preventDefault();
      const text = this.#message.value;
      if (text === '') return;
      this.#message.value = '';
      try {
        await peer.send(text);
        this.add('me', text);
      } catch (error) {
        this.add('page', (error as Error).message);
        this.#message.value = text;
      }
    });
  }

  /** A new conversation. */
  begin(): void {
    this.#log.replaceChildren();
    element('chat').hidden = false;
  }

  /** Whether one may write. */
  set isOpen(isOpen: boolean) {
    for (const control of element('composer').querySelectorAll<HTMLInputElement>('input, button')) {
      control.disabled = !isOpen;
    }
    element('composer').hidden = !isOpen;
    if (isOpen) this.#message.focus();
  }

  add(from: From, data: string | Uint8Array): void {
    const item = document.createElement('li');
    item.dataset.from = from;
    const who = document.createElement('span');
    who.className = 'who';
    who.textContent = spoken[from];
    item.append(who, typeof data === 'string' ? data : `[${data.length} bytes]`);
    this.#log.append(item);
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}
