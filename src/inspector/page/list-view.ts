/** Search among the machines of a kind. The server answers with one screenful at a time. */
import type { InspectMessage, ListedMachine, ListRequest, ListRow } from '../../protocol/inspect.ts';
import { describeState } from '../timeline.ts';
import { describeAge, h } from './dom.ts';

type Answer = Extract<InspectMessage, { type: 'list' }>;

const TYPING_PAUSE_MS = 120;

/** A kind of machines to search among. */
export interface Listable {
  readonly machine: ListedMachine;
  readonly title: string;
  readonly stateIds: readonly string[];
}

export class ListView {
  readonly element: HTMLElement;
  readonly #ask: (request: ListRequest) => void;
  readonly #query = h('input', {
    type: 'search',
    id: 'query',
    placeholder: 'part of an id',
    input: () => this.#typed(),
  });
  readonly #of: HTMLSelectElement;
  readonly #state = h('select', { id: 'state', change: () => this.#changed() });
  readonly #sort = choice('sort', { newest: 'newest first', oldest: 'oldest first' }, () => this.#changed());
  readonly #total = h('span', { class: 'total', role: 'status' });
  readonly #rows = h('tbody');
  readonly #earlier = h('button', { type: 'button', click: () => this.#page(-1) }, 'Previous');
  readonly #later = h('button', { type: 'button', click: () => this.#page(1) }, 'Next');
  readonly #listables: readonly Listable[];
  #seq = 0;
  #offset = 0;
  #pageSize = 100;
  #typing: number | undefined;

  constructor(ask: (request: ListRequest) => void, listables: readonly Listable[]) {
    this.#ask = ask;
    this.#listables = listables;
    const titles = Object.fromEntries(listables.map(({ machine, title }) => [machine, title]));
    this.#of = choice('of', titles, () => this.#changed());
    // What people come for.
    if ('pairing' in titles) this.#of.value = 'pairing';
    this.element = h(
      'section',
      { class: 'list', 'aria-label': 'Search' },
      h(
        'form',
        { class: 'search', submit: (event) => event.preventDefault() },
        h('label', {}, 'Show ', this.#of),
        h('label', {}, 'with id ', this.#query),
        h('label', {}, 'in state ', this.#state),
        this.#sort,
        this.#earlier,
        this.#later,
        this.#total,
      ),
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h('tr', {}, ...['Id', 'Peer', 'State', 'Age', ''].map((name) => h('th', { scope: 'col' }, name))),
        ),
        this.#rows,
      ),
    );
    this.#fillStates();
  }

  /** Asks for what is shown now: at first, and as things change. */
  refresh(): void {
    this.#seq += 1;
    this.#ask({
      type: 'list',
      seq: this.#seq,
      of: this.#of.value as ListRequest['of'],
      query: this.#query.value,
      state: this.#state.value,
      sort: this.#sort.value as ListRequest['sort'],
      offset: this.#offset,
    });
  }

  show({ seq, total, rows }: Answer): void {
    // An answer to an older question must not replace that to a newer one.
    if (seq !== this.#seq) return;
    this.#pageSize = Math.max(rows.length, 1);
    const last = this.#offset + rows.length;
    this.#total.textContent =
      total === 0
        ? 'none'
        : `${(this.#offset + 1).toLocaleString('en')}–${last.toLocaleString('en')} of ${total.toLocaleString('en')}`;
    this.#earlier.disabled = this.#offset === 0;
    this.#later.disabled = last >= total;
    this.#rows.replaceChildren(...rows.map(rowElement));
  }

  #typed(): void {
    clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => this.#changed(), TYPING_PAUSE_MS);
  }

  #changed(): void {
    this.#offset = 0;
    this.#fillStates();
    this.refresh();
  }

  #page(by: number): void {
    this.#offset = Math.max(0, this.#offset + by * this.#pageSize);
    this.refresh();
  }

  #fillStates(): void {
    const of = this.#of.value;
    if (this.#state.dataset.of === of) return;
    this.#state.dataset.of = of;
    const stateIds = this.#listables.find(({ machine }) => machine === of)?.stateIds ?? [];
    this.#state.replaceChildren(
      h('option', { value: '' }, 'any'),
      ...stateIds.map((id) => h('option', { value: id }, id.replace(`${of}.`, ''))),
    );
  }
}

function choice(
  id: string,
  options: Readonly<Record<string, string>>,
  change: () => void,
): HTMLSelectElement {
  return h(
    'select',
    { id, change },
    ...Object.entries(options).map(([value, text]) => h('option', { value }, text)),
  );
}

function rowElement({ id, peer_id, state, age_ms, epoch }: ListRow): HTMLElement {
  return h(
    'tr',
    {},
    h('td', { class: 'id' }, id),
    h('td', { class: 'id' }, peer_id ?? ''),
    h('td', {}, describeState(state)),
    h('td', { class: 'age' }, describeAge(age_ms)),
    h('td', {}, epoch === undefined ? '' : h('a', { href: `#/pairing/${epoch}` }, 'see')),
  );
}
