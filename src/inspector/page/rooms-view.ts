/** The rooms of a server: a searchable list, those with missing edges first. */
import type { RoomRow, ViewMessage } from '../../protocol/inspect/views.ts';
import { clockTime } from './clock-time.ts';
import { foreign, h, keepChildren } from './dom.ts';
import { badge, countsOf, countWords } from './edge-words.ts';
import { plural } from './graph-drawing.ts';
import { rememberInUrl } from './place.ts';

const TYPING_PAUSE_MS = 120;

export class RoomsView {
  readonly element: HTMLElement;
  readonly #ask: (query: string) => void;
  readonly #query = h('input', {
    type: 'search',
    id: 'room-query',
    maxlength: 256,
    placeholder: 'part of one',
    input: () => this.#typed(),
  });
  readonly #total = h('span', { class: 'total', role: 'status' });
  readonly #heads = h('tr');
  readonly #rows = h('tbody');
  readonly #table = h(
    'div',
    { class: 'table', hidden: true },
    h('table', {}, h('thead', {}, this.#heads), this.#rows),
  );
  readonly #empty = h('p', { class: 'empty', hidden: true });
  #typing: number | undefined;

  /** @param ask called when another part of a name is searched for */
  constructor(ask: (query: string) => void) {
    this.#ask = ask;
    this.element = h(
      'section',
      { class: 'list', 'aria-label': 'Rooms' },
      h('h1', { class: 'hidden' }, 'Rooms'),
      h(
        'form',
        { class: 'search', submit: (event) => event.preventDefault() },
        h('label', {}, 'Rooms with the name ', this.#query),
        this.#total,
      ),
      this.#table,
      this.#empty,
    );
  }

  get query(): string {
    return this.#query.value;
  }

  /** Takes the search from the URL. */
  restore(params: URLSearchParams): void {
    this.#query.value = (params.get('q') ?? '').slice(0, 256);
  }

  focusSearch(): void {
    this.#query.focus();
  }

  show({ query, total, rooms }: Extract<ViewMessage, { type: 'rooms' }>): void {
    if (query !== this.query) return;
    const haveApps = rooms.some(({ app }) => app !== '');
    keepChildren(this.#total, [
      total > rooms.length ? `${rooms.length} of ${total.toLocaleString('en')}` : plural(total, 'room'),
    ]);
    const heads = ['Room', ...(haveApps ? ['App'] : []), 'Edges', 'Members', 'Topology', 'State', 'Since'];
    keepChildren(
      this.#heads,
      heads.map((title) => h('th', { scope: 'col' }, title)),
    );
    keepChildren(
      this.#rows,
      rooms.map((room) => rowOf(room, haveApps)),
    );
    this.#table.hidden = total === 0;
    this.#empty.hidden = total > 0;
    this.#empty.textContent =
      query === '' ? 'No room to show. Clients make rooms by joining them.' : 'Nothing fits this search.';
  }

  #typed(): void {
    clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => {
      // The user may have gone on to another place.
      if (!this.element.isConnected) return;
      rememberInUrl({ q: this.query });
      this.#ask(this.query);
    }, TYPING_PAUSE_MS);
  }
}

export function roomLink({ app, name }: Pick<RoomRow, 'app' | 'name'>): string {
  return `#/room/${encodeURIComponent(app)}/${encodeURIComponent(name)}`;
}

function rowOf(room: RoomRow, haveApps: boolean): HTMLElement {
  const { app, name, edges, members, topology, state, since } = room;
  const counts = countsOf(edges);
  const cells = [
    [h('a', { href: roomLink(room) }, foreign(name))],
    ...(haveApps ? [[foreign(app)]] : []),
    [
      ...counts.flatMap((count) => [badge(count[0], countWords(count)), ' ']),
      ...(edges.unknown > 0 ? [`${edges.unknown.toLocaleString('en')} only other nodes know`] : []),
      ...(edges.wanted === 0 ? ['pairs nobody'] : []),
    ],
    [members.toLocaleString('en')],
    [topology],
    [state],
    [clockTime(since)],
  ];
  return h('tr', { 'data-key': `${app} ${name}` }, ...cells.map((cell) => h('td', {}, ...cell)));
}
