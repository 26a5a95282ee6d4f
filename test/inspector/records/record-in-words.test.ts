/** A record in words: for a terminal, and for an issue as Markdown and as a diagram. */
import { describe, expect, it } from '@jest/globals';
import { markdownOf, sequenceAsMermaid } from '../../../src/inspector/records/record-as-markdown.ts';
import { textLinesOf } from '../../../src/inspector/records/record-as-text.ts';
import { refusalWords } from '../../../src/inspector/records/refusal-words.ts';
import { timeOf } from '../../../src/inspector/records/time-words.ts';
import type { PairingRecord, RecordHeader, RecordLine } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep as step } from '../../support/record-step.ts';

const recordOf = (lines: readonly RecordLine[], header: Partial<RecordHeader> = {}): PairingRecord => ({
  header: { ...recordHeader, epoch: 7, ...header },
  lines,
});
const lines: readonly RecordLine[] = [
  step('xstate.init', 'paired', { t: 0, effects: [{ type: 'announcePairing' }] }),
  step('OFFER_RECEIVED', 'paired', {
    t: 61_005,
    fields: { from: 'initiator' },
    effects: [{ type: 'refuse', params: { code: 'no_room' } }],
    message: { type: 'offer', state: '<b>' },
  }),
  step('HEARD', 'paired', { t: 61_006, of: 'initiator', effects: [] }),
  { t: 61_050, end: 'over' },
];

describe('a record', () => {
  it('as text has its findings, then who sent what to whom with its time, and what became of it', () => {
    const told = textLinesOf(recordOf(lines));
    expect(told.map(({ text }) => text)).toEqual([
      'Pairing 7',
      '  ? A has not sent an offer.',
      '  ! A was refused its offer: no_room.',
      '',
      '0:00.000   server → client A: paired',
      '           server → client B: paired',
      '             pairing: paired',
      '1:01.005   client A → server: offer · <b>',
      '           server → client A: error no_room',
      '             pairing refused OFFER_RECEIVED: no_room',
      '1:01.050   The pairing is over.',
    ]);
    expect(told.map(({ tone }) => tone)).toEqual([
      'title',
      'open',
      'bad',
      'title',
      ...Array(3).fill('move'),
      ...Array(3).fill('refused'),
      'end',
    ]);
    expect(told.map(({ indent }) => indent)).toEqual([0, 4, 4, 0, ...Array(7).fill(15)]);
  });

  it('as text has one message and what became of it on two lines', () => {
    const told = textLinesOf(recordOf([step('REPORT_RECEIVED', 'paired', { effects: [] })]));
    expect(told.slice(-2).map(({ text }) => text)).toEqual([
      '0:00.001   client A → server: report',
      '             pairing: paired',
    ]);
  });

  it('as text has the remedy behind its finding', () => {
    const refused = step('CANDIDATE_RECEIVED', 'paired', {
      effects: [{ type: 'refuse', params: { code: 'offer_collision' } }],
    });
    const disturbed = textLinesOf(recordOf([refused], { disturbed: 'drop=offer' }));
    expect(disturbed[1]?.text).toMatch(
      /^ {2}\? The server disturbed .* A has not sent an offer\. Try again /,
    );
    expect(disturbed[2]?.text).toMatch(
      /^ {2}- A was refused its candidate: offer_collision\. Both offered at once/,
    );
  });

  it('as Markdown has one row a line, and nothing of it becomes markup', () => {
    const [title, , open, refused, ...table] = markdownOf(recordOf(lines)).split('\n');
    expect([title, open, refused]).toEqual([
      '### Pairing 7',
      '- A has not sent an offer.',
      '- A was refused its offer: no\\_room.',
    ]);
    expect(table).toEqual([
      '',
      '| Time | Sent | What happened |',
      '| --- | --- | --- |',
      '| 0:00.000 | server → initiator: paired<br>server → responder: paired | pairing: paired |',
      '| 1:01.005 | initiator → server: offer · \\<b\\><br>server → initiator: error no\\_room | pairing refused OFFER\\_RECEIVED: no\\_room |',
      '| 1:01.050 |  | The pairing is over. |',
      '',
    ]);
    const disturbed = markdownOf(recordOf(lines, { disturbed: 'drop=*' })).split('\n');
    expect(disturbed[2]).toMatch(/^- The server .*--chaos drop=\\\*.* sent an offer\. \*Try again .*\.\*$/);
  });

  it('as a diagram has a line per message and step, and a stranger ends no line of it', () => {
    const strange = [...lines.slice(0, 3), step('X;Y#', 'a\nb', { t: 61_007, effects: [] })];
    expect(sequenceAsMermaid(recordOf(strange)).split('\n')).toEqual([
      'sequenceDiagram',
      '  participant initiator as client A',
      '  participant server as server',
      '  participant responder as client B',
      '  server->>initiator: paired',
      '  server->>responder: paired',
      '  Note over server: pairing: paired',
      '  initiator->>server: offer ·  b ',
      '  server->>initiator: error no_room',
      '  Note over server: pairing refused OFFER_RECEIVED: no_room',
      '  Note over server: pairing: paired → a b',
      '',
    ]);
  });

  it('has 200 rows at most where it has to fit into an issue, and says how many more there are', () => {
    const many = (count: number) =>
      recordOf(Array.from({ length: count }, (_, t) => step('X', `s${t}`, { t })));
    const rowsIn = (text: string) => text.match(/^(\| \d|.*Note over)/gm)?.length;
    expect(rowsIn(markdownOf(many(200)))).toBe(200);
    expect(markdownOf(many(200))).not.toMatch(/more steps/);
    expect(rowsIn(markdownOf(many(203)))).toBe(200);
    expect(markdownOf(many(203))).toMatch(/\n\n3 more steps\.\n$/);
    expect(rowsIn(sequenceAsMermaid(many(203)))).toBe(200);
  });

  it.each([
    ['Session', { kind: 'session' }],
    ['Link 7', { kind: 'link' }],
  ] as const)('has the title %s by its kind', (title, header) => {
    expect(textLinesOf(recordOf([], header))[0]?.text).toBe(title);
  });
});

it.each([
  [-1, '0:00.000'],
  [0.4, '0:00.000'],
  [7.5, '0:00.008'],
  [59_999, '0:59.999'],
  [60_000, '1:00.000'],
  [3_671_042, '61:11.042'],
])('the time %d ms is %s', (ms, words) => {
  expect(timeOf(ms)).toBe(words);
});

it('a refusal has words by its own kind only', () => {
  expect(refusalWords('token')).toContain('without a valid token');
  expect(refusalWords('no_such_peer')).toBeUndefined();
  expect(refusalWords('toString')).toBeUndefined();
});
