/** The inspector's page: which view is shown, and the link that feeds it. */
import type { InspectMessage, ListedMachine } from '../../protocol/inspect/inspect-messages.ts';
import { parseRecord, RecordError } from '../records/record.ts';
import type { Detail } from './chart-panel.ts';
import { h } from './dom.ts';
import { Feed, type LinkState } from './feed.ts';
import { DEFAULT_MACHINES, PopulationView } from './population-view.ts';
import { RecordView } from './record-view.ts';

const linkTexts: Readonly<Record<LinkState, string>> = {
  connecting: 'Connecting to the server …',
  connected: 'Connected',
  lost: 'Not connected: the server does not answer. Trying again …',
  token_needed: 'This server wants a token.',
  wrong_token: 'That token is wrong.',
  no_server: 'No server: open a recorded pairing.',
};

class Page {
  readonly #feed = new Feed({
    message: (message) => this.#received(message),
    state: (state) => this.#linkChanged(state),
  });
  /** Which of several nodes this is: people have a page of each open. */
  readonly #node = h('span', { class: 'this-node' });
  readonly #link = h('p', { class: 'link', role: 'status' });
  readonly #tokenForm = this.#createTokenForm();
  readonly #main = h('main');
  readonly #problem = h('p', { class: 'problem', role: 'alert' });
  #detail: Detail = 'brief';
  #machines = DEFAULT_MACHINES;
  #population = this.#createPopulation();
  #record: RecordView | undefined;
  /** A record that was opened from a file stays until another view is chosen. */
  #isFile = false;

  start(): void {
    const openFile = h('input', {
      type: 'file',
      id: 'file',
      accept: '.jsonl',
      change: () => this.#openFile(openFile),
    });
    const details = h('input', {
      type: 'checkbox',
      id: 'details',
      change: () => this.#setDetail(details.checked),
    });
    document.body.append(
      h(
        'header',
        {},
        h('a', { href: '#/', class: 'home' }, 'Pairlane inspector'),
        this.#node,
        this.#link,
        h('label', {}, details, ' Guards and actions'),
        h('label', { class: 'file' }, 'Open a record ', openFile),
      ),
      this.#tokenForm,
      this.#problem,
      this.#main,
    );
    window.addEventListener('hashchange', () => this.#route());
    this.#feed.open();
  }

  #route(): void {
    this.#problem.textContent = '';
    const epoch = /^#\/(?:pairing|link)\/(\d+)$/.exec(location.hash)?.[1];
    this.#isFile = false;
    this.#record = undefined;
    if (epoch !== undefined) {
      this.#feed.send({ type: 'watch', epoch: Number(epoch) });
      return;
    }
    this.#feed.send({ type: 'unwatch' });
    this.#main.replaceChildren(this.#population.element);
    this.#population.list.refresh();
  }

  #received(message: InspectMessage): void {
    switch (message.type) {
      case 'hello':
        this.#showMachines(message.machines);
        this.#showNode(message.node);
        if (!this.#isFile) this.#route();
        return;
      case 'population':
        if (!this.#record) this.#population.show(message);
        return;
      case 'network':
        this.#population.showNetwork(message.network);
        return;
      case 'list':
        this.#population.list.show(message);
        return;
      case 'record':
        if (this.#isFile) return;
        this.#showRecord(new RecordView(message.record, this.#detail));
        return;
      case 'line':
        if (!this.#isFile && this.#record?.epoch === message.epoch) this.#record.add(message.line);
        return;
      case 'not_found':
        this.#problem.textContent = `${location.hash.startsWith('#/link') ? 'Link' : 'Pairing'} ${message.epoch} is over, and nobody watched it.`;
        this.#main.replaceChildren(this.#population.element);
    }
  }

  /** Another server, or the same one with other options, may have others than before. */
  #showMachines(machines: readonly ListedMachine[]): void {
    if (machines.join() === this.#machines.join()) return;
    this.#machines = machines;
    this.#population = this.#createPopulation();
  }

  #showNode(node: number | undefined): void {
    const name = node === undefined ? '' : `node ${node}`;
    this.#node.textContent = name;
    document.title = [name, 'Pairlane inspector'].filter(Boolean).join(' · ');
  }

  #createPopulation(): PopulationView {
    return new PopulationView(this.#machines, (request) => this.#feed.send(request), this.#detail);
  }

  #showRecord(view: RecordView): void {
    this.#record = view;
    this.#main.replaceChildren(view.element);
    view.shown();
  }

  async #openFile({ files }: HTMLInputElement): Promise<void> {
    const [file] = files ?? [];
    if (!file) return;
    this.#problem.textContent = '';
    try {
      const record = parseRecord(await file.text());
      this.#feed.send({ type: 'unwatch' });
      this.#isFile = true;
      this.#showRecord(new RecordView(record, this.#detail));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#problem.textContent = `${file.name}: ${error.message}`;
    }
  }

  #setDetail(isFull: boolean): void {
    this.#detail = isFull ? 'full' : 'brief';
    this.#population.setDetail(this.#detail);
    this.#record?.setDetail(this.#detail);
  }

  #linkChanged(state: LinkState): void {
    // While it connects, it is not known yet which machines the server has.
    if (state !== 'connecting' && this.#main.childElementCount === 0)
      this.#main.replaceChildren(this.#population.element);
    this.#link.textContent = linkTexts[state];
    this.#link.dataset.state = state;
    this.#tokenForm.hidden = state !== 'token_needed' && state !== 'wrong_token';
    document.body.classList.toggle('stale', state === 'lost');
  }

  #createTokenForm(): HTMLFormElement {
    const token = h('input', { type: 'password', id: 'token', autocomplete: 'off' });
    const submit = (event: Event) => {
      event.preventDefault();
      this.#feed.useToken(token.value);
    };
    return h(
      'form',
      { class: 'token', hidden: true, submit },
      h('label', {}, 'Token (--inspect-token) ', token),
      h('button', {}, 'Open'),
    );
  }
}

new Page().start();
