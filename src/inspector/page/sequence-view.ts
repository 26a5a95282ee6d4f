/** The sequence diagram: lifelines of client A, the server and client B, and a row for each step of the record. */
import type { Arrow, Place, SequenceRow } from '../records/sequence-diagram.ts';
import { h } from './dom.ts';

export class SequenceView {
  readonly element: HTMLElement;
  readonly #lanes = h('div', { class: 'lanes', 'aria-hidden': 'true' });
  readonly #rows = h('ol', { class: 'rows' });
  readonly #byIndex = new Map<number, HTMLElement>();
  readonly #choose: (index: number) => void;
  #current: HTMLElement | undefined;

  /** @param choose told of the line whose row was clicked */
  constructor(lifelines: readonly string[], choose: (index: number) => void) {
    this.#choose = choose;
    this.element = h('section', { class: 'sequence', 'aria-label': 'Sequence' }, this.#lanes, this.#rows);
    this.setLifelines(lifelines);
  }

  /** Their names may change: a client goes to another node. */
  setLifelines(names: readonly string[]): void {
    this.#lanes.replaceChildren(...['time', ...names].map((name) => h('span', {}, name)));
  }

  clear(): void {
    this.#rows.replaceChildren();
    this.#byIndex.clear();
    this.#current = undefined;
  }

  add(rows: readonly SequenceRow[]): void {
    for (const row of rows) {
      const element = this.#rowElement(row);
      this.#byIndex.set(row.index, element);
      this.#rows.append(element);
    }
  }

  /** Marks where the time is: what comes later is dimmed. */
  mark(index: number): void {
    this.#current?.removeAttribute('aria-current');
    let current: HTMLElement | undefined;
    for (const [at, element] of this.#byIndex) {
      element.classList.toggle('later', at > index);
      if (at <= index) current = element;
    }
    this.#current = current;
    current?.setAttribute('aria-current', 'step');
    if (current) {
      // scrollIntoView would move the whole page away from the charts.
      const { offsetTop, offsetHeight } = current;
      const { clientHeight, scrollTop } = this.#rows;
      const top = offsetTop - this.#rows.offsetTop;
      if (top < scrollTop || top + offsetHeight > scrollTop + clientHeight)
        this.#rows.scrollTop = top - clientHeight / 2;
    }
  }

  #rowElement({ index, t, arrows, place, note, kind }: SequenceRow): HTMLElement {
    return h(
      'li',
      { class: kind, 'data-index': index },
      h(
        'button',
        { type: 'button', click: () => this.#choose(index) },
        h('time', {}, `${t.toFixed(1)} ms`),
        ...arrows.map(arrowElement),
        h('span', { class: `note at-${place}` }, note),
      ),
    );
  }
}

const columns: Readonly<Record<Place, number>> = { initiator: 0, server: 1, responder: 2 };

function arrowElement({ from, to, text }: Arrow): HTMLElement {
  const isRight = columns[from] < columns[to];
  const span = from === 'initiator' || to === 'initiator' ? 'left-half' : 'right-half';
  return h(
    'span',
    { class: `arrow ${span} ${isRight ? 'to-right' : 'to-left'}` },
    h('span', { class: 'hidden' }, `${from} to ${to}: `),
    h('span', { class: 'text' }, text),
  );
}
