/** A record as spans of states and marks, one lane per machine, for the timeline. */
import {
  isStep,
  type Lane,
  type PairingRecord,
  type RecordStep,
  type StateValueJson,
} from '../../protocol/index.ts';
import { type Tone, toneOf } from '../charts/state-tones.ts';
import { describeState } from './timeline.ts';

export interface Span {
  readonly from: number;
  /** Undefined: it goes on. */
  readonly to: number | undefined;
  readonly text: string;
  readonly tone: Tone;
}

export interface Mark {
  readonly index: number;
  readonly t: number;
  readonly kind: 'message' | 'refusal';
}

export interface LaneSpans {
  readonly lane: Lane;
  readonly spans: readonly Span[];
  readonly marks: readonly Mark[];
}

export function laneSpansOf({ lines }: PairingRecord, lanes: readonly Lane[]): LaneSpans[] {
  return lanes.map((lane) => {
    const spans: Span[] = [];
    const marks: Mark[] = [];
    let open: { from: number; text: string } | undefined;
    const enter = (t: number, value: StateValueJson) => {
      const text = loudIn(value);
      if (open?.text === text) return;
      if (open) spans.push(spanOf(open, t));
      open = { from: t, text };
    };
    lines.forEach((line, index) => {
      if (!('of' in line) || line.of !== lane) return;
      if (!isStep(line)) {
        if (line.first.value !== undefined) enter(line.t, line.first.value);
        return;
      }
      enter(line.t, line.to);
      if (isRefusal(line)) marks.push({ index, t: line.t, kind: 'refusal' });
      else if (line.message) marks.push({ index, t: line.t, kind: 'message' });
    });
    if (open) spans.push(spanOf(open, undefined));
    return { lane, spans, marks };
  });
}

/** Sockets that answer pings, and clients without pending requests: always the case, and not worth showing. */
const quiet = /(^|\.)(request\.idle|socket\.online\.(heard|pinged)|token\.unlimited)$/;

/** The state in words, without the regions in which nothing happens. */
export function loudIn(value: StateValueJson): string {
  const parts = describeState(value).split(', ');
  return (parts.filter((part) => !quiet.test(part)).join(', ') || parts[0]) ?? '';
}

/** Refused with an error, or dropped by a guard. */
export function isRefusal(step: RecordStep): boolean {
  const isDropped = step.taken.length === 0 && (step.verdicts?.some(({ passed }) => !passed) ?? false);
  return isDropped || step.effects.some(({ type }) => type === 'refuse');
}

function spanOf({ from, text }: { from: number; text: string }, to: number | undefined): Span {
  return { from, to, text, tone: toneOfWords(text) };
}

/** With several regions, the worst one determines the tone. */
export function toneOfValue(value: StateValueJson): Tone {
  return toneOfWords(describeState(value));
}

function toneOfWords(text: string): Tone {
  const found = new Set(text.split(', ').map(toneOf));
  return (['lost', 'waiting', 'good'] as const).find((tone) => found.has(tone)) ?? 'plain';
}
