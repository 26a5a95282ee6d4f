/**
 * Draws a laid-out chart as a self-contained SVG: a README can use it unchanged, in light and dark mode, and the page
 * embeds it and switches classes on its `data-state` and `data-edge` elements.
 */

import { describeInWords } from '../sentence.ts';
import { toneOf } from '../state-tones.ts';
import { type Box, type LaidArrow, type LaidState, type Layout, PADDING, type Point } from './layout.ts';
import { style } from './style.ts';
import { type Line, lineHeight, type TextBlock } from './text.ts';

const CORNER = 6;

export function drawSvg(layout: Layout): string {
  const { width, height, chart } = layout;
  const machine = escapeXml(chart.machine);
  const tip = tipOf(chart.machine);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" data-machine="${machine}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="State chart of ${machine}">`,
    `<desc>${escapeXml(describeInWords(chart))}</desc>`,
    `<style>${style}</style>`,
    `<defs><marker id="${tip}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0.5 8 4 0 7.5z"/></marker></defs>`,
    ...layout.states.map(drawState),
    ...layout.dots.map(drawDot),
    ...layout.arrows.map((arrow) => drawArrow(arrow, tip)),
    ...layout.arrows.map(drawLabel),
    '</svg>',
    '',
  ].join('\n');
}

/**
 * Its description is its tooltip; `data-leads` has the names of all transitions out of it, whether or not they are
 * drawn.
 */
function drawState(laid: LaidState): string {
  const { state, isRegion, depth } = laid;
  const kind = isRegion ? 'region' : depth === 0 ? 'root' : state.states.length > 0 ? 'nest' : 'leaf';
  const leads = state.transitions.map(({ name }) => escapeXml(name)).join('|');
  const parts = [
    `<title>${escapeXml(state.description)}</title>`,
    rect(laid, 7, 'box'),
    ...(state.kind === 'final' ? [rect(inset(laid, 3), 5, 'rim')] : []),
    ...drawLines(laid.text, { x: laid.x + PADDING, y: laid.y + 2 }),
    `<text class="count" x="${laid.x + laid.text.width + PADDING + 2}" y="${laid.y + 19}"></text>`,
  ];
  const attributes = `data-state="${escapeXml(state.id)}" data-tone="${toneOf(state.id)}" data-leads="${leads}"`;
  return `<g class="state ${kind}" ${attributes}>${parts.join('')}</g>`;
}

function drawDot({ x, y, width }: Box): string {
  return `<circle class="dot" cx="${x + width / 2}" cy="${y + width / 2}" r="${width / 2}"/>`;
}

/** A machine's id may be any text; characters that are valid in a URL are kept. */
function tipOf(machine: string): string {
  return `tip-${machine.replace(/[^\w.-]/g, '-')}`;
}

function drawArrow(arrow: LaidArrow, tip: string): string {
  const names = arrow.transitions.map((transition) => escapeXml(transition.name));
  const edge = names.length > 0 ? ` data-edge="${names.join('|')}"` : '';
  return `<path class="arrow"${edge} d="${roundedPath(arrow.points)}" marker-end="url(#${tip})"/>`;
}

function drawLabel({ label }: LaidArrow): string {
  return label ? `<g class="label">${drawLines(label.text, label).join('')}</g>` : '';
}

/** Each line of a transition carries its name, so that the page can highlight what was taken. */
function drawLines(text: TextBlock, at: Point): string[] {
  let y = at.y;
  return text.lines.map((line) => {
    y += lineHeight(line);
    return drawLine(line, at.x, y - 3);
  });
}

function drawLine(line: Line, x: number, y: number): string {
  const runs = line.runs.filter((run) => run.text);
  const spans = runs.map((run) => `<tspan class="${run.style}">${escapeXml(run.text)}</tspan>`);
  const rate = line.hasRate ? '<tspan class="rate" dx="5"></tspan>' : '';
  const edge = line.transition ? ` data-edge="${escapeXml(line.transition)}"` : '';
  return `<text xml:space="preserve" x="${x}" y="${y}"${edge}>${spans.join('')}${rate}</text>`;
}

function rect({ x, y, width, height }: Box, radius: number, name: string): string {
  return `<rect class="${name}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`;
}

function inset({ x, y, width, height }: Box, by: number): Box {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by };
}

/** A corner's radius is at most half of its shorter side; otherwise two corners close together make a kink. */
function roundedPath(points: readonly Point[]): string {
  const parts = [`M${points[0]?.x} ${points[0]?.y}`];
  for (let i = 1; i < points.length - 1; i += 1) {
    const [before, corner, after] = [points[i - 1], points[i], points[i + 1]] as [Point, Point, Point];
    const radius = Math.min(CORNER, distance(before, corner) / 2, distance(corner, after) / 2);
    const from = towards(corner, before, radius);
    const to = towards(corner, after, radius);
    parts.push(`L${from.x} ${from.y}Q${corner.x} ${corner.y} ${to.x} ${to.y}`);
  }
  const end = points.at(-1);
  return `${parts.join('')}L${end?.x} ${end?.y}`;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to) || 1;
  const along = (a: number, b: number) => Math.round((a + ((b - a) * by) / length) * 10) / 10;
  return { x: along(from.x, to.x), y: along(from.y, to.y) };
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
