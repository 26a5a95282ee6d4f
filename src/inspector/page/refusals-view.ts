/** What the server refused: a count per kind, and the sessions that were refused last. */
import type { InspectMessage } from '../../protocol/inspect/inspect-messages.ts';
import { refusalWords } from '../records/refusal-words.ts';
import { clockTime } from './clock-time.ts';
import { foreign, h, keepChildren } from './dom.ts';

type Refusals = Extract<InspectMessage, { type: 'refusals' }>;

export class RefusalsView {
  readonly element: HTMLElement;
  readonly #kinds = h('tbody');
  readonly #recent = h('ol', { class: 'statuses' });

  constructor() {
    this.element = h(
      'section',
      { class: 'list refusals', 'aria-label': 'Refusals', hidden: true },
      h(
        'div',
        { class: 'refused-kinds' },
        h('h2', {}, 'Refused'),
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ...['Kind', 'Since a page looks', 'In all'].map((title) => h('th', { scope: 'col' }, title)),
            ),
          ),
          this.#kinds,
        ),
      ),
      h('div', {}, h('h2', {}, 'Told last'), this.#recent),
    );
  }

  show({ kinds, recent }: Refusals): void {
    this.element.hidden = kinds.length === 0;
    keepChildren(
      this.#kinds,
      kinds.map(({ kind, lately, total }) =>
        h(
          'tr',
          { 'data-key': kind },
          h('td', {}, kind, h('span', { class: 'remedy' }, refusalWords(kind) ?? '')),
          h('td', {}, lately.toLocaleString('en')),
          h('td', {}, total.toLocaleString('en')),
        ),
      ),
    );
    const rows = recent.map(({ at, id, code }) =>
      h(
        'li',
        { 'data-key': `${at} ${id} ${code}` },
        h('time', {}, clockTime(at)),
        ` ${code} `,
        h('a', { href: `#/session/${encodeURIComponent(id)}` }, foreign(id)),
      ),
    );
    keepChildren(
      this.#recent,
      rows.length > 0 ? rows.reverse() : [h('li', { class: 'none' }, 'No session since a page looks.')],
    );
  }
}
