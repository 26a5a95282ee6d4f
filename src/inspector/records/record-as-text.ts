/** A record in words, for a terminal: the findings and why, then the messages and each machine's steps. */
import type { PairingRecord } from '../../protocol/index.ts';
import { diagnose } from './diagnose-pairing.ts';
import type { Finding } from './finding.ts';
import { nameOfRecord } from './record-as-markdown.ts';
import { type SequenceRow, sequenceOf } from './sequence-diagram.ts';
import { sequenceWordsOf } from './sequence-labels.ts';
import { timeOf } from './time-words.ts';

/** The kind of a line, for colouring. */
export type LineTone = Finding['kind'] | SequenceRow['kind'] | 'title';

export interface TextLine {
  readonly tone: LineTone;
  readonly text: string;
  /** The indentation of a wrapped line's further lines. */
  readonly indent: number;
}

const signs: Readonly<Record<Finding['kind'], string>> = { good: '+', bad: '!', open: '?', note: '-' };
const TIME_COLUMNS = 11;

export function textLinesOf(record: PairingRecord): TextLine[] {
  const [initiator, server, responder] = sequenceWordsOf(record.header).lifelines;
  const names = { initiator, server, responder };
  const findings = diagnose(record).map(({ kind, text, remedy }) => ({
    tone: kind,
    text: `  ${signs[kind]} ${text}${remedy ? ` ${remedy}` : ''}`,
    indent: 4,
  }));
  const rows = sequenceOf(record)
    .filter(({ kind }) => kind !== 'beat')
    .flatMap(({ t, arrows, note, kind }) =>
      [...arrows.map(({ from, to, text }) => `${names[from]} → ${names[to]}: ${text}`), note].map(
        (text, n) => ({
          tone: kind,
          text: `${(n === 0 ? timeOf(t) : '').padEnd(TIME_COLUMNS)}${n === arrows.length && n > 0 ? '  ' : ''}${text}`,
          indent: TIME_COLUMNS + 4,
        }),
      ),
    );
  const blank: TextLine = { tone: 'title', text: '', indent: 0 };
  return [{ tone: 'title', text: nameOfRecord(record.header), indent: 0 }, ...findings, blank, ...rows];
}
