/** One chart on the page: a drawn SVG whose states and transitions are marked by switching classes. */
import type { MachinePopulation } from '../../protocol/inspect/inspect-messages.ts';
import { eventWords, sentenceOf, targetOf } from '../charts/sentence.ts';
import { ChartScroller } from './chart-scroller.ts';
import { button, h } from './dom.ts';

export type Detail = 'full' | 'brief';

/** What one machine has done so far. */
export interface Way {
  /** The ids of its active states, the machine's own first; empty before it starts. */
  readonly active: readonly string[];
  /** The ids of the states that it has been in. */
  readonly been: ReadonlySet<string>;
  /** The transitions just taken. */
  readonly taken: readonly string[];
}

/** The drawings of one machine: with all details, and with the names only. */
export type Drawing = Readonly<Record<Detail, string>>;

export class ChartPanel {
  readonly element: HTMLElement;
  #drawing: Drawing | undefined;
  #detail: Detail;
  readonly #scroller = new ChartScroller();
  readonly #title = h('h2');
  readonly #text = h('pre', {});
  readonly #focus: HTMLButtonElement;
  #states = new Map<string, Element>();
  #edges = new Map<string, Element[]>();
  /** Draws again when the detail or the machine changes. */
  #paint: () => void = () => {};
  #isFocused: boolean;

  /** @param way whether it shows the path of one machine, and not a population */
  constructor(detail: Detail, { way }: { readonly way: boolean }) {
    this.#detail = detail;
    this.#isFocused = way;
    this.#focus = button('Show all', () => this.#setFocused(!this.#isFocused));
    this.#focus.hidden = !way;
    this.element = h(
      'section',
      { class: 'panel' },
      h('div', { class: 'panel-head' }, this.#title, this.#focus, this.#scroller.buttons),
      h('div', { class: 'chart-place' }, this.#scroller.element, this.#scroller.minimap.element),
      h('details', { class: 'as-text' }, h('summary', {}, 'As text'), this.#text),
    );
    this.#setFocused(way);
  }

  show(drawing: Drawing, title: string): void {
    this.#title.textContent = title;
    this.element.setAttribute('aria-label', title);
    this.#scroller.element.setAttribute('aria-label', `Chart of ${title}`);
    if (drawing === this.#drawing) return;
    this.#drawing = drawing;
    this.#draw();
  }

  setDetail(detail: Detail): void {
    this.#detail = detail;
    this.#draw();
  }

  /** The ids of the machine's states, without the root. */
  get stateIds(): readonly string[] {
    return [...this.#states.keys()].filter((id) => id.includes('.'));
  }

  showWay(way: Way): void {
    this.#paint = () => this.#showWay(way);
    this.#paint();
  }

  showPopulation(population: MachinePopulation): void {
    this.#paint = () => this.#count(population);
    this.#paint();
  }

  #draw(): void {
    if (!this.#drawing) return;
    const svg = this.#scroller.draw(this.#drawing[this.#detail]);
    this.#text.textContent = svg.querySelector('desc')?.textContent ?? '';
    this.#states = new Map();
    this.#edges = new Map();
    for (const element of svg.querySelectorAll('[data-state]'))
      this.#states.set(element.getAttribute('data-state') ?? '', element);
    for (const element of svg.querySelectorAll('[data-edge]')) {
      for (const name of namesIn(element, 'data-edge'))
        this.#edges.set(name, [...(this.#edges.get(name) ?? []), element]);
    }
    this.#paint();
  }

  #setFocused(isFocused: boolean): void {
    this.#isFocused = isFocused;
    this.#scroller.element.classList.toggle('focused', isFocused);
    this.#focus.textContent = isFocused ? 'Show all' : 'Focus';
  }

  #showWay({ active: ids, been, taken }: Way): void {
    for (const element of this.#scroller.element.querySelectorAll('.lit, .taken, .been, .next'))
      element.classList.remove('lit', 'taken', 'been', 'next');
    for (const id of been) this.#states.get(id)?.classList.add('been');
    const isOver = ids.some((id) => isEnd(this.#states.get(id), id));
    for (const id of ids) {
      const state = this.#states.get(id);
      state?.classList.add('lit');
      if (isOver) continue;
      for (const name of state ? namesIn(state, 'data-leads') : []) {
        for (const edge of this.#edges.get(name) ?? []) edge.classList.add('next');
        const target = targetOf(name);
        if (target) this.#states.get(target)?.classList.add('next');
      }
    }
    for (const name of taken)
      for (const element of this.#edges.get(name) ?? []) element.classList.add('taken');
    this.#scroller.reveal(this.#states.get(ids.at(-1) ?? ''));
    this.#scroller.minimap.follow();
  }

  #count({ counts, rates }: MachinePopulation): void {
    for (const [id, element] of this.#states) {
      const count = counts[id] ?? 0;
      const label = element.querySelector(':scope > .count');
      if (label) label.textContent = count === 0 ? '' : compact(count);
      element.classList.toggle('counted', count > 0);
    }
    for (const [name, elements] of this.#edges) {
      const rate = rates[name] ?? 0;
      for (const element of elements) {
        element.classList.toggle('taken', rate > 0);
        const label = element.querySelector('.rate');
        if (label) label.textContent = rate > 0 ? `${compact(rate)}/s` : '';
      }
    }
  }
}

/** What may happen next, in words, from the transitions out of the machine's active states. */
export function possibleNext(drawing: Drawing, stateIds: readonly string[]): string[] {
  const svg = new DOMParser().parseFromString(drawing.brief, 'image/svg+xml');
  const ids = new Set(stateIds);
  const active = [...svg.querySelectorAll('[data-state]')].filter((state) =>
    ids.has(state.getAttribute('data-state') ?? ''),
  );
  if (active.some((state) => isEnd(state, state.getAttribute('data-state') ?? ''))) return [];
  const names = active.flatMap((state) => namesIn(state, 'data-leads'));
  const words = names.flatMap((name) => {
    const target = targetOf(name);
    return target && !ids.has(target)
      ? [`${eventWords(name)} → ${sentenceOf(target.split('.').at(-1) ?? '')}`]
      : [];
  });
  return [...new Set(words)];
}

/** A final state of the machine itself: nothing follows, although the chart has transitions out of any state. */
function isEnd(state: Element | undefined, id: string): boolean {
  return id.split('.').length === 2 && (state?.querySelector(':scope > .rim') ?? null) !== null;
}

function namesIn(element: Element, attribute: string): string[] {
  return (element.getAttribute(attribute) ?? '').split('|').filter(Boolean);
}

/** At most five characters, which is what the drawing has room for. */
function compact(count: number): string {
  if (count < 1_000) return String(count);
  if (count < 10_000) return `${(count / 1_000).toFixed(1)}k`;
  return count < 1_000_000 ? `${Math.round(count / 1_000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}
