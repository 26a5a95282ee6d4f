/**
 * The layout of a chart. States are stacked in the order of the source, final ones last, each as wide as its text. A
 * state's transitions are labelled beside it, on their lines; all lines to one state meet in one vertical track on the
 * right. So a chart is as narrow as its longest text, wherever its transitions lead.
 */
import type { Chart, ChartState, ChartTransition } from '../../../machines/index.ts';
import { arrowText, type Detail, stateText, type TextBlock } from './text.ts';
import { assignTracks } from './tracks.ts';

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
}
export interface LaidArrow {
  /** None for the arrow from an initial dot. */
  readonly transitions: readonly ChartTransition[];
  /** The id of the target state. */
  readonly target: string;
  /** From the source to the target. */
  readonly points: readonly Point[];
  readonly label: (Box & { readonly text: TextBlock }) | undefined;
}
export interface Layout {
  readonly chart: Chart;
  readonly width: number;
  readonly height: number;
  readonly states: readonly LaidState[];
  readonly dots: readonly Box[];
  readonly arrows: readonly LaidArrow[];
}

export const PADDING = 10;
/** The row of a state's name, which arrows enter from the right. */
const NAME_ROW = 26;
const NAME_MIDDLE = 14;
const GAP = 8;
const INDENT = 26;
const DOT = 8;
/** Between a box and the text beside it. */
const BESIDE = 7;
const UNDER_LABEL = 4;
const FRAME_STEP = 7;
const TRACK_STEP = 10;
const MARGIN = 6;

interface Placed {
  readonly state: ChartState;
  readonly depth: number;
  readonly isRegion: boolean;
  readonly text: TextBlock;
  readonly x: number;
  readonly y: number;
  /** For a state with substates it follows from its content. */
  readonly width: number | undefined;
  height: number;
}

interface Leaving {
  readonly transitions: readonly ChartTransition[];
  readonly target: string;
  readonly label: Box & { readonly text: TextBlock };
  readonly from: Point;
}

/** Lays a chart out; the same chart always gives the same layout. */
export function layOut(chart: Chart, detail: Detail = 'full'): Layout {
  return new Stack(chart, detail).layout();
}

class Stack {
  readonly #chart: Chart;
  readonly #detail: Detail;
  readonly #inBoxes: ReadonlySet<ChartTransition>;
  readonly #placed: Placed[] = [];
  readonly #leaving: Leaving[] = [];
  readonly #dots: { readonly box: Box; readonly target: string; readonly to: Point }[] = [];
  #right = 0;
  #maxDepth = 0;

  constructor(chart: Chart, detail: Detail) {
    this.#chart = chart;
    this.#detail = detail;
    this.#inBoxes = new Set(transitionsInBoxes(chart.root));
  }

