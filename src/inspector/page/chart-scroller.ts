/** The scrolling view of a chart: never drawn smaller than is readable, panned by mouse, wheel or keys, and zoomed. */
import { ChartMinimap } from './chart-minimap.ts';
import { button, h } from './dom.ts';

/** The smallest text in a chart is 12 px (11 in full): at this scale it is still 11. */
const MIN_SCALE = 0.92;
const MAX_SCALE = 2.5;
const STEP = 1.2;

export class ChartScroller {
  readonly element = h('div', { class: 'drawing', tabindex: 0, role: 'group' });
  readonly buttons = h(
    'div',
    { class: 'zoom' },
    button('−', () => this.#zoom(1 / STEP), 'Smaller'),
    button('+', () => this.#zoom(STEP), 'Larger'),
    button('Fit', () => this.#fit(), 'Fit the width'),
  );
  /** Shown for a chart larger than its view. */
  readonly minimap = new ChartMinimap(this.element);
  #svg: SVGSVGElement | undefined;
  #scale = 1;
  #size = { width: 0, height: 0 };

  constructor() {
    let from: { x: number; y: number } | undefined;
    this.element.addEventListener('pointerdown', ({ clientX, clientY, button: which, pointerType }) => {
      if (which === 0 && pointerType === 'mouse') from = { x: clientX, y: clientY };
    });
    this.element.addEventListener('pointermove', ({ clientX, clientY, buttons }) => {
      if (!from || buttons === 0) return;
      this.element.scrollBy(from.x - clientX, from.y - clientY);
      from = { x: clientX, y: clientY };
    });
    this.element.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.#zoom(event.deltaY > 0 ? 1 / STEP : STEP);
    });
    this.element.addEventListener('keydown', ({ key }) => {
      if (key === '+' || key === '=') this.#zoom(STEP);
      if (key === '-') this.#zoom(1 / STEP);
      if (key === '0') this.#fit();
    });
    this.element.addEventListener('scroll', () => this.minimap.follow());
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  draw(text: string): SVGSVGElement {
    // Our own drawing from our own build: the only place where text becomes markup.
    this.element.innerHTML = text;
    const svg = this.element.querySelector('svg') as SVGSVGElement;
    this.#svg = svg;
    this.#size = { width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height };
    this.minimap.draw(this.#size, svg);
    this.#fit();
    return svg;
  }

  /** Scrolls to a marked state that is out of view. */
  reveal(state: Element | undefined): void {
    if (!state) return;
    const view = this.element.getBoundingClientRect();
    const box = state.getBoundingClientRect();
    const isSeen = box.top >= view.top && box.bottom <= view.bottom && box.left >= view.left;
    if (isSeen) return;
    this.element.scrollBy(
      box.left + Math.min(box.width, view.width) / 2 - view.left - view.width / 2,
      box.top + box.height / 2 - view.top - view.height / 2,
    );
  }

  #fit(): void {
    const { clientWidth } = this.element;
    this.#setScale(clientWidth > 0 ? Math.min(1, clientWidth / this.#size.width) : 1);
  }

  #zoom(by: number): void {
    this.#setScale(this.#scale * by);
  }

  #setScale(scale: number): void {
    this.#scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
    this.#svg?.setAttribute('width', String(Math.floor(this.#size.width * this.#scale)));
    this.#svg?.setAttribute('height', String(Math.floor(this.#size.height * this.#scale)));
    this.minimap.follow();
  }
}
