/** One chart on the page: a drawn SVG, whose states and transitions are lit by switching classes. */
import { activeStateIds } from '../../machines/chart/active-state-ids.ts';
import type {
  MachinePopulation,
  ShownMachine,
  StateValueJson,
} from '../../protocol/inspect/inspect-messages.ts';
import { describeState } from '../records/timeline.ts';
import { chartSvgs } from './chart-svgs.ts';
import { h } from './dom.ts';

export type Detail = 'full' | 'brief';

export class ChartPanel {
  readonly element: HTMLElement;
  readonly #machine: ShownMachine;
  readonly #drawing = h('div', { class: 'drawing', tabindex: 0, role: 'group' });
  readonly #title = h('button', {
    type: 'button',
    class: 'enlarge',
    click: () => this.element.classList.toggle('wide'),
  });
  readonly #status = h('p', { class: 'status' });
  #states = new Map<string, Element>();
  #edges = new Map<string, Element[]>();
  /** Drawn again when the detail changes. */
  #paint: () => void = () => {};

  constructor(machine: ShownMachine, title: string, detail: Detail) {
    this.#machine = machine;
    this.element = h('section', { class: 'panel' }, h('h2', {}, this.#title), this.#status, this.#drawing);
    this.setTitle(title);
    this.setDetail(detail);
  }

  setTitle(title: string): void {
    this.#title.textContent = title;
    this.element.setAttribute('aria-label', title);
    this.element.dataset.panel = title;
    this.#drawing.setAttribute('aria-label', `Chart of ${title}`);
  }

  setDetail(detail: Detail): void {
    // Our own drawing, from our own build: the one place where text becomes markup.
    this.#drawing.innerHTML = chartSvgs[this.#machine][detail];
    this.element.classList.toggle('full', detail === 'full');
    this.#states = new Map();
    this.#edges = new Map();
    for (const element of this.#drawing.querySelectorAll('[data-state]'))
      this.#states.set(element.getAttribute('data-state') ?? '', element);
    for (const element of this.#drawing.querySelectorAll('[data-edge]')) {
      for (const name of (element.getAttribute('data-edge') ?? '').split('|'))
        this.#edges.set(name, [...(this.#edges.get(name) ?? []), element]);
    }
    this.#paint();
  }

  /**
   * Lights a state.
   * @param taken the transitions that led to it just now
   * @param note in place of the state's name, such as why an event was ignored
   */
  show(value: StateValueJson | undefined, taken: readonly string[] = [], note = ''): void {
    this.#paint = () => this.#light(value, taken, note);
    this.#paint();
  }

  showPopulation(population: MachinePopulation): void {
    this.#paint = () => this.#count(population);
    this.#paint();
  }

  #light(value: StateValueJson | undefined, taken: readonly string[], note: string): void {
    for (const element of this.#drawing.querySelectorAll('.lit, .taken'))
      element.classList.remove('lit', 'taken');
    const ids = value === undefined ? [] : activeStateIds(this.#machine, value as never);
    for (const id of ids) this.#states.get(id)?.classList.add('lit');
    this.#scrollTo(ids.at(-1));
    for (const name of taken)
      for (const element of this.#edges.get(name) ?? []) element.classList.add('taken');
    this.#status.textContent = value === undefined ? 'not known' : describeState(value);
    if (note) this.#status.append(' ', h('span', { class: 'why' }, note));
    else if (taken.length > 0)
      this.#status.append(' ', h('span', { class: 'via' }, `by ${taken.map(eventOf).join(', ')}`));
  }

  /** A full chart is larger than its panel: what is lit must be seen. */
  #scrollTo(id: string | undefined): void {
    const state = id === undefined ? undefined : this.#states.get(id);
    if (!state) return;
    const view = this.#drawing.getBoundingClientRect();
    const box = state.getBoundingClientRect();
    this.#drawing.scrollBy(
      box.left + box.width / 2 - view.left - view.width / 2,
      box.top + box.height / 2 - view.top - view.height / 2,
    );
  }

  #count({ total, counts, rates }: MachinePopulation): void {
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
    this.#status.textContent = `${total.toLocaleString('en')} in all`;
  }
}

/** The event in a transition's name. */
function eventOf(name: string): string {
  return /--(.*)#\d+-->/.exec(name)?.[1] ?? name;
}

/** At most five characters, for which the drawing has room. */
function compact(count: number): string {
  if (count < 1_000) return String(count);
  if (count < 10_000) return `${(count / 1_000).toFixed(1)}k`;
  return count < 1_000_000 ? `${Math.round(count / 1_000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}
