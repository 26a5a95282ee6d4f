import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { makeCharts } from '../../../scripts/charts/make.ts';
import { chartNames, chartTable } from '../../../src/inspector/charts/chart-table.ts';
import {
  type Box,
  type LaidState,
  type Layout,
  layOut,
  PADDING,
  type Point,
} from '../../../src/inspector/charts/draw/layout.ts';
import { mermaidOf } from '../../../src/inspector/charts/mermaid.ts';
import { sentenceOf } from '../../../src/inspector/charts/sentence.ts';
import { chartOf } from '../../../src/machines/index.ts';
import { pairlane } from '../../support/servers/cli-process.ts';

const directory = new URL('../../../src/inspector/charts/svg/', import.meta.url);
const layouts = new Map<string, Layout>();
for (const name of chartNames) {
  layouts.set(name, layOut(chartOf(chartTable[name])));
  layouts.set(`${name}.brief`, layOut(chartOf(chartTable[name]), 'brief'));
}

type Segment = readonly [Point, Point];
interface Thing extends Box {
  readonly what: string;
}

const overlaps = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const contains = (outer: Box, inner: Box) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;
/** The inside of the box that a segment has: a rectangle, since all segments are upright or level. */
const boxAround = ([a, b]: Segment): Box => ({
  x: Math.min(a.x, b.x),
  y: Math.min(a.y, b.y),
  width: Math.abs(a.x - b.x),
  height: Math.abs(a.y - b.y),
});
const crosses = (segment: Segment, box: Box) => {
  const line = boxAround(segment);
  const fat = { x: line.x - 0.01, y: line.y - 0.01, width: line.width + 0.02, height: line.height + 0.02 };
  return overlaps(fat, { x: box.x + 0.5, y: box.y + 0.5, width: box.width - 1, height: box.height - 1 });
};
const segmentsOf = (points: readonly Point[]): Segment[] =>
  points.slice(1).map((point, i) => [points[i] as Point, point]);
/** What may not be drawn over: labels, states without substates, and the words of those with substates. */
function thingsOf({ states, arrows, dots }: Layout): Thing[] {
  const wordsOf = ({ state, x, y, width, height, text }: LaidState): Thing =>
    state.states.length === 0
      ? { what: `state ${state.id}`, x, y, width, height }
      : { what: `words of ${state.id}`, x: x + PADDING, y: y + 2, width: text.width, height: text.height };
  return [
    ...states.map(wordsOf),
    ...dots.map((dot, i) => ({ ...dot, what: `dot ${i}` })),
    ...arrows.flatMap(({ label, transitions }) =>
      label ? [{ ...label, what: `label ${transitions[0]?.name}` }] : [],
    ),
  ];
}

