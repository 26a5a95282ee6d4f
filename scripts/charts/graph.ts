/**
 * The graph that ELK lays out for a chart. ELK puts states in layers along its arrows, so an arrow that runs against
 * the order of the source is given to it reversed: the chart then reads from top to bottom as the source does. ELK's
 * own ways to break cycles put `connected` first.
 */
import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import { type Chart, type ChartState, type ChartTransition, statesOf } from '../../src/machines/index.ts';
import { arrowText, type Detail, plainText, stateText, type TextBlock } from './text.ts';

export const PADDING = 14;
const DOT = 10;
const PILL_HEIGHT = 22;

const spacingOf = (node: number, edge: number) => ({
  'elk.spacing.nodeNode': `${node}`,
  'elk.spacing.edgeNode': `${edge}`,
  'elk.spacing.edgeEdge': `${edge - 2}`,
  'elk.spacing.edgeLabel': '5',
  'elk.layered.spacing.nodeNodeBetweenLayers': `${node + 2}`,
  'elk.layered.spacing.edgeNodeBetweenLayers': `${edge}`,
  'elk.layered.spacing.edgeEdgeBetweenLayers': `${edge - 4}`,
});
const spacing: Readonly<Record<Detail, Record<string, string>>> = {
  full: spacingOf(32, 18),
  brief: spacingOf(18, 12),
};

/** What an edge of the graph stands for. */
export interface Arrow {
  readonly transitions: readonly ChartTransition[];
  readonly isReversed: boolean;
  readonly text?: TextBlock;
}

/** Makes ELK's graph of a chart, and remembers what each of its nodes and edges stands for. */
export class GraphBuilder {
  readonly texts = new Map<string, TextBlock>();
  readonly pills = new Map<string, TextBlock>();
  readonly dots = new Set<string>();
  readonly arrows = new Map<string, Arrow>();
  readonly #order: ReadonlyMap<string, number>;
  readonly #detail: Detail;
  readonly #states: readonly ChartState[];
  /** What is written into its state's box instead of being drawn. */
  readonly #written: ReadonlySet<ChartTransition>;

  constructor(chart: Chart, detail: Detail) {
    this.#detail = detail;
    this.#states = statesOf(chart.root);
    this.#written = new Set(transitionsInBoxes(chart.root));
    this.#order = new Map(this.#states.map(({ id }, i) => [id, i]));
  }

  node(state: ChartState): ElkNode {
    const text = stateText(state, this.#written, this.#detail);
    this.texts.set(state.id, text);
    const width = Math.ceil(text.width) + 2 * PADDING;
    const height = Math.ceil(text.height) + 2 * PADDING - 6;
    if (state.states.length === 0) return { id: state.id, width, height };
    return {
      id: state.id,
      layoutOptions: {
        ...spacing[this.#detail],
        'elk.alignment': 'TOP',
        'elk.padding': padding(PADDING + 6, height + 8),
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width},${height})`,
      },
      children: [...this.#marks(state), ...state.states.map((child) => this.node(child))],
    };
  }

  #marks(state: ChartState): ElkNode[] {
    const marks: ElkNode[] = [];
    if (state.initial) {
      this.dots.add(`${state.id}*`);
      marks.push({
        id: `${state.id}*`,
        width: DOT,
        height: DOT,
        layoutOptions: { 'elk.layered.layering.layerConstraint': 'FIRST' },
      });
    }
    if (state.transitions.some((transition) => this.#leadsInward(transition, state))) {
      const text = plainText(`in any state of ${state.key}`);
      this.pills.set(`${state.id}?`, text);
      marks.push({ id: `${state.id}?`, width: Math.ceil(text.width) + 20, height: PILL_HEIGHT });
    }
    return marks;
  }

  edges(): ElkExtendedEdge[] {
    const edges: ElkExtendedEdge[] = [];
    for (const state of this.#states) {
      if (state.initial) {
        const id = `${state.id}*>`;
        this.arrows.set(id, { transitions: [], isReversed: false });
        edges.push({ id, sources: [`${state.id}*`], targets: [state.initial] });
      }
      edges.push(...this.#keepers(state), ...this.#arrowsFrom(state));
    }
    return edges;
  }

  /** One arrow for each target; transitions that share it share their label too. */
  #arrowsFrom(state: ChartState): ElkExtendedEdge[] {
    const groups = new Map<string, ChartTransition[]>();
    for (const transition of state.transitions) {
      if (this.#written.has(transition)) continue;
      for (const target of transition.targets)
        groups.set(target, [...(groups.get(target) ?? []), transition]);
    }
    return [...groups].map(([target, transitions]) => {
      const id = `${state.id}>${target}`;
      const isFromPill = isWithin(target, state);
      const source = isFromPill ? `${state.id}?` : state.id;
      const isReversed = !isFromPill && this.#position(state.id) > this.#position(target);
      const text = arrowText(transitions, this.#detail);
      this.arrows.set(id, { transitions, isReversed, text });
      const labels = [{ text: id, width: Math.ceil(text.width) + 8, height: Math.ceil(text.height) + 4 }];
      const [from, to] = isReversed ? [target, source] : [source, target];
      return { id, sources: [from], targets: [to], labels };
    });
  }

  /** Invisible edges, which keep a state that no other state leads to below those that the source has before it. */
  #keepers(parent: ChartState): ElkExtendedEdge[] {
    if (parent.kind === 'parallel') return [];
    return parent.states.slice(1).flatMap((state, i) => {
      const before = parent.states.slice(0, i + 1);
      const isLedTo = before.some((sibling) => this.#isLinked(sibling, state));
      if (isLedTo) return [];
      return before.map(({ id }) => ({ id: `${id}~${state.id}`, sources: [id], targets: [state.id] }));
    });
  }

  #isLinked(one: ChartState, other: ChartState): boolean {
    return this.#states
      .flatMap((state) => state.transitions)
      .filter((transition) => !this.#written.has(transition))
      .some(({ source, targets }) =>
        targets.some(
          (target) =>
            (isWithin(source, one) && isWithin(target, other)) ||
            (isWithin(source, other) && isWithin(target, one)),
        ),
      );
  }

  #leadsInward(transition: ChartTransition, state: ChartState): boolean {
    return !this.#written.has(transition) && transition.targets.some((target) => isWithin(target, state));
  }

  #position(id: string): number {
    return this.#order.get(id) ?? 0;
  }
}

function isWithin(id: string, state: ChartState): boolean {
  return id === state.id || id.startsWith(`${state.id}.`);
}

/**
 * A transition that ends where it began needs no arrow, and neither does one to a state that an enclosing state's
 * arrow leads to: a dozen parallel arrows out of every corner of a state say less than one, and words in the boxes.
 */
function transitionsInBoxes(state: ChartState, led: ReadonlySet<string> = new Set()): ChartTransition[] {
  const written = state.transitions.filter(({ source, targets }) =>
    targets.every((target) => target === source || led.has(target)),
  );
  const drawn = state.transitions.filter((transition) => !written.includes(transition));
  const inner = new Set([...led, ...drawn.flatMap(({ targets }) => targets)]);
  return [...written, ...state.states.flatMap((child) => transitionsInBoxes(child, inner))];
}

export function padding(all: number, top = all): string {
  return `[top=${top},left=${all},bottom=${all},right=${all}]`;
}
