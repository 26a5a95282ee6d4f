/** What a session was refused, in sentences. */
import { expect, it } from '@jest/globals';
import { diagnose } from '../../../src/inspector/records/diagnose-pairing.ts';
import { errorMessages, type RecordLine } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep } from '../../support/record-step.ts';

const findings = (...lines: RecordLine[]) =>
  diagnose({ header: { ...recordHeader, kind: 'session' }, lines });
const refused = (code: string, type = 'refuse') =>
  recordStep('X', 'x', { of: 'initiator', effects: [{ type }, { type: 'other' }], fields: { code } });

it('is told each code once, with its sentence, the lines and how often', () => {
  const begun: RecordLine = { t: 0, of: 'initiator', first: { value: 'x' } };
  const quiet = recordStep('X', 'x', { of: 'initiator', effects: [{ type: 'sendPing' }] });
  const [many, one, ...none] = findings(
    begun,
    refused('no_such_peer'),
    quiet,
    refused('strange', 'denyAsk'),
    refused('no_such_peer'),
  );
  expect(many).toMatchObject({
    kind: 'bad',
    evidence: [1, 4],
    text: expect.stringMatching(/^Refused, 2 times: /),
  });
  expect(one).toStrictEqual({ kind: 'bad', evidence: [3], text: 'Refused: strange (strange).' });
  expect(none).toEqual([]);
});

it('is told by the code that it was sent, before that of what came', () => {
  const code = Object.keys(errorMessages)[0] as keyof typeof errorMessages;
  const sent = recordStep('X', 'x', { of: 'initiator', effects: [{ type: 'refuse', params: { code } }] });
  expect(findings(sent)[0]?.text).toBe(`Refused: ${errorMessages[code]} (${code}).`);
  const bare = recordStep('X', 'x', { of: 'initiator', effects: [{ type: 'denyAsk' }] });
  expect(findings(bare)[0]?.text).toContain('(unavailable).');
});

it('is nothing where nothing was refused', () => {
  expect(findings(recordStep('X', 'x', { of: 'initiator' }))).toEqual([
    { kind: 'good', text: 'Nothing was refused since a page looks.' },
  ]);
});
