/** A record in words, for an issue: its outcome, findings and messages, as Markdown and as a mermaid diagram. */
import type { PairingRecord } from '../../protocol/index.ts';
import { diagnose } from './diagnose-pairing.ts';
import { sequenceOf } from './sequence-diagram.ts';
import { sequenceWordsOf } from './sequence-labels.ts';
import { timeOf } from './time-words.ts';

/** The size limit of an issue. */
const MAX_ROWS = 200;

export function nameOfRecord({ kind = 'pairing', epoch }: PairingRecord['header']): string {
  if (kind === 'session') return 'Session';
  return `${kind === 'link' ? 'Link' : 'Pairing'} ${epoch}`;
}

export function markdownOf(record: PairingRecord): string {
  const { header } = record;
  const findings = diagnose(record).map(
    ({ text, remedy }) => `- ${escaped(text)}${remedy ? ` *${escaped(remedy)}*` : ''}`,
  );
  const rows = sequenceOf(record).filter(({ kind }) => kind !== 'beat');
  return [
    `### ${nameOfRecord(header)}`,
    '',
    ...findings,
    '',
    '| Time | Sent | What happened |',
    '| --- | --- | --- |',
    ...rows.slice(0, MAX_ROWS).map(({ t, arrows, note }) => {
      const sent = arrows.map(({ from, to, text }) => `${from} → ${to}: ${escaped(text)}`).join('<br>');
      return `| ${timeOf(t)} | ${sent} | ${escaped(note)} |`;
    }),
    ...(rows.length > MAX_ROWS ? ['', `${rows.length - MAX_ROWS} more steps.`] : []),
    '',
  ].join('\n');
}

export function sequenceAsMermaid(record: PairingRecord): string {
  const [a, server, b] = sequenceWordsOf(record.header).lifelines;
  const lines = sequenceOf(record)
    .filter(({ kind }) => kind !== 'beat')
    .slice(0, MAX_ROWS)
    .flatMap(({ arrows, place, note }) => [
      ...arrows.map(({ from, to, text }) => `  ${from}->>${to}: ${plain(text)}`),
      `  Note over ${place}: ${plain(note)}`,
    ]);
  return [
    'sequenceDiagram',
    `  participant initiator as ${plain(a)}`,
    `  participant server as ${plain(server)}`,
    `  participant responder as ${plain(b)}`,
    ...lines,
    '',
  ].join('\n');
}

/** Text from a stranger's record must not become markup. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|~#]/g, '\\$&').replace(/\s+/g, ' ');
}

/** mermaid treats a semicolon as a line end, and a hash as the start of a character code. */
function plain(text: string): string {
  return text.replace(/[;#<>\n\r]/g, ' ');
}
