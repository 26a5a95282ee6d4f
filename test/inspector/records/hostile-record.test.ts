/** Records are passed on, so one may come from a stranger: whatever stands in it, it is read, or refused with a reason. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parseRecord, RecordError } from '../../../src/inspector/records/record.ts';
import { markdownOf } from '../../../src/inspector/records/record-as-markdown.ts';
import { textLinesOf } from '../../../src/inspector/records/record-as-text.ts';
import { replay } from '../../../src/inspector/records/replay.ts';
import { testFrom } from '../../../src/inspector/records/replay-as-test.ts';

type Fields = Record<string, unknown>;

const record = readFileSync('test/fixtures/connected-pairing.jsonl', 'utf8').trim().split('\n');
const strange: readonly unknown[] = [undefined, null, [null], 'constructor', { toString: 1 }];
/** How many lines after the changed one are read: what a machine starts with counts in its next steps. */
const AFTER = 6;

/** The places of all values in it. */
function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...at, key]))];
}

/** The line with another value in that place. */
function changed(line: string, place: readonly string[], value: unknown): string {
  const whole = JSON.parse(line) as Fields;
  let inner = whole;
  for (const key of place.slice(0, -1)) inner = inner[key] as Fields;
  inner[place.at(-1) as string] = value;
  return JSON.stringify(whole);
}

/** The first line of each kind: the steps of one machine by one event have the same fields. */
const kinds = new Map(
  record.map((line, index) => {
    const { of, event, ...rest } = JSON.parse(line) as Fields;
    const kind = event === undefined ? of : (event as Fields).type;
    return [JSON.stringify([kind, Object.keys(rest)]), index];
  }),
);

it('a record with anything in the place of a value is read, printed, replayed and made a test, or is refused', () => {
  const failures: string[] = [];
  let refused = 0;
  for (const index of kinds.values()) {
    const line = record[index] as string;
    for (const place of placesIn(JSON.parse(line)).slice(1))
      for (const value of strange) {
        try {
          const lines = record.with(index, changed(line, place, value)).slice(0, index + AFTER);
          const read = parseRecord(lines.join('\n'));
          textLinesOf(read);
          markdownOf(read);
          testFrom(read, 'pairlane/inspector');
          replay(read);
        } catch (error) {
          if (error instanceof RecordError) refused += 1;
          else failures.push(`line ${index + 1}, ${place.join('.')}: ${JSON.stringify(value)}: ${error}`);
        }
      }
  }
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(100);
});
