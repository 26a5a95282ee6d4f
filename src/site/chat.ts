/**
 * The conversation: what was said and sent, and the input for more. The peer's messages are shown as text, never as
 * HTML.
 */
import type { Peer } from '../client/browser/index.ts';
import { element } from './dom.ts';
import { Files, sizeWords } from './files.ts';
import { problemOf } from './labels.ts';
import type { Lane } from './lane.ts';

type From = 'me' | 'peer' | 'page';

const spoken: { readonly [Who in From]: string } = { me: 'You: ', peer: 'Peer: ', page: '' };

export class Chat {
  readonly #peer: Peer;
  readonly #lane: Lane;
  readonly #files: Files;
  readonly #log = element('log');
  readonly #lines = element('lines');
  readonly #message = element('message', HTMLInputElement);
  readonly #progress = element('progress');
  #isOpen = false;

  constructor(peer: Peer, lane: Lane) {
    this.#peer = peer;
    this.#lane = lane;
    this.#files = new Files(peer, {
      received: (file, words) => this.#received(file, words),
      progress: (name, part, from) => this.#showProgress(name, part, from),
    });
    element('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#say(this.#message.value);
    });
    // It scrolls, so keyboard users must be able to focus it.
    this.#log.tabIndex = 0;
    peer.on('message', (data) => this.#take(data));
    this.#acceptFiles();
  }

  /** Starts a new conversation. */
  begin(): void {
    for (const link of this.#lines.querySelectorAll('a')) URL.revokeObjectURL(link.href);
    this.#lines.replaceChildren();
    this.#files.begin();
    element('chat').hidden = false;
  }

  /** Whether messages can be sent. */
  set isOpen(isOpen: boolean) {
    this.#isOpen = isOpen;
    for (const control of element('composer').querySelectorAll<HTMLInputElement>('input, button')) {
      control.disabled = !isOpen;
    }
    element('composer').hidden = !isOpen;
    if (isOpen) this.#message.focus();
    else {
      this.#files.begin();
      this.#showProgress('', 1, 'me');
    }
  }

  add(from: From, ...content: (string | Node)[]): void {
    const item = document.createElement('li');
    item.dataset.from = from;
    const who = document.createElement('span');
    who.className = 'who';
    who.textContent = spoken[from];
    item.append(who, ...content);
    this.#lines.append(item);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  async #say(text: string): Promise<void> {
    if (text === '') return;
    this.#message.value = '';
    try {
      await this.#peer.send(text);
      this.#lane.packet('me', 'text');
      this.add('me', text);
    } catch (error) {
      this.add('page', problemOf(error as Parameters<typeof problemOf>[0], false));
      this.#message.value = text;
    }
  }

  #take(data: string | Uint8Array): void {
    if (typeof data === 'string') {
      this.#lane.packet('peer', 'text');
      this.add('peer', data);
    } else if (!this.#files.take(data)) this.add('peer', `[${data.length} bytes]`);
  }

  #received(file: File | undefined, words: string): void {
    if (!file) {
      this.add('page', words);
      return;
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = file.name;
    link.textContent = `${file.name} (${words})`;
    this.add('peer', link);
  }

  #showProgress(name: string, part: number, from: 'me' | 'peer'): void {
    this.#progress.hidden = part >= 1;
    this.#progress.textContent = `${from === 'me' ? 'Sending' : 'Receiving'} ${name}: ${Math.floor(part * 100)} %`;
    this.#lane.packet(from, 'file');
  }

  async #sendFiles(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      try {
        await this.#files.send(file);
        this.add('me', `${file.name} (${sizeWords(file.size)})`);
      } catch (error) {
        this.#showProgress('', 1, 'me');
        this.add('page', (error as Error).message);
      }
    }
  }

  /** Files dropped anywhere on the page, pasted, or chosen with the button. */
  #acceptFiles(): void {
    const input = element('files', HTMLInputElement);
    element('choose-files').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      void this.#sendFiles([...(input.files ?? [])]);
      input.value = '';
    });
    // Otherwise the browser would leave the page and open the dropped file.
    addEventListener('dragover', (event) => {
      event.preventDefault();
      document.body.dataset.isDropping = String(this.#isOpen);
    });
    addEventListener('dragleave', ({ relatedTarget }) => {
      if (!relatedTarget) document.body.dataset.isDropping = 'false';
    });
    const take = (event: Event, data: DataTransfer | null) => {
      const files = [...(data?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      if (this.#isOpen) void this.#sendFiles(files);
    };
    addEventListener('drop', (event) => {
      event.preventDefault();
      document.body.dataset.isDropping = 'false';
      take(event, event.dataTransfer);
    });
    addEventListener('paste', (event) => take(event, event.clipboardData));
  }
}
