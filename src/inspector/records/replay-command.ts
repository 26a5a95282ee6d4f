/** `pairlane replay FILE`: whether the machines still do what they did when the pairing was recorded. */
import { CommandError, defineCommand } from '../../common/command.ts';
import { readNamedFile } from '../../common/named-file.ts';
import { printable } from '../../common/printable.ts';
import type { PairingRecord } from '../../protocol/index.ts';
import { parseRecord, RecordError } from './record.ts';
import type { Outcome, Replay } from './replay.ts';

/** Far above what a server writes into one. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

export const replayCommand = defineCommand({
  name: 'replay',
  about: 'Step the machines through a recorded pairing.',
  details:
    'Step the machines through a pairing that `pairlane serve --record DIR` wrote, and check that every state and\n' +
    'effect is as recorded. At the first difference it names the event and exits with status 1.',
  positionals: ['FILE'],
  options: {
    asTest: { kind: 'switch', isFlagOnly: true, help: 'Print a jest test that replays the record.' },
    import: {
      kind: 'text',
      value: 'MODULE',
      default: 'pairlane/inspector',
      isFlagOnly: true,
      help: 'Module that the test imports from.',
    },
  },
  async run({ asTest, import: module }, [file]) {
    // With them come all machines.
    const [{ replay }, { testFrom }] = await Promise.all([
      import('./replay.ts'),
      import('./replay-as-test.ts'),
    ]);
    const record = read(file as string);
    if (asTest) {
      process.stdout.write(testFrom(record, module));
      return 0;
    }
    const result = replayed(file as string, () => replay(record));
    process.stdout.write(describeReplay(result));
    return result.parting ? 1 : 0;
  },
});

function read(file: string): PairingRecord {
  try {
    return parseRecord(readNamedFile(file, MAX_RECORD_BYTES).bytes.toString());
  } catch (error) {
    throw new CommandError(
      error instanceof RecordError ? `${file}: ${error.message}` : (error as Error).message,
    );
  }
}

function replayed(file: string, replay: () => Replay): Replay {
  try {
    return replay();
  } catch (error) {
    if (error instanceof RecordError) throw new CommandError(`${file}: ${error.message}`);
    throw error;
  }
}

function describeReplay({ steps, changedMachines, parting }: Replay): string {
  const changed = changedMachines.map((name) => `The ${name} machine has changed since this was recorded.\n`);
  if (!parting) return `${changed.join('')}${steps} steps: every state and effect is the recorded one.\n`;
  const { line, of, event, recorded, replayed } = parting;
  return (
    `${changed.join('')}Line ${line}: they part at ${printable(event)} (${of}).\n` +
    `  recorded: ${describeOutcome(recorded)}\n  replayed: ${describeOutcome(replayed)}\n`
  );
}

function describeOutcome({ state, effects }: Outcome): string {
  const text = typeof state === 'string' ? state : JSON.stringify(state);
  return printable([text, ...effects].join(', '));
}
