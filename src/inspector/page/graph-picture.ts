/** A picture of a graph whose nodes can be chosen. What its edges say is also in a table beside it, for the keyboard. */
import { type CirclePlace, layOutCircle } from './circle-layout.ts';
import { h, keepChildren, svg } from './dom.ts';
import { cut, nodeButton } from './graph-drawing.ts';

export type EdgeKind = 'good' | 'waiting' | 'lost';

export interface GraphNode {
  readonly id: string;
  readonly name: string;
  /** A second line. */
  readonly about: string;
  readonly class: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  /** Written on the edge. */
  readonly label: string;
  /** Shown under the pointer. */
  readonly title: string;
  /** Where a click leads. */
  readonly href: string | undefined;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** The node in the middle. */
  readonly middle: string | undefined;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const RADIUS = 9;
/** About the size of a label's text. */
const [LINE_PX, CHAR_PX] = [14, 7];
const NAME_CHARS = 16;
/** More labels than this cover each other. */
const MAX_LABELS = 12;
/** More lines than this are drawn thinner. */
const MANY_LINES = 60;
const TRAVEL_MS = 1_200;

export class GraphPicture {
  readonly element: HTMLElement;
  readonly #chose: () => void;
  #graph: Graph = { nodes: [], edges: [], middle: undefined };
  #places = new Map<string, CirclePlace>();
  /** The id of the selected node. */
  chosen: string | undefined;

