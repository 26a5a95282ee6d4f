/** Where everything in a chart stands, by ELK's layered algorithm; graph.ts says what it is given. */

import elkModule from 'elkjs/lib/elk.bundled.js';
import type { ELK as ElkApi, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Chart, ChartState, ChartTransition } from '../../src/machines/index.ts';
import { type Arrow, GraphBuilder, PADDING, padding } from './graph.ts';
import type { Detail, TextBlock } from './text.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}
export interface LaidState extends Box {
  readonly state: ChartState;
  readonly depth: number;
  readonly isRegion: boolean;
  readonly text: TextBlock;
  /** Where the text begins: beside the arrows that cross the head of a state with substates. */
  readonly textX: number;
}
export interface LaidArrow {
  /** None for the arrow from an initial dot. */
  readonly transitions: readonly ChartTransition[];
  /** From the source to the target. */
  readonly points: readonly Point[];
  readonly label: (Box & { readonly text: TextBlock }) | undefined;
}
export interface Layout {
  readonly machine: string;
  readonly width: number;
  readonly height: number;
  readonly states: readonly LaidState[];
  /** "in any state": where the arrows begin that lead from a state into itself. */
  readonly pills: readonly (Box & { readonly text: TextBlock })[];
  readonly dots: readonly Box[];
  readonly arrows: readonly LaidArrow[];
}

const MARGIN = 8;

const rootOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
};
type ElkConstructor = new () => ElkApi;
const Elk = ((elkModule as { default?: unknown }).default ?? elkModule) as unknown as ElkConstructor;

/** Lays a chart out; the same chart always gives the same layout. */
export async function layOut(chart: Chart, detail: Detail = 'full'): Promise<Layout> {
  const graph = new GraphBuilder(chart, detail);
  const laid = await new Elk().layout({
    id: '#',
    layoutOptions: { ...rootOptions, 'elk.padding': padding(MARGIN) },
    children: [graph.node(chart.root)],
    edges: graph.edges(),
  });
  return readLayout(chart, laid, graph);
}

function readLayout(chart: Chart, laid: ElkNode, graph: GraphBuilder): Layout {
  const nodes = new Map<string, Box>();
  const visit = (node: ElkNode) => {
    nodes.set(node.id, boxOf(node));
    for (const child of node.children ?? []) visit(child);
  };
  visit(laid);
  const boxed = (id: string) => nodes.get(id) as Box;
  const arrows = (laid.edges ?? [])
    .filter(({ id }) => graph.arrows.has(id))
    .map((edge) => readArrow(edge, graph));
  const states: LaidState[] = [];
  const collect = (state: ChartState, depth: number, isRegion: boolean) => {
    const text = graph.texts.get(state.id) as TextBlock;
    const box = boxed(state.id);
    states.push({ ...box, state, depth, isRegion, text, textX: freeX(box, text, arrows) });
    for (const child of state.states) collect(child, depth + 1, state.kind === 'parallel');
  };
  collect(chart.root, 0, false);
  return {
    machine: chart.machine,
    width: round(laid.width),
    height: round(laid.height),
    states,
    pills: [...graph.pills].map(([id, text]) => ({ ...boxed(id), text })),
    dots: [...graph.dots].map(boxed),
    arrows,
  };
}

/** How far words keep away from an arrow that passes them. */
const CLEARANCE = 9;

/** The leftmost place in a box where its text is crossed by no arrow. */
function freeX(box: Box, text: TextBlock, arrows: readonly LaidArrow[]): number {
  const bottom = box.y + PADDING + text.height;
  const crossings = arrows.flatMap(({ points }) =>
    points.slice(1).flatMap((point, i) => {
      const before = points[i] as Point;
      const isUpright = point.x === before.x;
      const isInHead = Math.min(point.y, before.y) < bottom && Math.max(point.y, before.y) > box.y;
      const isInBox = point.x > box.x && point.x < box.x + box.width;
      return isUpright && isInHead && isInBox ? [point.x] : [];
    }),
  );
  const first = box.x + PADDING;
  const places = [first, ...crossings.map((x) => x + CLEARANCE).sort((a, b) => a - b)];
  const fits = (x: number) =>
    x >= first &&
    x + text.width <= box.x + box.width - PADDING / 2 &&
    crossings.every((crossing) => crossing < x || crossing > x + text.width);
  return places.find(fits) ?? first;
}

function readArrow(edge: ElkExtendedEdge, graph: GraphBuilder): LaidArrow {
  const { transitions, isReversed, text } = graph.arrows.get(edge.id) as Arrow;
  const points = (edge.sections ?? []).flatMap((section) =>
    [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map(({ x, y }) => ({
      x: round(x),
      y: round(y),
    })),
  );
  const label = edge.labels?.[0];
  return {
    transitions,
    points: isReversed ? points.reverse() : points,
    label: label && text ? { ...boxOf(label), text } : undefined,
  };
}

type Sized = { x?: number; y?: number; width?: number; height?: number };

function boxOf({ x, y, width, height }: Sized): Box {
  return { x: round(x), y: round(y), width: round(width), height: round(height) };
}

/** Half pixels are enough, and keep the files small. */
function round(value = 0): number {
  return Math.round(value * 2) / 2;
}
