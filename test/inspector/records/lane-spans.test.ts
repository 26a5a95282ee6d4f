/** A record as lanes: how long each machine was in each state, and what stood out. */
import { expect, it } from '@jest/globals';
import { laneSpansOf, loudIn, toneOfValue } from '../../../src/inspector/records/lane-spans.ts';
import type { RecordLine } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep as step } from '../../support/record-step.ts';

const lanesOf = (...lines: RecordLine[]) =>
  laneSpansOf({ header: recordHeader, lines }, ['pairing', 'initiator']);

it('has a span for each state, from the line that enters it to the one that leaves it; the last goes on', () => {
  const [pairing, initiator] = lanesOf(
    { t: 0, of: 'pairing', first: { value: 'paired' } },
    { t: 1, of: 'initiator', first: { input: {} } },
    step('A', 'paired', { t: 5 }),
    step('B', { negotiating: 'offered' }, { t: 9 }),
    { t: 10, side: 'initiator', evidence: {} },
    step('C', 'connected', { t: 12, of: 'initiator' }),
    { t: 20, end: 'over' },
  );
  expect(pairing?.spans).toEqual([
    { from: 0, to: 9, text: 'paired', tone: expect.any(String) },
    { from: 9, to: undefined, text: 'negotiating.offered', tone: expect.any(String) },
  ]);
  expect(initiator?.spans).toEqual([{ from: 12, to: undefined, text: 'connected', tone: 'good' }]);
  expect(lanesOf({ t: 20, end: 'over' }).map(({ spans }) => spans)).toEqual([[], []]);
});

it('marks messages, and refusals: by an error, or dropped by a guard', () => {
  const message = { type: 'offer' };
  const [pairing] = lanesOf(
    step('A', 'x', { t: 1, message }),
    step('B', 'x', { t: 2 }),
    step('C', 'x', { t: 3, message, effects: [{ type: 'refuse' }] }),
    step('D', 'x', { t: 4, taken: [], effects: [], verdicts: [{ guard: 'g', passed: false }] }),
    step('E', 'x', { t: 5, taken: [], effects: [], verdicts: [{ guard: 'g', passed: true }] }),
    step('F', 'x', { t: 6, taken: [], effects: [], message }),
    step('G', 'x', { t: 7, verdicts: [{ guard: 'g', passed: false }] }),
  );
  expect(pairing?.marks).toEqual([
    { index: 0, t: 1, kind: 'message' },
    { index: 2, t: 3, kind: 'refusal' },
    { index: 3, t: 4, kind: 'refusal' },
    { index: 5, t: 6, kind: 'message' },
  ]);
});

it('leaves out the regions in which nothing happens, unless there is no other', () => {
  const idle = { request: 'idle' };
  expect(loudIn({ socket: { online: 'heard' }, pairings: 'paired', ...idle })).toBe('pairings.paired');
  expect(loudIn({ present: idle })).toBe('present.request.idle');
  expect(loudIn('')).toBe('');
});

it('has the tone of its worst region', () => {
  expect(toneOfValue({ one: 'connected', two: 'paired' })).toBe('good');
  expect(toneOfValue({ one: 'connected', two: 'away' })).toBe('waiting');
  expect(toneOfValue({ one: 'lost', two: 'away' })).toBe('lost');
  expect(toneOfValue('paired')).toBe('plain');
});