describe.each([...layouts.keys()])('the chart of %s', (name) => {
  const layout = layouts.get(name) as Layout;
  const things = thingsOf(layout);

  it('has every state, and unless it is brief, the words of every transition', () => {
    const svg = readFileSync(new URL(`${name}.svg`, directory), 'utf8');
    for (const { state } of layout.states) {
      for (const transition of name.endsWith('.brief') ? [] : state.transitions) {
        const escaped = transition.name.replaceAll('>', '&#62;');
        expect(svg.includes(`data-edge="${escaped}"><tspan class="event"`)).toBe(true);
      }
      expect(svg.includes(`data-state="${state.id}"`)).toBe(true);
    }
  });

  it('has no label, state or word upon another', () => {
    const clashes = things.flatMap((a, i) =>
      things.slice(i + 1).flatMap((b) => (overlaps(a, b) ? [`${a.what} and ${b.what}`] : [])),
    );
    expect(clashes).toEqual([]);
    expect(things.length).toBeGreaterThan(5);
  });

  it('has no arrow through a label, a state or a word', () => {
    const clashes = layout.arrows.flatMap((arrow) =>
      segmentsOf(arrow.points).flatMap((segment) =>
        things.flatMap((thing) =>
          crosses(segment, thing) ? [`${arrow.transitions[0]?.name} through ${thing.what}`] : [],
        ),
      ),
    );
    expect(clashes).toEqual([]);
  });

  it('has no arrow that runs along another to another state', () => {
    const segments = layout.arrows.flatMap((arrow, i) =>
      segmentsOf(arrow.points).map((segment) => ({ i, target: arrow.target, segment })),
    );
    const clashes = segments.flatMap((a, at) =>
      segments.slice(at + 1).flatMap((b) => {
        if (a.target === b.target) return [];
        const [one, other] = [boxAround(a.segment), boxAround(b.segment)];
        const near = (box: Box) => ({
          x: box.x - 2,
          y: box.y - 2,
          width: box.width + 4,
          height: box.height + 4,
        });
        const isParallel = (one.width === 0) === (other.width === 0);
        return isParallel && overlaps(near(one), near(other)) ? [`${a.i} ${b.i}`] : [];
      }),
    );
    expect(clashes).toEqual([]);
  });

  it('has every state within its parent, and every label within the picture', () => {
    const boxes = new Map(layout.states.map((laid) => [laid.state.id, laid]));
    for (const laid of layout.states)
      for (const child of laid.state.states) expect(contains(laid, boxes.get(child.id) as Box)).toBe(true);
    const picture = { x: 0, y: 0, width: layout.width, height: layout.height };
    for (const thing of things) expect(contains(picture, thing)).toBe(true);
  });

  it('fits the place that it gets: 560 pixels when it is brief, and 800 in full', () => {
    expect(layout.width).toBeLessThanOrEqual(name.endsWith('.brief') ? 560 : 800);
  });

  it('ends with its final states', () => {
    const finals = layout.states.filter(({ state, depth }) => state.kind === 'final' && depth === 1);
    const others = layout.states.filter(({ state, depth }) => state.kind !== 'final' && depth === 1);
    for (const final of finals)
      for (const other of others) expect(final.y).toBeGreaterThanOrEqual(other.y + other.height);
  });

  it('has its states and transitions as text, too', () => {
    const svg = readFileSync(new URL(`${name}.svg`, directory), 'utf8');
    const text = /<desc>(.*?)<\/desc>/s.exec(svg)?.[1]?.split('\n') ?? [];
    expect(text.length).toBe(layout.states.length);
    layout.states.forEach(({ state }) => {
      const words = sentenceOf(state.key);
      expect(text.some((line) => line.trimStart().startsWith(words))).toBe(true);
    });
  });

  it('reads from top to bottom in the order of the source', () => {
    const boxes = new Map(layout.states.map((laid, order) => [laid.state.id, { ...laid, order }]));
    let compared = 0;
    for (const { state } of layout.states) {
      for (const { source, targets } of state.transitions) {
        const from = boxes.get(source);
        const to = boxes.get(targets[0] ?? '');
        if (!from || !to || from.order === to.order) continue;
        if (targets[0]?.startsWith(`${source}.`) || source.startsWith(`${targets[0]}.`)) continue;
        const [earlier, later] = from.order < to.order ? [from, to] : [to, from];
        expect(earlier.y + earlier.height).toBeLessThanOrEqual(later.y);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(2);
  });
});

describe('the committed charts', () => {
  it('are those of the machines; otherwise: npm run charts', () => {
    const made = makeCharts();
    expect(readdirSync(directory).sort()).toEqual([...made.keys()].map((name) => `${name}.svg`).sort());
    for (const [name, svg] of made)
      expect(readFileSync(new URL(`${name}.svg`, directory), 'utf8') === svg).toBe(true);
  });

  it('stand alone: nothing in them is loaded from elsewhere', () => {
    for (const name of chartNames) {
      const svg = readFileSync(new URL(`${name}.svg`, directory), 'utf8');
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
        /https?:|href=|@import|<script|<image/,
      );
      expect(svg).toContain('prefers-color-scheme:dark');
    }
  });
});

describe('pairlane chart', () => {
  it.each([
    ['svg', /^<svg .*data-state="pairing\.negotiating\.offered"/s],
    ['mermaid', /^stateDiagram-v2\n.*pairing_paired --> pairing_negotiating: OFFER_RECEIVED/s],
    ['json', /^\{\n {2}"machine": "pairing"/],
  ])('prints a chart as %s', async (format, content) => {
    const run = pairlane(['chart', 'pairing', '--format', format]);
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toMatch(content);
  });

  it('names the charts that there are when asked for another, and ends with status 2', async () => {
    const run = pairlane(['chart', 'weather']);
    expect(await run.exited()).toBe(2);
    expect(run.stderr).toContain(
      "there is no chart 'weather'; there are session, pairing, room, edge, negotiation",
    );
  });

  it('draws parallel states side by side in mermaid', () => {
    const text = mermaidOf(chartOf(chartTable.session));
    expect(text).toContain('    --\n');
    expect(text).toContain('session_disconnected --> [*]');
  });
});