  layout(): Layout {
    this.#place(this.#chart.root, MARGIN, MARGIN, 0, false);
    const frameRight = (depth: number) => this.#right + (this.#maxDepth - depth + 1) * FRAME_STEP;
    const boxes = new Map(
      this.#placed.map(({ width, ...placed }) => [
        placed.state.id,
        { ...placed, width: width ?? frameRight(placed.depth) - placed.x },
      ]),
    );
    const boxed = (id: string) => boxes.get(id) as LaidState;
    const tracks = assignTracks(
      this.#leaving.map(({ target, from }) => ({ target, from: from.y, to: boxed(target).y + NAME_MIDDLE })),
    );
    const firstTrack = frameRight(0) + TRACK_STEP;
    const arrows = this.#leaving.map(({ transitions, target, label, from }): LaidArrow => {
      const to = { x: boxed(target).x + boxed(target).width, y: boxed(target).y + NAME_MIDDLE };
      const x = firstTrack + (tracks.of.get(target) ?? 0) * TRACK_STEP;
      const points = [from, { x, y: from.y }, { x, y: to.y }, to];
      return { transitions, target, label, points };
    });
    const starts = this.#dots.map(({ box, target, to }): LaidArrow => {
      const from = { x: box.x + DOT, y: to.y };
      return { transitions: [], target, label: undefined, points: [from, to] };
    });
    const width = firstTrack + Math.max(0, tracks.count - 1) * TRACK_STEP + TRACK_STEP + MARGIN;
    const root = boxed(this.#chart.root.id);
    boxes.set(root.state.id, { ...root, width: width - 2 * MARGIN });
    return {
      chart: this.#chart,
      width,
      height: root.height + 2 * MARGIN,
      states: [...boxes.values()],
      dots: this.#dots.map(({ box }) => box),
      arrows: [...starts, ...arrows],
    };
  }

  /** @returns its height */
  #place(state: ChartState, x: number, y: number, depth: number, isRegion: boolean): number {
    this.#maxDepth = Math.max(this.#maxDepth, depth);
    const text = stateText(state, this.#inBoxes, this.#detail);
    const isNest = state.states.length > 0;
    const width = isNest ? undefined : Math.ceil(text.width) + 2 * PADDING;
    const placed: Placed = { state, depth, isRegion, text, x, y, width, height: 0 };
    this.#placed.push(placed);
    const textHeight = Math.ceil(text.height) + PADDING;
    // Beside a leaf are the labels of its transitions; a state with substates has them below its own text.
    let bottom = y + (isNest ? textHeight : NAME_ROW);
    const from = isNest ? x : x + (width as number);
    bottom = this.#placeLeaving(state, from, bottom);
    if (!isNest) {
      placed.height = Math.max(textHeight, bottom - y, NAME_ROW + 2);
      this.#right = Math.max(this.#right, from);
      return placed.height;
    }
    this.#right = Math.max(this.#right, x + PADDING + text.width);
    bottom += GAP / 2;
    for (const child of finalsLast(state.states)) {
      if (child.id === state.initial) this.#placeDot(child.id, x, bottom);
      bottom += this.#place(child, x + INDENT, bottom, depth + 1, state.kind === 'parallel') + GAP;
    }
    placed.height = bottom - y;
    return placed.height;
  }

  #placeLeaving(state: ChartState, x: number, y: number): number {
    let bottom = y;
    for (const [target, transitions] of this.#groupsOf(state)) {
      const text = arrowText(transitions, this.#detail);
      const label = {
        x: x + BESIDE,
        y: bottom,
        width: Math.ceil(text.width),
        height: Math.ceil(text.height),
        text,
      };
      bottom += label.height + UNDER_LABEL;
      this.#leaving.push({ transitions, target, label, from: { x, y: bottom - UNDER_LABEL / 2 } });
      this.#right = Math.max(this.#right, label.x + label.width);
    }
    return bottom;
  }

  #placeDot(target: string, x: number, y: number): void {
    const middle = y + NAME_MIDDLE;
    const box = { x: x + 6, y: middle - DOT / 2, width: DOT, height: DOT };
    this.#dots.push({ box, target, to: { x: x + INDENT, y: middle } });
  }

  /** One arrow per target; transitions to the same target share its label. */
  #groupsOf(state: ChartState): ReadonlyMap<string, readonly ChartTransition[]> {
    const groups = new Map<string, ChartTransition[]>();
    for (const transition of state.transitions) {
      if (this.#inBoxes.has(transition)) continue;
      for (const target of transition.targets)
        groups.set(target, [...(groups.get(target) ?? []), transition]);
    }
    return groups;
  }
}

function finalsLast(states: readonly ChartState[]): readonly ChartState[] {
  const isFinal = ({ kind }: ChartState) => kind === 'final';
  return [...states.filter((state) => !isFinal(state)), ...states.filter(isFinal)];
}

/**
 * Transitions that are written in boxes instead of drawn: self-transitions, and those to a state that an enclosing
 * state's arrow already leads to. A dozen arrows out of every state would show less than one arrow, and text in the
 * boxes.
 */
function transitionsInBoxes(state: ChartState, led: ReadonlySet<string> = new Set()): ChartTransition[] {
  const written = state.transitions.filter(({ source, targets }) =>
    targets.every((target) => target === source || led.has(target)),
  );
  const drawn = state.transitions.filter((transition) => !written.includes(transition));
  const inner = new Set([...led, ...drawn.flatMap(({ targets }) => targets)]);
  return [...written, ...state.states.flatMap((child) => transitionsInBoxes(child, inner))];
}
