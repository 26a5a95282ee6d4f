/** A picture of a graph whose nodes can be chosen. What its edges say is also in a table beside it, for the keyboard. */
import { type CirclePlace, layOutCircle } from './circle-layout.ts';
import { h, svg } from './dom.ts';
import { cut, nodeButton } from './graph-drawing.ts';
import { KeptChildren } from './kept-children.ts';

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

interface DrawnEdge {
  readonly edge: GraphEdge;
  readonly start: Point;
  readonly end: Point;
  readonly label: Point | undefined;
  readonly isDim: boolean;
}

interface DrawnNode {
  readonly node: GraphNode;
  readonly place: CirclePlace;
  readonly isLit: boolean;
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
  readonly #edges = svg('g', { 'aria-hidden': 'true' });
  readonly #nodes = svg('g');
  readonly #svg = svg('svg', {}, this.#edges, this.#nodes);
  readonly #keptEdges = new KeptChildren<DrawnEdge>(
    this.#edges,
    ({ edge: { from, to } }) => `${from} ${to}`,
    (drawn) => drawn,
    edgeOf,
  );
  readonly #keptNodes = new KeptChildren<DrawnNode>(
    this.#nodes,
    ({ node }) => node.id,
    (drawn) => drawn,
    (drawn) => nodeOf(drawn, () => this.#choose(drawn.node.id)),
  );
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
    this.element = h(
      'div',
      { class: 'drawing graph', tabindex: 0, role: 'group', 'aria-label': label },
      this.#svg,
    );
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
    if (!start || !end || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const dot = svg('circle', { class: 'traveller', r: 6 });
    this.#svg.append(dot);
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
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height }))
      if (this.#svg.getAttribute(name) !== String(value)) this.#svg.setAttribute(name, String(value));
    this.#keptEdges.show(
      lines.flatMap((edge) => {
        const [start, end] = [this.#places.get(edge.from), this.#places.get(edge.to)];
        if (!start || !end) return [];
        return { edge, start, end, label: labels.get(edge), isDim: this.#isDim(edge) };
      }),
    );
    this.#keptNodes.show(
      nodes.map((node) => ({
        node,
        place: this.#places.get(node.id) as CirclePlace,
        isLit: this.chosen === node.id,
      })),
    );
  }

  /** The labels that find room: the table has them all. */
  #placeLabels(edges: readonly GraphEdge[]): ReadonlyMap<GraphEdge, Point> {
    const placed = new Map<GraphEdge, Point>();
    const labelled = edges.filter((edge) => edge.label !== '' && !this.#isDim(edge));
    for (const edge of labelled.length > MAX_LABELS ? [] : labelled) {
      const [from, to] = [this.#places.get(edge.from), this.#places.get(edge.to)];
      if (!from || !to) continue;
      const isTooShort = Math.hypot(to.x - from.x, to.y - from.y) < edge.label.length * CHAR_PX + 2 * RADIUS;
      if (isTooShort) continue;
      // Not half way, where the diagonals of a circle meet.
      const on = (a: number, b: number) => Math.round(a + (b - a) * 0.38);
      const at = { x: on(from.x, to.x), y: on(from.y, to.y) - 6 };
      const covers = ([{ label }, { x, y }]: [GraphEdge, Point]) =>
        Math.abs(y - at.y) < LINE_PX &&
        Math.abs(x - at.x) < ((label.length + edge.label.length) * CHAR_PX) / 2 + CHAR_PX;
      const isOverNode = [...this.#places.values()].some(
        ({ x, y }) =>
          Math.abs(y - at.y) < LINE_PX && Math.abs(x - at.x) < (edge.label.length * CHAR_PX) / 2 + RADIUS,
      );
      if (!isOverNode && ![...placed].some(covers)) placed.set(edge, at);
    }
    return placed;
  }

  #isDim({ from, to }: GraphEdge): boolean {
    return this.chosen !== undefined && this.chosen !== from && this.chosen !== to;
  }

  /** Selects a node; selecting it again clears the selection. */
  #choose(id: string): void {
    this.chosen = this.chosen === id ? undefined : id;
    this.#draw();
    this.#chose();
  }
}

function edgeOf({ edge, start, end, label, isDim }: DrawnEdge): SVGElement {
  const { from, to, kind, href, title } = edge;
  const ends = { x1: start.x, y1: start.y, x2: end.x, y2: end.y };
  return svg(
    'g',
    {
      class: `edge ${kind}${isDim ? ' dim' : ''}${href === undefined ? '' : ' leads'}`,
      'data-key': `${from} ${to}`,
      click: () => {
        if (href !== undefined) location.hash = href;
      },
    },
    svg('title', {}, title),
    svg('line', { class: 'reach', ...ends }),
    svg('line', { class: 'line', ...ends }),
    label ? svg('text', { ...label, class: 'what', 'text-anchor': 'middle' }, edge.label) : undefined,
  );
}

function nodeOf({ node, place, isLit }: DrawnNode, choose: () => void): SVGElement {
  const { id, name, about, class: kind } = node;
  const { x, y } = place;
  const size = 2 * RADIUS;
  return nodeButton(
    { x: x - RADIUS, y: y - RADIUS, width: size, height: size },
    {
      key: id,
      class: `dot ${kind}${isLit ? ' lit' : ''}`,
      label: `${name}${about ? `, ${about}` : ''}`,
      isChosen: isLit,
      choose,
    },
    svg('circle', { class: 'box', cx: RADIUS, cy: RADIUS, r: RADIUS - 1 }),
    ...labelOf(node, place),
  );
}

function labelOf({ name, about }: GraphNode, { turn, side }: CirclePlace): SVGElement[] {
  const short = cut(name, NAME_CHARS);
  if (turn !== undefined) {
    const isLeft = side === 'left';
    const props = {
      x: RADIUS + (isLeft ? -1 : 1) * (RADIUS + 5),
      y: RADIUS + 4,
      'text-anchor': isLeft ? 'end' : 'start',
      transform: `rotate(${Math.round(turn + (isLeft ? 180 : 0))} ${RADIUS} ${RADIUS})`,
    };
    return [svg('text', { class: 'name', ...props }, [short, about].filter(Boolean).join(', '))];
  }
  const at = {
    x: { left: -6, right: 2 * RADIUS + 6, below: RADIUS }[side],
    'text-anchor': { left: 'end', right: 'start', below: 'middle' }[side],
  };
  const y = side === 'below' ? 2 * RADIUS + 14 : about ? RADIUS - 2 : RADIUS + 4;
  return [
    svg('text', { class: 'name', ...at, y }, short),
    // The space keeps the two apart for those who hear them.
    ...(about ? [svg('text', { class: 'about', ...at, y: y + 14 }, ` ${about}`)] : []),
  ];
}
