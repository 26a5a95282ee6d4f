/** The sequence diagram: three lifelines and a row per step. Rows are only added, so focus and clicks survive. */
import type { Arrow, Place, SequenceRow } from '../records/sequence-diagram.ts';
import { timeOf } from '../records/time-words.ts';
import { h, keepChildren } from './dom.ts';

/** Consecutive heartbeats share one row. */
interface Beats {
  readonly element: HTMLElement;
  readonly note: HTMLElement;
  count: number;
  last: number;
}

export class SequenceView {
  readonly element: HTMLElement;
  readonly #lanes = h('div', { class: 'lanes', 'aria-hidden': 'true' });
  readonly #rows = h('ol', { class: 'rows' });
  readonly #byIndex = new Map<number, HTMLElement>();
  readonly #choose: (index: number) => void;
  #current: HTMLElement | undefined;
  #beats: Beats | undefined;

  /** @param choose called with the line whose row was clicked */
  constructor(lifelines: readonly string[], choose: (index: number) => void) {
    this.#choose = choose;
    this.element = h('section', { class: 'sequence', 'aria-label': 'Sequence' }, this.#lanes, this.#rows);
    this.setLifelines(lifelines);
  }

  /** The lines that have their own row, in order. */
  get indexes(): readonly number[] {
    return [...this.#byIndex.keys()];
  }

  /** The names may change when a client moves to another node. */
  setLifelines(names: readonly string[]): void {
    keepChildren(
      this.#lanes,
      ['time', ...names].map((name) => h('span', {}, name)),
    );
  }

  add(rows: readonly SequenceRow[]): void {
    for (const row of rows) {
      if (row.kind === 'beat' && this.#beats) {
        this.#addBeat(this.#beats, row);
        continue;
      }
      const element = this.#rowElement(row);
      this.#byIndex.set(row.index, element);
      this.#rows.append(element);
      const note = element.querySelector<HTMLElement>('.note');
      this.#beats = row.kind === 'beat' && note ? { element, note, count: 0, last: row.index } : undefined;
      if (this.#beats) this.#addBeat(this.#beats, row);
    }
  }

  #addBeat(beats: Beats, { index, roundTripMs }: SequenceRow): void {
    beats.count += 1;
    beats.last = index;
    if (beats.count === 1) return;
    const trip = roundTripMs === undefined ? '' : `, round trip ${roundTripMs.toFixed(1)} ms`;
    beats.note.textContent = `${beats.count} heartbeats${trip}`;
  }

  /** Marks the cursor's row and dims later ones. */
  mark(index: number): void {
    this.#current?.removeAttribute('aria-current');
    let current: HTMLElement | undefined;
    for (const [at, element] of this.#byIndex) {
      element.classList.toggle('later', at > index);
      if (at <= index) current = element;
    }
    this.#current = current;
    current?.setAttribute('aria-current', 'step');
    if (!current) return;
    // scrollIntoView would scroll the whole page away from the charts.
    const { offsetTop, offsetHeight } = current;
    const { clientHeight, scrollTop } = this.#rows;
    const top = offsetTop - this.#rows.offsetTop;
    if (top < scrollTop || top + offsetHeight > scrollTop + clientHeight)
      this.#rows.scrollTop = top - clientHeight / 2;
  }

  /** Highlights the rows that show a finding, and scrolls to the first. */
  ring(indexes: readonly number[]): void {
    for (const [at, element] of this.#byIndex) element.classList.toggle('evidence', indexes.includes(at));
  }

  #rowElement({ index, t, arrows, place, note, kind }: SequenceRow): HTMLElement {
    return h(
      'li',
      { class: kind, 'data-index': index },
      h(
        'button',
        { type: 'button', click: () => this.#choose(index) },
        h('time', {}, timeOf(t)),
        ...arrows.map((arrow, i) =>
          arrowElement(
            arrow,
            arrows.slice(0, i).some((other) => halfOf(other) === halfOf(arrow)),
          ),
        ),
        h('span', { class: `note at-${place}` }, note),
      ),
    );
  }
}

const columns: Readonly<Record<Place, number>> = { initiator: 0, server: 1, responder: 2 };

function halfOf({ from, to }: Arrow): 'left-half' | 'right-half' {
  return from === 'initiator' || to === 'initiator' ? 'left-half' : 'right-half';
}

/** @param isAnswer whether there is already an arrow above it */
function arrowElement(arrow: Arrow, isAnswer: boolean): HTMLElement {
  const { from, to, text } = arrow;
  const direction = columns[from] < columns[to] ? 'to-right' : 'to-left';
  return h(
    'span',
    { class: `arrow ${halfOf(arrow)} ${direction}${isAnswer ? ' answer' : ''}` },
    h('span', { class: 'hidden' }, `${from} to ${to}: `),
    h('span', { class: 'text' }, text),
  );
}
