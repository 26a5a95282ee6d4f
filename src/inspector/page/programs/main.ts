/** The page of `pairlane inspect`: the actors of programs, and the live chart of the selected one. */
import type { ProgramsMessage } from '../../stately/program-messages.ts';
import type { Detail } from '../chart-panel.ts';
import { h } from '../dom.ts';
import { ActorList } from './actor-list.ts';
import { ActorView } from './actor-view.ts';
import { Link } from './link.ts';

class ProgramsPage {
  readonly #link = new Link({
    message: (message) => this.#received(message),
    state: (isOpen) => this.#linkChanged(isOpen),
  });
  readonly #state = h('p', { class: 'link', role: 'status' }, 'Connecting …');
  readonly #list = new ActorList((key) => this.#choose(key));
  readonly #place = h('div', { class: 'place' });
  #detail: Detail = 'brief';
  #key: number | undefined;
  #view: ActorView | undefined;

  start(): void {
    const full = h('input', {
      type: 'checkbox',
      change: () => this.#setDetail(full.checked ? 'full' : 'brief'),
    });
    document.body.append(
      h(
        'header',
        {},
        h('h1', { class: 'home' }, 'Pairlane programs'),
        this.#state,
        h('label', {}, full, ' Full charts'),
      ),
      h('main', { class: 'programs' }, this.#list.element, this.#place),
    );
    window.addEventListener('keydown', (event) => this.#pressed(event));
    this.#link.open();
  }

  #received(message: ProgramsMessage): void {
    switch (message.type) {
      case 'hello':
        // Another server, or a restarted one: its keys are different.
        this.#list.clear();
        this.#key = undefined;
        return;
      case 'actors': {
        this.#list.update(message.changed, message.dropped);
        const { first } = this.#list;
        if (this.#key === undefined && first) this.#choose(first.key);
        return;
      }
      case 'actor': {
        if (message.key !== this.#key) return;
        const { chart, problem, steps } = message;
        const name = this.#list.get(message.key)?.name ?? '';
        this.#view?.close();
        this.#view = new ActorView({ name, chart, problem, steps }, this.#detail);
        this.#place.replaceChildren(this.#view.element);
        return;
      }
      case 'steps':
        if (message.key === this.#key) this.#view?.add(message.steps);
    }
  }

  #choose(key: number): void {
    this.#key = key;
    this.#list.mark(key);
    this.#link.send({ type: 'watch', key });
  }

  #pressed(event: KeyboardEvent): void {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || !(target instanceof HTMLElement)) return;
    if (target.closest('input, .drawing, pre')) return;
    // Space presses the focused button.
    if (key === ' ' && target.closest('button, summary')) return;
    if (this.#view?.key(event)) event.preventDefault();
  }

  #setDetail(detail: Detail): void {
    this.#detail = detail;
    this.#view?.setDetail(detail);
  }

  #linkChanged(isOpen: boolean): void {
    this.#state.textContent = isOpen
      ? 'Connected'
      : 'Not connected: pairlane inspect has ended. Trying again …';
    this.#state.dataset.state = isOpen ? 'connected' : 'lost';
  }
}

new ProgramsPage().start();
