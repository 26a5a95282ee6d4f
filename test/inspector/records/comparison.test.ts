/** A record beside a good one: the built-in samples, which are records of real peers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { differencesFrom } from '../../../src/inspector/records/comparison.ts';
import { parseRecord } from '../../../src/inspector/records/record.ts';
import { isStep, type RecordLine } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep } from '../../support/record-step.ts';

const sample = (name: string) =>
  parseRecord(readFileSync(new URL(`../../../src/inspector/samples/${name}.jsonl`, import.meta.url), 'utf8'));

describe('a record beside a good one', () => {
  it('parts from it nowhere when it is the same', () => {
    expect(differencesFrom(sample('good'), sample('good'))).toEqual([]);
  });

  it('parts first where its pairing went another way, shown by a line of its own', () => {
    const record = sample('blocked-udp');
    const differences = differencesFrom(sample('good'), record);
    const pairing = differences.find(({ text }) => text.startsWith('The pairing'));
    expect(pairing?.text).toMatch(/the good one went to connected \(REPORT_RECEIVED\), this one: /);
    const shownBy = record.lines[pairing?.index ?? -1];
    expect(shownBy && isStep(shownBy) && shownBy.of).toBe('pairing');
    const times = differences.flatMap(({ index }) =>
      index === undefined ? [] : [record.lines[index]?.t ?? 0],
    );
    expect(times).toEqual([...times].sort((one, other) => one - other));
  });

  it('says which step on the way it never reached', () => {
    const differences = differencesFrom(sample('good'), sample('blocked-udp'));
    expect(differences.at(-1)).toEqual({
      text: expect.stringMatching(/^The good one reached “.*” after \d+ ms; this one never did\.$/),
      index: undefined,
    });
  });

  const step = (t: number, type: string, to: string, of: 'pairing' | 'responder' = 'pairing') =>
    recordStep(type, to, { t, of, effects: [] });
  const texts = (good: RecordLine[], lines: RecordLine[]) =>
    differencesFrom({ header: recordHeader, lines: good }, { header: recordHeader, lines });
  const good = [step(1, 'A', 'x'), step(2, 'B', 'y'), step(3, 'C', 'y'), step(4, 'D', 'z')];

  it('says from which state on, and what came here instead, or that nothing did', () => {
    expect(texts(good, [step(10, 'A', 'x'), step(20, 'E', 'w')])).toEqual([
      { text: 'The pairing after x: the good one went to y (B), this one: w (E).', index: 1 },
    ]);
    expect(texts(good, [step(20, 'E', 'w')])).toEqual([
      { text: 'The pairing: the good one went to x (A), this one: w (E).', index: 0 },
    ]);
    expect(texts(good, [step(10, 'A', 'x'), step(11, 'B', 'y'), step(12, 'C', 'y')])).toEqual([
      { text: 'The pairing after y: the good one went to z (D), this one: nothing more.', index: 1 },
    ]);
  });

  it('does not part where one of the two knows nothing, the good one has ended, or only pings differ', () => {
    const lane = [step(1, 'A', 'x', 'responder')];
    expect(texts([...good, ...lane], good)).toEqual([]);
    expect(texts(good, [...good, ...lane, step(9, 'E', 'w')])).toEqual([]);
    expect(texts(good, [...good.slice(0, 2), step(3, 'HEARD', 'heard'), ...good.slice(2)])).toEqual([]);
  });

  it('has the lane first that parted first', () => {
    const both = [...good, step(5, 'A', 'x', 'responder')];
    const ours = [step(7, 'A', 'w', 'responder'), step(8, 'A', 'w')];
    expect(texts(both, ours).map(({ index }) => index)).toEqual([0, 1]);
    expect(
      texts(
        both,
        ours.toReversed().map((line, n) => ({ ...line, t: n })),
      ).map(({ index }) => index),
    ).toEqual([0, 1]);
  });

  it('says the first step that the good one reached and this one did not', () => {
    const reached = [step(4.6, 'X', 'paired'), step(9, 'X', 'connected')];
    const missed = (lines: RecordLine[]) => texts(reached, lines).at(-1)?.text;
    expect(missed([step(1, 'X', 'x')])).toBe('The good one reached “Paired” after 5 ms; this one never did.');
    expect(missed([step(1, 'X', 'paired')])).toMatch(/^The good one reached “Connected” after 9 ms/);
    expect(texts([], reached)).toEqual([]);
  });
});
