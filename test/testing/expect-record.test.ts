/** A record as a regression test: one that the machines still follow passes, and one that they leave says where. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { expectRecord } from '../../src/testing/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'records-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sample = (name: string) => new URL(`../../src/inspector/samples/${name}.jsonl`, import.meta.url);

describe('a record', () => {
  it.each(['good', 'blocked-udp', 'glare'])('%s is followed to its end', (name) => {
    const { steps, parting } = expectRecord(sample(name));
    expect(steps).toBeGreaterThan(10);
    expect(parting).toBeUndefined();
  });

  it('that says otherwise than the machines is an error with the line, and what was recorded and replayed', () => {
    const file = join(folder, 'other.jsonl');
    writeFileSync(file, readFileSync(sample('good'), 'utf8').replace('"to":"paired"', '"to":"connected"'));
    expect(() => expectRecord(file)).toThrow(
      /^Line \d+: on [A-Z_]+ the .* no longer does what it did\n {2}recorded: .*\n {2}replayed: /,
    );
  });

  it('that is none is an error', () => {
    const file = join(folder, 'none.jsonl');
    writeFileSync(file, 'hello\n');
    expect(() => expectRecord(file)).toThrow();
  });
});
