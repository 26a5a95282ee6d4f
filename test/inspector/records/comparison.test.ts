/** A record beside a good one: the built-in samples, which are records of real peers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { differencesFrom } from '../../../src/inspector/records/comparison.ts';
import { parseRecord } from '../../../src/inspector/records/record.ts';
import { isStep } from '../../../src/protocol/index.ts';

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
});
