/** The timeline: one lane per machine, bars for its states, dots for messages, red marks for refusals, in real time. */
import type { Lane, PairingRecord } from '../../protocol/inspect/inspect-messages.ts';
import { type LaneSpans, laneSpansOf, type Mark, type Span } from '../records/lane-spans.ts';
import { timeOf } from '../records/time-words.ts';
import { button, h, svg } from './dom.ts';

const LABEL_WIDTH = 118;
const LANE_HEIGHT = 22;
const AXIS_HEIGHT = 20;
const RIGHT = 12;
const WHEEL_STEP = 1.25;
const MIN_VIEW_MS = 0.5;
const CHAR_WIDTH = 6.4;

interface View {
  readonly from: number;
  readonly to: number;
}

export class TimelineView {
  readonly element: HTMLElement;
  readonly whole = button('Whole', () => this.#setView(undefined), 'Show the whole time');
  readonly #picture = svg('g');
  readonly #choose: (index: number) => void;
  #record: PairingRecord | undefined;
  #titles: ReadonlyMap<Lane, string> = new Map();
  #lanes: readonly LaneSpans[] = [];
  #index = 0;
  /** Undefined: shows everything, and grows with the record. */
  #view: View | undefined;
  #pressedAt: number | undefined;
  readonly #cursor = svg('line', { class: 'cursor', y1: 0 });
  readonly #band = svg('rect', { class: 'band', y: 0, width: 0 });
  readonly #svg = svg('svg', { role: 'img' }, this.#picture, this.#band, this.#cursor);
  readonly #drawing = h('div', { class: 'lanes-drawing' }, this.#svg);

  /** @param choose called with the line nearest to the click */
  constructor(choose: (index: number) => void) {
    this.#choose = choose;
    this.element = h('section', { class: 'timeline', tabindex: 0, 'aria-label': 'Timeline' }, this.#drawing);
    const { element } = this;
    new ResizeObserver(() => this.#draw()).observe(element);
    element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || this.#xOf(event) < 0) return;
      this.#pressedAt = this.#xOf(event);
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener('pointermove', (event) => this.#dragged(event));
    element.addEventListener('pointerup', (event) => this.#released(event));
    element.addEventListener('dblclick', () => this.#setView(undefined));
    element.addEventListener('keydown', ({ key }) => {
      const at = this.#record?.lines[this.#index]?.t ?? 0;
      if (key === '+' || key === '=') this.#zoom(1 / WHEEL_STEP, at);
      if (key === '-') this.#zoom(WHEEL_STEP, at);
      if (key === '0') this.#setView(undefined);
    });
  }

  /** @param titles of the lanes to show, in order */
  show(record: PairingRecord, titles: ReadonlyMap<Lane, string>): void {
    this.#record = record;
    this.#titles = titles;
    this.#lanes = laneSpansOf(record, [...titles.keys()]);
    this.#draw();
  }

  mark(index: number): void {
    this.#index = index;
    const t = this.#record?.lines[index]?.t ?? 0;
    const { from, to } = this.#shown;
    // The cursor always stays visible.
    if (this.#view && (t < from || t > to)) {
      const half = (to - from) / 2;
      this.#setView({ from: t - half, to: t + half });
      return;
    }
    const x = this.#x(t);
    for (const name of ['x1', 'x2']) this.#cursor.setAttribute(name, String(x));
  }

  get #end(): number {
    return Math.max(this.#record?.lines.at(-1)?.t ?? 0, 1);
  }

  get #shown(): View {
    return this.#view ?? { from: 0, to: this.#end * 1.01 };
  }

  get #width(): number {
    return Math.max(this.#drawing.clientWidth - LABEL_WIDTH - RIGHT, 60);
  }

  #x(t: number): number {
    const { from, to } = this.#shown;
    return LABEL_WIDTH + ((t - from) / (to - from)) * this.#width;
  }

  #time(x: number): number {
    const { from, to } = this.#shown;
    return from + (x / this.#width) * (to - from);
  }

  /** Measured from the left edge of the lanes. */
  #xOf({ clientX }: MouseEvent): number {
    return clientX - this.#drawing.getBoundingClientRect().left - LABEL_WIDTH;
  }

  #setView(view: View | undefined): void {
    const end = this.#end * 1.01;
    const width = view ? Math.max(view.to - view.from, MIN_VIEW_MS) : end;
    if (!view || width >= end) this.#view = undefined;
    else {
      const from = Math.min(Math.max(view.from, 0), end - width);
      this.#view = { from, to: from + width };
    }
    this.#draw();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { from, to } = this.#shown;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / this.#width) * (to - from);
      if (this.#view) this.#setView({ from: from + by, to: to + by });
      return;
    }
    this.#zoom(event.deltaY > 0 ? WHEEL_STEP : 1 / WHEEL_STEP, this.#time(this.#xOf(event)));
  }

  /** @param at the time that keeps its position */
  #zoom(by: number, at: number): void {
    const { from, to } = this.#shown;
    this.#setView({ from: at - (at - from) * by, to: at + (to - at) * by });
  }

  #dragged(event: PointerEvent): void {
    if (this.#pressedAt === undefined) return;
    const x = this.#xOf(event);
    this.#band.setAttribute('x', String(LABEL_WIDTH + Math.min(x, this.#pressedAt)));
    this.#band.setAttribute('width', String(Math.abs(x - this.#pressedAt)));
  }

  #released(event: PointerEvent): void {
    const pressedAt = this.#pressedAt;
    if (pressedAt === undefined) return;
    this.#pressedAt = undefined;
    const x = this.#xOf(event);
    this.#band.setAttribute('width', '0');
    if (Math.abs(x - pressedAt) < 4) this.#choose(this.#nearest(this.#time(x)));
    else {
      const ends = [this.#time(Math.min(x, pressedAt)), this.#time(Math.max(x, pressedAt))] as const;
      this.#setView({ from: ends[0], to: ends[1] });
    }
  }

  #nearest(t: number): number {
    const { lines = [] } = this.#record ?? {};
    let best = 0;
    lines.forEach((line, i) => {
      if (Math.abs(line.t - t) <= Math.abs((lines[best]?.t ?? 0) - t)) best = i;
    });
    return best;
  }

