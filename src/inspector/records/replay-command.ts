/** `pairlane replay FILE`: checks whether the machines still do what they did when the pairing was recorded. */
import { type Color, colored, hasColors } from '../../common/colors.ts';
import { CommandError, defineCommand } from '../../common/command.ts';
import { readNamedFile } from '../../common/named-file.ts';
import { printable } from '../../common/printable.ts';
import { wrap } from '../../common/wrap-text.ts';
import type { PairingRecord } from '../../protocol/index.ts';
import { parseRecord, RecordError } from './record.ts';
import type { LineTone, TextLine } from './record-as-text.ts';
import type { Outcome, Replay } from './replay.ts';

/** Far larger than any record that a server writes. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

export const replayCommand = defineCommand({
  name: 'replay',
  about: 'Step the machines through a recorded pairing.',
  details:
    'Step the machines through a pairing that `pairlane serve --record DIR` wrote, and check that every state and\n' +
    'effect is as recorded. At the first difference it names the event and exits with status 1. With --print it\n' +
    'only tells what happened.',
  positionals: ['FILE'],
  alternatives: [['print', 'asTest']],
  examples: [
    ['pairlane replay records/1234.jsonl', 'steps the machines through it'],
    ['pairlane replay records/1234.jsonl --print', 'shows what happened, step by step'],
    ['pairlane replay records/1234.jsonl --as-test > it.test.ts', 'makes a test of it'],
  ],
  options: {
    print: {
      kind: 'switch',
      isFlagOnly: true,
      help: 'Print what happened, step by step, and what is to be said of it.',
    },
    asTest: { kind: 'switch', isFlagOnly: true, help: 'Print a jest test that replays the record.' },
    import: {
      kind: 'text',
      value: 'MODULE',
      default: 'pairlane/inspector',
      isFlagOnly: true,
      help: 'Module that the test imports from.',
    },
  },
  async run({ print, asTest, import: module }, [file]) {
    // Loads all machines.
    const [{ replay }, { testFrom }, { textLinesOf }] = await Promise.all([
      import('./replay.ts'),
      import('./replay-as-test.ts'),
      import('./record-as-text.ts'),
    ]);
    const record = read(file as string);
    if (asTest) {
      process.stdout.write(testFrom(record, module));
      return 0;
    }
    if (print) {
      process.stdout.write(printed(textLinesOf(record)));
      return 0;
    }
    const result = replayed(file as string, () => replay(record));
    process.stdout.write(describeReplay(result));
    return result.parting ? 1 : 0;
  },
});

const colors: Readonly<Partial<Record<LineTone, Color>>> = {
  title: 'bold',
  good: 'green',
  bad: 'red',
  refused: 'red',
  note: 'dim',
  stay: 'dim',
};

function printed(lines: readonly TextLine[]): string {
  const { stdout } = process;
  const width = stdout.columns || Number.POSITIVE_INFINITY;
  const isColored = hasColors(stdout);
  return lines
    .flatMap(({ tone, text, indent }) => wrap(printable(text), width, indent).map((line) => ({ tone, line })))
    .map(({ tone, line }) => {
      const color = isColored ? colors[tone] : undefined;
      return `${color ? colored(line, color) : line}\n`;
    })
    .join('');
}

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
