/** A recorded pairing as a test, in any runner: the machines take the way again that they took then. */
import { readFileSync } from 'node:fs';
import { parseRecord } from '../../inspector/records/record.ts';
import { type Replay, replay } from '../../inspector/records/replay.ts';

/**
 * Steps the machines through a record of `serve --record`, and compares each state and its effects.
 * @param file its path, or its URL
 * @returns how many steps there were
 * @throws when it cannot be read, is no record, has no step, or where the machines part from it: with the line, the event,
 * and what was recorded and replayed
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
