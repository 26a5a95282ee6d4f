/** The steps of an actor, newest last: which event came, from where, and whether it had any effect. */
import type { ShownStep } from '../../stately/program-messages.ts';
import { button, foreign, h } from '../dom.ts';

export class StepList {
  readonly element = h('ol', { class: 'steps', tabindex: -1 });
  readonly #chosen: (index: number) => void;
  #marked: Element | undefined;

  constructor(chosen: (index: number) => void) {
    this.#chosen = chosen;
  }

  add(steps: readonly ShownStep[]): void {
    this.element.append(...steps.map((step) => this.#row(step)));
  }

  dropFirst(count: number): void {
    for (let i = 0; i < count; i += 1) this.element.firstElementChild?.remove();
  }

  mark(index: number): void {
    const row = this.element.children[index];
    if (row === this.#marked) return;
    this.#marked?.removeAttribute('aria-current');
    this.#marked = row;
    row?.setAttribute('aria-current', 'step');
    if (row) showWithin(this.element, row);
  }

  #row({ event, source, taken, refused, at }: ShownStep): HTMLElement {
    const isRefused = (refused?.length ?? 0) > 0 && taken?.length === 0;
    const isIgnored = event !== undefined && taken?.length === 0;
    const row = h('li', { class: isIgnored ? 'ignored' : undefined });
    const choose = button('', () => this.#chosen([...this.element.children].indexOf(row)));
    choose.append(
      h('time', {}, new Date(at).toISOString().slice(11, 23)),
      foreign(event?.type ?? 'it was there'),
      source === undefined ? '' : h('span', { class: 'source' }, `from ${source}`),
      isIgnored ? h('span', { class: 'why' }, isRefused ? `not ${refused?.join(', not ')}` : 'nothing') : '',
    );
    const given = event && Object.keys(event).length > 1 ? JSON.stringify(event) : undefined;
    choose.title = given?.slice(0, 2_000) ?? '';
    row.append(choose);
    return row;
  }
}

/** Scrolls only the list, not the page. */
function showWithin(list: HTMLElement, row: Element): void {
  const [outer, inner] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop += inner.top - outer.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}
