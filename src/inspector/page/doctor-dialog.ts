/** The dialog of the connection test: each result with what it means and what to do about it. */
import { examineFromHere } from './doctor-checks.ts';
import { button, h } from './dom.ts';

const signs = { ok: '✓', warning: '!', bad: '✗', skipped: '–' } as const;
const words = { ok: 'in order', warning: 'may fail', bad: 'fails', skipped: 'not tried' } as const;

export class DoctorDialog {
  readonly #lines = h('ul', { class: 'checks' });
  readonly #state = h('p', { role: 'status' });
  readonly #again = button('Try again', () => void this.#run());
  readonly element = h(
    'dialog',
    { class: 'doctor', 'aria-labelledby': 'doctor-title' },
    h('h2', { id: 'doctor-title' }, 'What connects from here'),
    this.#state,
    this.#lines,
    h('p', { class: 'fine' }, 'From another machine, with more detail: pairlane doctor --url URL'),
    h(
      'div',
      { class: 'dialog-buttons' },
      this.#again,
      button('Close', () => this.element.close()),
    ),
  );

  open(): void {
    this.element.showModal();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#again.disabled) return;
    this.#again.disabled = true;
    this.#lines.replaceChildren();
    this.#state.textContent = 'Trying …';
    // The page is one level below the server's own path.
    const server = new URL('..', new URL('.', location.href.split('#')[0]));
    server.search = '';
    let worst: keyof typeof signs = 'ok';
    for await (const { name, status, text, remedy } of examineFromHere(server)) {
      if (status === 'bad' || (status === 'warning' && worst === 'ok')) worst = status;
      this.#lines.append(
        h(
          'li',
          { 'data-status': status },
          h('span', { class: 'sign', role: 'img', 'aria-label': words[status] }, signs[status]),
          h('strong', {}, name),
          h('span', {}, text),
          remedy === undefined ? undefined : h('span', { class: 'to-do' }, remedy),
        ),
      );
    }
    this.#state.textContent =
      worst === 'ok'
        ? 'All that a connection needs is there.'
        : worst === 'bad'
          ? 'Connections will fail from here, for what is marked ✗.'
          : 'Some connections may fail, for what is marked !.';
    this.#again.disabled = false;
  }
}
