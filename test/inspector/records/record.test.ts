/** Which files are records: what replay and page rely on is checked, line by line. */
import { describe, expect, it } from '@jest/globals';
import {
  linesOf,
  MAX_RECORD_CHARS,
  parseRecord,
  RecordError,
} from '../../../src/inspector/records/record.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep } from '../../support/record-step.ts';

const fileOf = (...lines: unknown[]) => lines.map((line) => JSON.stringify(line)).join('\n');
const step = {
  ...recordStep('X', 'paired'),
  verdicts: [{ guard: 'g', passed: true }],
  message: { type: 'x' },
};
const evidence = { t: 0, side: 'initiator', evidence: { ice: 'checking' } };
const nested = (depth: number): unknown => (depth === 0 ? 'x' : { a: nested(depth - 1) });
const whyNot = (text: string) => {
  try {
    parseRecord(text);
  } catch (error) {
    if (error instanceof RecordError && error.name === 'RecordError') return error.message;
  }
  return undefined;
};

describe('a record', () => {
  it('has the lines that its file has, also those with what is optional', () => {
    const lines = [
      { ...recordHeader, game: 'g', room: 'r', dialect: 'd', disturbed: 'drop=offer' },
      { t: 0, of: 'initiator', first: { input: {} } },
      { t: 0, of: 'pairing', first: { value: { a: 'b' } } },
      step,
      { ...recordStep('X', nested(8) as never), taken: [], effects: [] },
      evidence,
      { t: 9, end: 'over' },
    ];
    const record = parseRecord(`${fileOf(...lines)}\n\n`);
    expect(linesOf(record)).toEqual(lines);
    expect(record.lines).toHaveLength(6);
  });

  it('of an older version has the sides by their names of today', () => {
    const { initiator_id, responder_id, ...header } = recordHeader;
    const { header: read, lines } = parseRecord(
      fileOf(
        { ...header, a_id: initiator_id, b_id: responder_id },
        ...['a', 'b', 'remote_a', 'peer_b', 'pairing'].map((of) => ({ ...step, of })),
        { ...step, event: { type: 'X', from: 'b' } },
        { ...step, event: { type: 'X', from: 'toString' } },
      ),
    );
    expect(read).toEqual(recordHeader);
    expect(lines.slice(0, 5).map((line) => 'of' in line && line.of)).toEqual([
      'initiator',
      'responder',
      'remote_initiator',
      'peer_responder',
      'pairing',
    ]);
    expect(lines.slice(5)).toMatchObject([{ event: { from: 'responder' } }, { event: { from: 'toString' } }]);
  });

  it('has no key that would be a prototype', () => {
    const text = fileOf(recordHeader, step).replace('"guard":"g"', '"__proto__":{"a":1}');
    expect(JSON.stringify(parseRecord(text))).not.toContain('__proto__');
  });
});

describe('no record is', () => {
  it.each([
    ['nonsense', 'line 1 is no JSON object'],
    [`${fileOf(recordHeader)}\n[1]`, 'line 2 is no JSON object'],
    [`${fileOf(recordHeader, step)}\nnull`, 'line 3 is no JSON object'],
    ['', 'it is no record of a pairing'],
    ['{"format":"x"}', 'it is no record of a pairing'],
    [fileOf({ ...recordHeader, version: 2 }), 'it is a record of version 2; this reads version 1'],
  ])('%s', (text, why) => {
    expect(whyNot(text)).toBe(why);
  });

  it('what is larger than 16 MiB, or has more than 20000 lines', () => {
    expect(MAX_RECORD_CHARS).toBe(16 * 1024 ** 2);
    expect(whyNot(' '.repeat(MAX_RECORD_CHARS))).toBe('it is no record of a pairing');
    expect(whyNot(' '.repeat(MAX_RECORD_CHARS + 1))).toBe('it is larger than 16 MiB');
    expect(whyNot('{}\n'.repeat(20_000))).toBe('it is no record of a pairing');
    expect(whyNot('{}\n'.repeat(20_001))).toBe('it has more than 20000 lines');
  });

  it.each([
    { epoch: 1.5 },
    { started_at: '0' },
    { started_at: 8.64e15 },
    { started_at: -8.64e15 },
    { initiator_id: 1 },
    { responder_id: undefined },
    { game: 1 },
    { disturbed: [] },
  ])('one whose header has %j', (wrong) => {
    expect(whyNot(fileOf({ ...recordHeader, ...wrong }))).toBe(
      'its first line does not say whose pairing it is',
    );
  });

  it.each([
    { ...step, t: '1' },
    { ...step, t: -1 },
    { ...step, of: 'nobody' },
    { ...step, of: 'toString' },
    { ...step, of: 'link' },
    { ...step, of: 1 },
    { ...step, event: 'X' },
    { ...step, event: { type: 1 } },
    { ...step, to: 1 },
    { ...step, to: { a: ['b'] } },
    { ...step, to: nested(9) },
    { ...step, taken: 'x' },
    { ...step, taken: [1] },
    { ...step, effects: {} },
    { ...step, effects: ['x'] },
    { ...step, effects: [{ type: 1 }] },
    { ...step, verdicts: ['x'] },
    { ...step, message: 'x' },
    { ...step, message: { type: 1 } },
    { t: 0, of: 'pairing', first: { value: 1 } },
    { t: 0, end: 1 },
    { ...evidence, side: 'a' },
    { ...evidence, evidence: { ice: 1 } },
  ])('one with the line %j', (line) => {
    expect(whyNot(fileOf(recordHeader, { t: 0, end: 'over' }, line))).toBe('line 3 is no line of a record');
  });

  it('one with a time that is none', () => {
    const text = fileOf(recordHeader, step).replace('"t":1', '"t":1e999');
    expect(whyNot(text)).toBe('line 2 is no line of a record');
  });
});
