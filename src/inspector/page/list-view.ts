/** Search among the machines of a kind. The server answers with one screenful at a time. */
import type {
  InspectMessage,
  ListedMachine,
  ListRequest,
  ListRow,
} from '../../protocol/inspect/inspect-messages.ts';
import { describeState } from '../records/timeline.ts';
import { atNode, describeAge, foreign, h } from './dom.ts';

type Answer = Extract<InspectMessage, { type: 'list' }>;

const TYPING_PAUSE_MS = 120;
/** The server takes no longer ones. */
const MAX_QUERY_CHARS = 256;

interface Column {
  readonly of: 'id' | 'peer_id' | 'game' | 'name';
  readonly title: string;
}

/** Before state and age. */
const columns: Readonly<Record<ListedMachine, readonly Column[]>> = {
  session: [
    { of: 'id', title: 'Id' },
    { of: 'peer_id', title: 'Peer' },
  ],
  pairing: [
    { of: 'id', title: 'A' },
    { of: 'peer_id', title: 'B' },
    { of: 'game', title: 'Game' },
  ],
  player: [
    { of: 'id', title: 'Player' },
    { of: 'game', title: 'Game' },
  ],
  'relay-link': [
    { of: 'id', title: 'Host' },
    { of: 'name', title: 'Name' },
  ],
  'remote-session': [
    { of: 'id', title: 'Id' },
    { of: 'peer_id', title: 'Peer' },
  ],
  'node-link': [{ of: 'id', title: 'Node' }],
};

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
    maxlength: MAX_QUERY_CHARS,
    placeholder: 'part of one',
    input: () => this.#typed(),
  });
  readonly #of: HTMLSelectElement;
  readonly #state = h('select', { id: 'state', change: () => this.#changed() });
  readonly #sort = choice('sort', { newest: 'newest first', oldest: 'oldest first' }, () => this.#changed());
  readonly #total = h('span', { class: 'total', role: 'status' });
  readonly #game = h('input', {
    type: 'search',
    id: 'game',
    maxlength: MAX_QUERY_CHARS,
    placeholder: 'any',
    input: () => this.#typed(),
  });
  readonly #gameLabel = h('label', { hidden: true }, 'in game ', this.#game);
  readonly #heads = h('tr');
  readonly #rows = h('tbody');
  readonly #earlier = h('button', { type: 'button', click: () => this.#page(-1) }, 'Previous');
  readonly #later = h('button', { type: 'button', click: () => this.#page(1) }, 'Next');
  readonly #listables: readonly Listable[];
  #seq = 0;
  #offset = 0;
  #pageSize = 100;
  #typing: number | undefined;
  #columns: readonly Column[] = [];

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
        this.#gameLabel,
        h('label', {}, 'in state ', this.#state),
        this.#sort,
        this.#earlier,
        this.#later,
        this.#total,
      ),
      h('table', {}, h('thead', {}, this.#heads), this.#rows),
    );
    this.#fillChoices();
  }

  /** Asks for what is shown now: at first, and as things change. */
  refresh(): void {
    this.#seq += 1;
    this.#ask({
      type: 'list',
      seq: this.#seq,
      of: this.#of.value as ListRequest['of'],
      query: this.#query.value,
      ...(this.#columns.some(({ of }) => of === 'game') && { game: this.#game.value }),
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
    this.#rows.replaceChildren(...rows.map((row) => this.#rowElement(row)));
  }

  #typed(): void {
    clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => this.#changed(), TYPING_PAUSE_MS);
  }

  #changed(): void {
    this.#offset = 0;
    this.#fillChoices();
    this.refresh();
  }

  #page(by: number): void {
    this.#offset = Math.max(0, this.#offset + by * this.#pageSize);
    this.refresh();
  }

  #columnsOf(machine: ListedMachine): readonly Column[] {
    const hasGames = this.#listables.some((listable) => listable.machine === 'player');
    return columns[machine].filter(({ of }) => of !== 'game' || hasGames);
  }

  #chooseGame(game: string): void {
    this.#game.value = game;
    this.#changed();
  }

  #rowElement(row: ListRow): HTMLElement {
    const { state, age_ms, epoch } = row;
    return h(
      'tr',
      {},
      ...this.#columns.map(({ of }) =>
        h('td', {}, this.#cell(of, row[of] ?? ''), row.elsewhere === of ? atNode(row.node) : undefined),
      ),
      h('td', {}, describeState(state)),
      h('td', { class: 'age' }, describeAge(age_ms)),
      h(
        'td',
        {},
        epoch === undefined
          ? ''
          : h('a', { href: `#/${this.#of.value === 'relay-link' ? 'link' : 'pairing'}/${epoch}` }, 'see'),
      ),
    );
  }

  #cell(of: Column['of'], text: string): HTMLElement | string {
    if (text === '') return '';
    if (of !== 'game') return foreign(text);
    return h('button', { type: 'button', class: 'game', click: () => this.#chooseGame(text) }, foreign(text));
  }

  #fillChoices(): void {
    const of = this.#of.value;
    if (this.#state.dataset.of === of) return;
    this.#state.dataset.of = of;
    this.#columns = this.#columnsOf(of as ListedMachine);
    this.#heads.replaceChildren(
      ...[...this.#columns.map(({ title }) => title), 'State', 'Age', ''].map((title) =>
        h('th', { scope: 'col' }, title),
      ),
    );
    this.#rows.replaceChildren();
    this.#gameLabel.hidden = !this.#columns.some((column) => column.of === 'game');
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
