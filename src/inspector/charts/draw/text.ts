/**
 * The texts in a chart, as lines with a known size, because layout happens without a browser. In the monospaced font of
 * a full chart, a width is the number of characters times their advance; in the sans-serif font of a brief chart it is
 * calculated per glyph, for the widest of the named fonts (glyph-widths.ts).
 */

import { describeCall } from '../../../machines/chart/chart.ts';
import { describeTrigger } from '../../../machines/chart/transition-names.ts';
import type { ChartCall, ChartState, ChartTransition } from '../../../machines/index.ts';
import { sentenceOf, triggerWords } from '../sentence.ts';
import { glyphsWidth } from './glyph-widths.ts';

export type RunClass = 'name' | 'label' | 'about' | 'event' | 'goal' | 'guard' | 'action';

export interface Run {
  readonly text: string;
  readonly style: RunClass;
}

export interface Line {
  readonly runs: readonly Run[];
  /** The names of the transitions that the line belongs to, separated by a bar. */
  readonly transition?: string;
  /** Whether the page may append a rate to the line. */
  readonly hasRate?: boolean;
}

export interface TextBlock {
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

interface Font {
  /** For a monospaced font: the width of each character, in pixels. */
  readonly char?: number;
  /** For any other font: its size, and how much wider than regular its weight is. */
  readonly size?: number;
  readonly weight?: number;
  readonly line: number;
}

/** svg.ts sets matching fonts. */
export const fonts: Readonly<Record<RunClass, Font>> = {
  name: { size: 14, weight: 1.1, line: 21 },
  label: { size: 12, weight: 1, line: 15 },
  about: { size: 12, weight: 1, line: 15 },
  event: { char: 6.63, line: 15 },
  goal: { char: 6.63, line: 15 },
  guard: { char: 6.63, line: 15 },
  action: { char: 6.63, line: 15 },
};

/** Room for what the page appends to an event's name, such as `120/s`. */
const RATE_WIDTH = 40;
const LABEL_RATE_WIDTH = 32;
/** Room for the number of instances beside a state's name. */
const COUNT_WIDTH = 30;
/** The longest line beside an arrow of a brief chart. */
const LABEL_CHARS = 30;
/** A transition within a box takes one line up to this length. */
const MAX_LINE_CHARS = 36;
const ABOUT_CHARS = 34;
/** The approximate width of a character in a description. */
const ABOUT_CHAR_WIDTH = 7.2;
const ACTION_CHARS = 32;

function runWidth({ text, style }: Run): number {
  const { char, size = 0, weight = 1 } = fonts[style];
  return char === undefined ? glyphsWidth(text) * size * weight : text.length * char;
}

export function lineWidth(line: Line): number {
  const [first] = line.runs;
  const reserved = line.hasRate ? (first?.style === 'label' ? LABEL_RATE_WIDTH : RATE_WIDTH) : 0;
  const count = first?.style === 'name' ? COUNT_WIDTH : 0;
  return line.runs.reduce((sum, run) => sum + runWidth(run), 0) + reserved + count;
}

export function lineHeight(line: Line): number {
  return Math.max(...line.runs.map((run) => fonts[run.style].line));
}

function block(lines: readonly Line[]): TextBlock {
  return {
    lines,
    width: Math.max(0, ...lines.map(lineWidth)),
    height: lines.reduce((sum, line) => sum + lineHeight(line), 0),
  };
}

/** A brief chart shows only the names of states and events, so several fit on a screen side by side. */
export type Detail = 'full' | 'brief';

/** The text in a state's box above its substates. */
export function stateText(
  state: ChartState,
  written: ReadonlySet<ChartTransition>,
  detail: Detail,
): TextBlock {
  if (detail === 'brief') return block([{ runs: [{ text: sentenceOf(state.key), style: 'name' }] }]);
  const below = [
    ...calls('entry', state.entry),
    ...calls('exit', state.exit),
    ...state.transitions.filter((transition) => written.has(transition)).flatMap(insideLines),
  ];
  const room = Math.max(ABOUT_CHARS, Math.floor(block(below).width / ABOUT_CHAR_WIDTH));
  return block([
    { runs: [{ text: state.key, style: 'name' }] },
    ...wrap(state.description.split(' '), ' ', room).map((text) => about(text)),
    ...below,
  ]);
}

/** The text beside an arrow. */
export function arrowText(transitions: readonly ChartTransition[], detail: Detail): TextBlock {
  if (detail === 'brief') return block(labelLines(transitions));
  return block(
    transitions.flatMap((transition) => {
      const { name } = transition;
      return [
        { runs: [event(transition)], transition: name, hasRate: true },
        ...(transition.guard ? [{ runs: [guard(transition.guard)], transition: name }] : []),
        ...actionLines(transition, '').map((text) => ({ runs: [action(text)], transition: name })),
      ];
    }),
  );
}

/** Each label once, with the number of transitions that share it, wrapped. */
function labelLines(transitions: readonly ChartTransition[]): Line[] {
  const namesOf = new Map<string, string[]>();
  for (const { trigger, name } of transitions) {
    const label = triggerWords(trigger);
    namesOf.set(label, [...(namesOf.get(label) ?? []), name]);
  }
  return [...namesOf].flatMap(([label, names]) => {
    const text = names.length > 1 ? `${label} ×${names.length}` : label;
    const lines = wrap(text.split(' '), ' ', LABEL_CHARS);
    return lines.map((part, i) => ({
      runs: [{ text: part, style: 'label' as const }],
      transition: names.join('|'),
      hasRate: i === lines.length - 1,
    }));
  });
}

function insideLines(transition: ChartTransition): Line[] {
  const { name: id } = transition;
  const [target] = transition.targets;
  const isLoop = target === transition.source;
  const first = [
    event(transition, isLoop ? '↻ ' : ''),
    ...(target && !isLoop ? [goal(target)] : []),
    ...(transition.guard ? [guard(transition.guard, ' ')] : []),
  ] as const;
  const actions = transition.actions.map(describeCall).join(', ');
  const oneLine = [...first, ...(actions ? [action(` / ${actions}`)] : [])];
  if (oneLine.reduce((sum, run) => sum + run.text.length, 0) <= MAX_LINE_CHARS)
    return [{ runs: oneLine, transition: id, hasRate: true }];
  return [
    { runs: first, transition: id, hasRate: true },
    ...actionLines(transition, '  ').map((text) => ({ runs: [action(text)], transition: id })),
  ];
}

function actionLines(transition: ChartTransition, indent: string): string[] {
  const lines = wrap(transition.actions.map(describeCall), ', ', ACTION_CHARS);
  return lines.map((text, i) => `${indent}${i === 0 ? '/ ' : '  '}${text}${i < lines.length - 1 ? ',' : ''}`);
}

function calls(label: string, list: readonly ChartCall[]): Line[] {
  if (list.length === 0) return [];
  return wrap(list.map(describeCall), ', ', ACTION_CHARS).map((text, i) => ({
    runs: [about(i === 0 ? `${label} ` : '').runs[0] as Run, action(i === 0 ? `/ ${text}` : `  ${text}`)],
  }));
}

function wrap(words: readonly string[], separator: string, limit: number): string[] {
  const lines: string[] = [];
  for (const word of words.filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + separator.length + word.length <= limit)
      lines[lines.length - 1] = last + separator + word;
    else lines.push(word);
  }
  return lines;
}

const about = (text: string): Line => ({ runs: [{ text, style: 'about' }] });
const event = (transition: ChartTransition, mark = ''): Run => ({
  text: mark + describeTrigger(transition.trigger),
  style: 'event',
});
const goal = (id: string): Run => ({ text: ` → ${id.split('.').at(-1)}`, style: 'goal' });
const guard = (call: ChartCall, gap = ''): Run => ({ text: `${gap}[${describeCall(call)}]`, style: 'guard' });
const action = (text: string): Run => ({ text, style: 'action' });
