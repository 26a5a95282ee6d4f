/**
 * The words in a chart, as lines with a known size. Layout happens where there is no browser, so a size is the number
 * of characters times the widest glyph advance of the fonts that the pictures name; event, guard and action names are
 * set in a monospaced font, where that is exact.
 */
import {
  type ChartCall,
  type ChartState,
  type ChartTransition,
  describeCall,
  describeTrigger,
} from '../../src/machines/index.ts';

export type RunClass = 'name' | 'about' | 'event' | 'goal' | 'guard' | 'action';

export interface Run {
  readonly text: string;
  readonly style: RunClass;
}

export interface Line {
  readonly runs: readonly Run[];
  /** The transition that the line belongs to. */
  readonly transition?: string;
  /** Whether the page may write a rate behind the line. */
  readonly hasRate?: boolean;
}

export interface TextBlock {
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

/** Size of a character and of a line of each style, in pixels; svg.ts sets the fonts to match. */
export const fonts: Readonly<Record<RunClass, { char: number; line: number }>> = {
  name: { char: 9.2, line: 21 },
  about: { char: 6.3, line: 15 },
  event: { char: 6.63, line: 15 },
  goal: { char: 6.63, line: 15 },
  guard: { char: 6.63, line: 15 },
  action: { char: 6.63, line: 15 },
};

/** What the page writes behind an event's name, such as `120/s`, has room for this many characters. */
const RATE_CHARS = 6;
/** Room for the number of instances beside a state's name. */
const COUNT_WIDTH = 42;
/** A transition within a box takes one line up to this length. */
const MAX_LINE_CHARS = 50;
const ABOUT_CHARS = 40;
const ACTION_CHARS = 34;

const runWidth = ({ text, style }: Run) => text.length * fonts[style].char;

export function lineWidth(line: Line): number {
  const reserved = line.hasRate ? RATE_CHARS * fonts.event.char : 0;
  const count = line.runs[0]?.style === 'name' ? COUNT_WIDTH : 0;
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

/** A brief chart has the names of states and events only: several fit beside each other on a screen. */
export type Detail = 'full' | 'brief';

/** What stands in a state's box above its substates. */
export function stateText(
  state: ChartState,
  written: ReadonlySet<ChartTransition>,
  detail: Detail,
): TextBlock {
  if (detail === 'brief') return block([{ runs: [{ text: state.key, style: 'name' }] }]);
  const below = [
    ...calls('entry', state.entry),
    ...calls('exit', state.exit),
    ...state.transitions.filter((transition) => written.has(transition)).flatMap(insideLines),
  ];
  const room = Math.max(ABOUT_CHARS, Math.floor(block(below).width / fonts.about.char));
  return block([
    { runs: [{ text: state.key, style: 'name' }] },
    ...wrap(state.description.split(' '), ' ', room).map((text) => about(text)),
    ...below,
  ]);
}

/** What stands beside an arrow. */
export function arrowText(transitions: readonly ChartTransition[], detail: Detail): TextBlock {
  if (detail === 'brief')
    return block(transitions.map((each) => ({ runs: [event(each)], transition: each.name, hasRate: true })));
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

export function plainText(text: string): TextBlock {
  return block([about(text)]);
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
