/** A recorded pairing as a test for any runner: the machines must take the same steps again. */
import { readFileSync } from 'node:fs';
import { parseRecord } from '../../inspector/records/record.ts';
import { type Replay, replay } from '../../inspector/records/replay.ts';

/**
 * Steps the machines through a record of `serve --record`, and compares each state and its effects.
 * @param file its path or URL
 * @returns how many steps there were
 * @throws if it cannot be read, is not a record, has no steps, or the machines differ from it: with the line, the
 * event, and what was recorded and replayed
 */
export function expectRecord(file: string | URL): Replay {
  const result = replay(parseRecord(readFileSync(file, 'utf8')));
  const { parting, steps } = result;
  if (parting) {
    const { line, of, event, recorded, replayed } = parting;
    throw new Error(
      [
        `Line ${line}: on ${event} the ${of} no longer does what it did`,
        `  recorded: ${JSON.stringify(recorded)}`,
        `  replayed: ${JSON.stringify(replayed)}`,
      ].join('\n'),
    );
  }
  if (steps === 0) throw new Error('The record has no step that could be replayed');
  return result;
}