  #draw(): void {
    if (this.#drawing.clientWidth === 0) return;
    const height = this.#lanes.length * LANE_HEIGHT + AXIS_HEIGHT;
    const label = `Timeline of ${this.#lanes.length} machines over ${timeOf(this.#end)}`;
    this.#svg.setAttribute('width', String(LABEL_WIDTH + this.#width + RIGHT));
    this.#svg.setAttribute('height', String(height));
    this.#svg.setAttribute('aria-label', label);
    this.#cursor.setAttribute('y2', String(height - AXIS_HEIGHT));
    this.#band.setAttribute('height', String(height - AXIS_HEIGHT));
    // Nothing in it can have the focus or a click, and making it anew takes half the time of comparing.
    this.#picture.replaceChildren(
      ...this.#axis(height),
      ...this.#lanes.flatMap((lane, row) => this.#laneElements(lane, row)),
    );
    const x = this.#x(this.#record?.lines[this.#index]?.t ?? 0);
    for (const name of ['x1', 'x2']) this.#cursor.setAttribute(name, String(x));
    this.whole.disabled = this.#view === undefined;
  }

  #axis(height: number): SVGElement[] {
    const { from, to } = this.#shown;
    const count = Math.max(2, Math.min(8, Math.floor(this.#width / 110)));
    return Array.from({ length: count }, (_, i) => {
      const x = LABEL_WIDTH + (i / (count - 1)) * this.#width;
      const anchor = i === 0 ? 'start' : i === count - 1 ? 'end' : 'middle';
      const t = from + (i / (count - 1)) * (to - from);
      return svg(
        'g',
        {},
        svg('line', { class: 'tick', x1: x, x2: x, y1: 0, y2: height - AXIS_HEIGHT }),
        svg('text', { class: 'axis', x, y: height - 5, 'text-anchor': anchor }, timeOf(t)),
      );
    });
  }

  #laneElements({ lane, spans, marks }: LaneSpans, row: number): SVGElement[] {
    const y = row * LANE_HEIGHT;
    return [
      svg('text', { class: 'lane-name', x: 0, y: y + 15 }, this.#titles.get(lane) ?? lane),
      ...spans.flatMap((span) => this.#barElement(span, y)),
      ...marks.flatMap((mark) => this.#markElement(mark, y)),
    ];
  }

  #barElement(span: Span, y: number): SVGElement[] {
    const left = Math.max(this.#x(span.from), LABEL_WIDTH);
    const right = Math.min(this.#x(span.to ?? this.#end), LABEL_WIDTH + this.#width);
    if (right < left) return [];
    const width = Math.max(right - left, 1.5);
    const bar = svg('rect', {
      class: `bar ${span.tone}`,
      x: left,
      y: y + 3,
      width,
      height: LANE_HEIGHT - 6,
      rx: 3,
    });
    bar.append(svg('title', {}, `${span.text}, from ${timeOf(span.from)}`));
    const chars = Math.floor((width - 10) / CHAR_WIDTH);
    const short = shortOf(span.text);
    if (chars < Math.min(short.length, 5)) return [bar];
    const text = short.length > chars ? `${short.slice(0, chars - 1)}…` : short;
    return [bar, svg('text', { class: `bar-text ${span.tone}`, x: left + 5, y: y + 15 }, text)];
  }

  #markElement({ t, kind }: Mark, y: number): SVGElement[] {
    const x = this.#x(t);
    if (x < LABEL_WIDTH || x > LABEL_WIDTH + this.#width) return [];
    if (kind === 'message')
      return [svg('circle', { class: 'message', cx: x, cy: y + LANE_HEIGHT - 5, r: 2.5 })];
    return [svg('path', { class: 'refusal', d: `M${x} ${y + 2}l5 9h-10z` })];
  }
}

/** The last part of each state: `present.pairings.connected` becomes `connected`. */
function shortOf(text: string): string {
  return text
    .split(', ')
    .map((part) => part.split('.').at(-1))
    .join(', ');
}
