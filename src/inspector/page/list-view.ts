/** Searches the machines of one kind. The server answers with one page at a time. */
import type {
  InspectMessage,
  ListedMachine,
  ListRequest,
  ListRow,
} from '../../protocol/inspect/inspect-messages.ts';
import { describeState } from '../records/timeline.ts';
import { atNode, button, describeAge, foreign, h, keepChildren } from './dom.ts';
import { rememberInUrl } from './place.ts';

type Answer = Extract<InspectMessage, { type: 'list' }>;

const TYPING_PAUSE_MS = 120;
/** The server accepts no longer queries. */
const MAX_QUERY_CHARS = 256;

interface Column {
  readonly of: 'id' | 'peer_id' | 'game' | 'name' | 'outcome' | 'candidates' | 'took' | 'lasted';
  readonly title: string;
}

/** The columns before state and age. */
const columns: Readonly<Record<ListedMachine, readonly Column[]>> = {
  session: [
    { of: 'id', title: 'Id' },
    { of: 'peer_id', title: 'Peer' },
    { of: 'game', title: 'Game' },
  ],
  pairing: [
    { of: 'outcome', title: 'Outcome' },
    { of: 'id', title: 'A' },
    { of: 'peer_id', title: 'B' },
    { of: 'game', title: 'Game' },
    { of: 'candidates', title: 'Candidates A / B' },
    { of: 'took', title: 'Connected in' },
    { of: 'lasted', title: 'Lasted' },
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

const outcomes = {
  '': 'All',
  failed: 'Failed',
  stuck: 'Stuck over 10 s',
  open: 'Open',
  connected: 'Connected',
  left: 'Left',
} as const;
type OutcomeFilter = keyof typeof outcomes;

const emptyWords: Readonly<Record<string, string>> = {
  pairing:
    'No pairing to show. Open the page at / in two tabs and pair them, or open a sample or a record above.',
  session: 'No client is connected. Open the page at / in a tab.',
};

/** A kind of machine that can be searched. */
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
  readonly #table = h(
    'div',
    { class: 'table', hidden: true },
    h('table', {}, h('thead', {}, this.#heads), this.#rows),
  );
  readonly #empty = h('p', { class: 'empty', hidden: true });
  readonly #filters = h('div', { class: 'filters', role: 'group', 'aria-label': 'Outcome' });
  readonly #earlier = h('button', { type: 'button', click: () => this.#page(-1) }, 'Previous');
  readonly #later = h('button', { type: 'button', click: () => this.#page(1) }, 'Next');
  readonly #listables: readonly Listable[];
  readonly #hasGames: boolean;
  #seq = 0;
  #offset = 0;
  #pageSize = 100;
  #typing: number | undefined;
  #columns: readonly Column[] = [];
  #outcome: OutcomeFilter = '';

  /** @param hasGames whether the server hosts games */
  constructor(ask: (request: ListRequest) => void, listables: readonly Listable[], hasGames: boolean) {
    this.#ask = ask;
    this.#listables = listables;
    this.#hasGames = hasGames;
    const titles = Object.fromEntries(listables.map(({ machine, title }) => [machine, title]));
    this.#of = choice('of', titles, () => this.#changed());
    // Pairings are what people come for.
    if ('pairing' in titles) this.#of.value = 'pairing';
    this.element = h(
      'section',
      { class: 'list', 'aria-label': 'Search' },
      h(
        'form',
        { class: 'search', submit: (event) => event.preventDefault() },
        h('label', {}, 'Show ', this.#of),
        this.#filters,
        h('label', {}, 'with id ', this.#query),
        this.#gameLabel,
        h('label', {}, 'in state ', this.#state),
        h('label', {}, h('span', { class: 'hidden' }, 'Order '), this.#sort),
        this.#earlier,
        this.#later,
        this.#total,
      ),
      this.#table,
      this.#empty,
    );
    this.#filters.append(
      ...Object.entries(outcomes).map(([kind, title]) => {
        const filter = button(title, () => this.#filter(kind as OutcomeFilter));
        filter.dataset.outcome = kind;
        return filter;
      }),
    );
    this.#fillChoices();
    this.#pressFilter();
  }

  /** Takes the search from the URL. */
  restore(params: URLSearchParams): void {
    const of = params.get('of') ?? '';
    if (this.#listables.some(({ machine }) => machine === of)) this.#of.value = of;
    this.#query.value = (params.get('q') ?? '').slice(0, MAX_QUERY_CHARS);
    this.#game.value = (params.get('game') ?? '').slice(0, MAX_QUERY_CHARS);
    const outcome = params.get('outcome') ?? '';
    this.#outcome = Object.hasOwn(outcomes, outcome) ? (outcome as OutcomeFilter) : '';
    this.#fillChoices();
    this.#state.value = params.get('state') ?? '';
    if (this.#state.selectedIndex < 0) this.#state.value = '';
    this.#pressFilter();
  }

  /** Called by the `/` key. */
  focusSearch(): void {
    this.#query.focus();
  }

  #filter(kind: OutcomeFilter): void {
    this.#outcome = kind;
    this.#changed();
  }

  #pressFilter(): void {
    this.#filters.hidden = this.#of.value !== 'pairing';
    for (const filter of this.#filters.querySelectorAll('button'))
      filter.setAttribute('aria-pressed', String(filter.dataset.outcome === this.#outcome));
  }

  /** Requests the current rows: at first, and as things change. */
  refresh(): void {
    this.#seq += 1;
    this.#ask({
      type: 'list',
      seq: this.#seq,
      of: this.#of.value as ListRequest['of'],
      query: this.#query.value,
      ...(this.#columns.some(({ of }) => of === 'game') && { game: this.#game.value }),
      state: this.#state.value,
      ...(this.#outcome !== '' && this.#of.value === 'pairing' && { outcome: this.#outcome }),
      sort: this.#sort.value as ListRequest['sort'],
      offset: this.#offset,
    });
  }

  show({ seq, total, rows }: Answer): void {
    // A late answer must not replace that to a newer request.
    if (seq !== this.#seq) return;
    this.#pageSize = Math.max(rows.length, 1);
    const last = this.#offset + rows.length;
    const [from, to, all] = [this.#offset + 1, last, total].map((count) => count.toLocaleString('en'));
    keepChildren(this.#total, [total === 0 ? 'none' : `${from}–${to} of ${all}`]);
    this.#earlier.disabled = this.#offset === 0;
    this.#later.disabled = last >= total;
    keepChildren(
      this.#rows,
      rows.map((row) =>
        h(
          'tr',
          { 'data-key': `${row.id} ${row.epoch ?? ''}` },
          ...this.#cells(row).map((cell) => h('td', {}, cell)),
        ),
      ),
    );
    this.#empty.hidden = total > 0;
    this.#table.hidden = total === 0;
    const isSearch = this.#query.value + this.#game.value + this.#state.value + this.#outcome !== '';
    this.#empty.textContent = isSearch
      ? 'Nothing fits this search.'
      : (emptyWords[this.#of.value] ?? 'There is none.');
  }

  #typed(): void {
    clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => {
      // The user may have gone on to another place.
      if (this.element.isConnected) this.#changed();
    }, TYPING_PAUSE_MS);
  }

  #changed(): void {
    this.#offset = 0;
    this.#fillChoices();
    this.#pressFilter();
    const of = this.#of.value === 'pairing' ? '' : this.#of.value;
    const [q, game, state] = [this.#query, this.#game, this.#state].map(({ value }) => value);
    rememberInUrl({ of, q: q ?? '', game: game ?? '', state: state ?? '', outcome: this.#outcome });
    this.refresh();
  }

  #page(by: number): void {
    this.#offset = Math.max(0, this.#offset + by * this.#pageSize);
    this.refresh();
  }

  #columnsOf(machine: ListedMachine): readonly Column[] {
    return columns[machine].filter(({ of }) => of !== 'game' || this.#hasGames);
  }

  #chooseGame(game: string): void {
    this.#game.value = game;
    this.#changed();
  }

  #cells(row: ListRow): (HTMLElement | string)[] {
    const { state, age_ms, epoch } = row;
    const kind = this.#of.value === 'relay-link' ? 'link' : 'pairing';
    return [
      ...this.#columns.map(({ of }) => this.#cell(of, row, kind)),
      describeState(state),
      describeAge(age_ms),
      epoch === undefined
        ? this.#sessionLink(row)
        : h('a', { href: `#/${kind}/${epoch}`, 'aria-label': `see ${kind} ${epoch}` }, 'see'),
    ];
  }

  /** A session without a pairing has no record, but has a trail. */
  #sessionLink({ id }: ListRow): HTMLElement | string {
    if (this.#of.value !== 'session') return '';
    return h('a', { href: `#/session/${encodeURIComponent(id)}`, 'aria-label': `see session ${id}` }, 'see');
  }

  #cell(of: Column['of'], row: ListRow, kind: string): HTMLElement | string {
    const { outcome, epoch, room } = row;
    switch (of) {
      case 'outcome':
        if (!outcome) return '';
        return h(
          'a',
          { class: 'verdict', href: `#/${kind}/${epoch}` },
          h('span', { class: 'badge', 'data-kind': outcome.kind }, outcomes[outcome.kind].split(' ')[0]),
          ' ',
          outcome.cause,
          ...(room === undefined ? [] : [' In room ', foreign(room), '.']),
        );
      case 'candidates':
        return outcome?.candidates ?? '';
      case 'took':
        return outcome?.connect_ms === undefined ? '' : `${outcome.connect_ms} ms`;
      case 'lasted':
        return outcome?.lasted_ms === undefined ? '' : describeAge(outcome.lasted_ms);
    }
    const text = row[of] ?? '';
    if (text === '') return '';
    if (of === 'game')
      return h(
        'button',
        { type: 'button', class: 'game', click: () => this.#chooseGame(text) },
        foreign(text),
      );
    const knownAs = of === 'id' ? row.known_as : of === 'peer_id' ? row.peer_known_as : undefined;
    const name = knownAs === undefined ? [foreign(text)] : [foreign(knownAs), ` (${row.dialect})`];
    return h('span', { class: 'name', title: text }, ...name, row.elsewhere === of ? atNode(row.node) : '');
  }

  #fillChoices(): void {
    const of = this.#of.value;
    if (this.#state.dataset.of === of) return;
    this.#state.dataset.of = of;
    this.#columns = this.#columnsOf(of as ListedMachine);
    this.#heads.replaceChildren(
      ...[...this.#columns.map(({ title }) => title), 'State', 'Started', ''].map((title) =>
        title ? h('th', { scope: 'col' }, title) : h('td'),
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
