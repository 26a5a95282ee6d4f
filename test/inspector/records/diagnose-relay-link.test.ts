/** What a link of the relay network came to, in sentences. */
import { describe, expect, it } from '@jest/globals';
import { diagnose } from '../../../src/inspector/records/diagnose-pairing.ts';
import type { EffectFacts, RecordLine } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep } from '../../support/record-step.ts';

const findings = (...lines: RecordLine[]) => diagnose({ header: { ...recordHeader, kind: 'link' }, lines });
const step = (...effects: EffectFacts[]) =>
  recordStep('X', 'registered', { of: 'link', effects, message: { type: 'server_registration', from: 12 } });
const nobody = { kind: 'open', text: 'Nobody has registered over it.' };

describe('a link of the relay network', () => {
  it.each([
    ['adoptParent', 'The parent, server 12, let this server in.'],
    ['adoptServer', 'Server 12 registered.'],
    ['adoptClient', 'Client 12 registered.'],
  ])('says who registered over it: %s', (type, text) => {
    expect(findings(step({ type: 'forward' }), step({ type }))).toEqual([{ kind: 'good', text }]);
  });

  it('says who had registered when the record began, and that nobody has', () => {
    const begun = (context: Record<string, unknown>): RecordLine => ({
      t: 0,
      of: 'link',
      first: { context },
    });
    expect(findings(begun({ hostId: 0 }), step({ type: 'adoptClient' }))).toEqual([
      { kind: 'good', text: 'Host 0 registered before anybody looked.' },
    ]);
    expect(findings(begun({}))).toEqual([nobody]);
    expect(findings()).toEqual([nobody]);
    expect(findings(step({ type: 'forward' }), begun({ hostId: 3 }))).toEqual([nobody]);
  });

  it('names each reason for which something was passed over or refused once, with how often', () => {
    const passed = { type: 'rejectMessage', params: { reason: 'too long' } };
    const taken = { type: 'refuseDuplicate' };
    expect(findings(step(passed, taken), step(passed)).slice(1)).toEqual([
      { kind: 'bad', text: 'It was passed over: too long (2 times).' },
      { kind: 'bad', text: 'A registration was refused: the id is in use.' },
    ]);
  });

  it('is closed by a fault, or for a reason that is none', () => {
    const closed = (reason: string) => findings(step({ type: 'closeLink', params: { reason } }))[1];
    expect(closed('it quit')).toEqual({ kind: 'open', text: 'The link was closed: it quit.' });
    expect(closed('no pong')).toEqual({ kind: 'bad', text: 'The link was closed: no pong.' });
  });
});
