/** A small map of a chart that does not fit its view: it shows the visible part, and a click or a drag scrolls. */
import { h, svg } from './dom.ts';

const MAX_WIDTH = 120;
const MAX_HEIGHT = 200;
/** A chart that overhangs by less needs no map. */
const SLACK_PX = 24;

export class ChartMinimap {
  readonly #view: HTMLElement;
  readonly #boxes = svg('g', {});
  readonly #seen = svg('rect', { class: 'seen' });
  readonly #svg = svg('svg', {}, this.#boxes, this.#seen);
  /** Hidden from assistive technology: keys can scroll just as well. */
  readonly element = h('div', { class: 'minimap', 'aria-hidden': 'true', hidden: true }, this.#svg);
  #size = { width: 1, height: 1 };
  #states: { readonly of: Element; readonly box: SVGRectElement }[] = [];

  /** @param view the element that scrolls */
  constructor(view: HTMLElement) {
    this.#view = view;
    const go = (event: PointerEvent) => {
      if (event.buttons === 0) return;
      const map = this.#svg.getBoundingClientRect();
      const x = ((event.clientX - map.left) / map.width) * view.scrollWidth;
      const y = ((event.clientY - map.top) / map.height) * view.scrollHeight;
      view.scrollTo(x - view.clientWidth / 2, y - view.clientHeight / 2);
    };
    this.#svg.addEventListener('pointerdown', (event) => {
      this.#svg.setPointerCapture(event.pointerId);
      go(event);
    });
    this.#svg.addEventListener('pointermove', go);
  }

  /** @param chart drawn at its own size */
  draw(size: { readonly width: number; readonly height: number }, chart: SVGSVGElement): void {
    this.#size = size;
    const scale = Math.min(MAX_WIDTH / size.width, MAX_HEIGHT / size.height);
    this.#svg.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
    this.#svg.setAttribute('width', String(Math.round(size.width * scale)));
    this.#svg.setAttribute('height', String(Math.round(size.height * scale)));
    this.#states = [...chart.querySelectorAll<SVGGElement>('.state.leaf')].flatMap((of) => {
      const rect = of.querySelector('rect');
      if (!rect) return [];
      const at = ['x', 'y', 'width', 'height', 'rx'].map((name) => [name, rect.getAttribute(name) ?? 0]);
      return [{ of, box: svg('rect', Object.fromEntries(at)) }];
    });
    this.#boxes.replaceChildren(...this.#states.map(({ box }) => box));
    this.follow();
  }

  /** Updates the map when the visible part or the active states have changed. */
  follow(): void {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = this.#view;
    const isAll = scrollWidth - clientWidth <= SLACK_PX && scrollHeight - clientHeight <= SLACK_PX;
    this.element.hidden = isAll || clientWidth === 0;
    if (this.element.hidden) return;
    for (const { of, box } of this.#states) box.classList.toggle('lit', of.classList.contains('lit'));
    const { width, height } = this.#size;
    const [x, y] = [width / scrollWidth, height / scrollHeight];
    const seen = {
      x: scrollLeft * x,
      y: scrollTop * y,
      width: Math.min(clientWidth * x, width),
      height: Math.min(clientHeight * y, height),
    };
    for (const [name, value] of Object.entries(seen)) this.#seen.setAttribute(name, String(value));
  }
}