  /**
   * @param label what it is a picture of
   * @param chose called when another node was chosen, or none
   */
  constructor(label: string, chose: () => void) {
    this.#chose = chose;
    this.element = h('div', { class: 'drawing graph', tabindex: 0, role: 'group', 'aria-label': label });
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  show(graph: Graph): void {
    this.#graph = graph;
    if (!graph.nodes.some(({ id }) => id === this.chosen)) this.chosen = undefined;
    this.#draw();
  }

  /** Lets a dot run from one node to another. */
  travel(from: string, to: string): void {
    const [start, end] = [this.#places.get(from), this.#places.get(to)];
    const picture = this.element.querySelector('svg');
    if (!start || !end || !picture || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const dot = svg('circle', { class: 'traveller', r: 6 });
    picture.append(dot);
    const at = ({ x, y }: CirclePlace) => ({ transform: `translate(${x}px, ${y}px)` });
    dot.animate([at(start), at(end)], { duration: TRAVEL_MS, easing: 'ease-in-out' }).onfinish = () =>
      dot.remove();
  }

  #draw(): void {
    if (this.element.clientWidth === 0) return;
    const { middle, edges } = this.#graph;
    const nodes = this.#graph.nodes.toSorted((a, b) => Number(b.id === middle) - Number(a.id === middle));
    const hasMiddle = nodes[0]?.id === middle && nodes.length > 1;
    const { width, height, places } = layOutCircle(nodes.length, hasMiddle, this.element.clientWidth);
    this.#places = new Map(nodes.map(({ id }, at) => [id, places[at] as CirclePlace]));
    const rank = ({ kind }: GraphEdge) => ['good', 'waiting', 'lost'].indexOf(kind);
    // Those that are lost are drawn last, over the others.
    const lines = edges.toSorted((a, b) => rank(a) - rank(b));
    const labels = this.#placeLabels(lines);
    this.element.classList.toggle('dense', lines.length > MANY_LINES);
    keepChildren(this.element, [
      svg(
        'svg',
        { viewBox: `0 0 ${width} ${height}`, width, height },
        svg('g', { 'aria-hidden': 'true' }, ...lines.flatMap((edge) => this.#edgeOf(edge, labels.get(edge)))),
        ...nodes.map((node) => this.#nodeOf(node)),
      ),
    ]);
  }

  /** The labels that find room: the table has them all. */
  #placeLabels(edges: readonly GraphEdge[]): ReadonlyMap<GraphEdge, Point> {
    const placed = new Map<GraphEdge, Point>();
    for (const edge of edges) {
      const [from, to] = [this.#places.get(edge.from), this.#places.get(edge.to)];
      if (!from || !to || edge.label === '' || this.#isDim(edge)) continue;
      const isTooShort = Math.hypot(to.x - from.x, to.y - from.y) < edge.label.length * CHAR_PX + 2 * RADIUS;
      if (isTooShort) continue;
      // Not half way, where the diagonals of a circle meet.
      const on = (a: number, b: number) => Math.round(a + (b - a) * 0.38);
      const at = { x: on(from.x, to.x), y: on(from.y, to.y) - 6 };
      const covers = ([{ label }, { x, y }]: [GraphEdge, Point]) =>
        Math.abs(y - at.y) < LINE_PX &&
        Math.abs(x - at.x) < ((label.length + edge.label.length) * CHAR_PX) / 2 + CHAR_PX;
      if (![...placed].some(covers)) placed.set(edge, at);
    }
    return placed.size > MAX_LABELS ? new Map() : placed;
  }

  #isDim({ from, to }: GraphEdge): boolean {
    return this.chosen !== undefined && this.chosen !== from && this.chosen !== to;
  }

  #edgeOf(edge: GraphEdge, label: Point | undefined): SVGElement[] {
    const [from, to] = [this.#places.get(edge.from), this.#places.get(edge.to)];
    if (!from || !to) return [];
    const { kind, href, title } = edge;
    const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
    return [
      svg(
        'g',
        {
          class: `edge ${kind}${this.#isDim(edge) ? ' dim' : ''}${href === undefined ? '' : ' leads'}`,
          'data-key': `${edge.from} ${edge.to}`,
          click: () => {
            if (href !== undefined) location.hash = href;
          },
        },
        svg('title', {}, title),
        svg('line', { class: 'reach', ...ends }),
        svg('line', { class: 'line', ...ends }),
        label ? svg('text', { ...label, class: 'what', 'text-anchor': 'middle' }, edge.label) : undefined,
      ),
    ];
  }

  #nodeOf({ id, name, about, class: kind }: GraphNode): SVGElement {
    const { x, y, turn, side } = this.#places.get(id) as CirclePlace;
    const size = 2 * RADIUS;
    const isLit = this.chosen === id;
    const children = [svg('circle', { class: 'box', cx: RADIUS, cy: RADIUS, r: RADIUS - 1 })];
    const text = (line: string, of: string, props: Record<string, string | number>) =>
      children.push(svg('text', { class: of, ...props }, line) as never);
    const words = [cut(name, NAME_CHARS), about];
    if (turn !== undefined) {
      const flip = side === 'left' ? 180 : 0;
      text(words.filter(Boolean).join(', '), 'name', {
        x: RADIUS + (flip ? -1 : 1) * (RADIUS + 5),
        y: RADIUS + 4,
        'text-anchor': flip ? 'end' : 'start',
        transform: `rotate(${Math.round(turn + flip)} ${RADIUS} ${RADIUS})`,
      });
    } else {
      const anchors = { left: 'end', right: 'start', below: 'middle' } as const;
      const at = {
        x: { left: -6, right: size + 6, below: RADIUS }[side],
        'text-anchor': anchors[side],
      };
      const first = side === 'below' ? size + 14 : about ? RADIUS - 2 : RADIUS + 4;
      text(words[0] as string, 'name', { ...at, y: first });
      // The space keeps the two apart for those who hear them.
      if (about) text(` ${about}`, 'about', { ...at, y: first + 14 });
    }
    return nodeButton(
      { x: x - RADIUS, y: y - RADIUS, width: size, height: size },
      {
        key: id,
        class: `dot ${kind}${isLit ? ' lit' : ''}`,
        label: `${name}${about ? `, ${about}` : ''}`,
        choose: () => this.#choose(id),
      },
      ...children,
    );
  }

  /** Selects a node; selecting it again clears the selection. */
  #choose(id: string): void {
    this.chosen = this.chosen === id ? undefined : id;
    this.#draw();
    this.#chose();
  }
}
