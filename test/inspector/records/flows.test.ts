/** What the two ends told of a connection that stands, as series. */
import { expect, it } from '@jest/globals';
import { evidenceAt } from '../../../src/inspector/records/evidence.ts';
import { flowsIn } from '../../../src/inspector/records/flows.ts';
import { sequenceOf } from '../../../src/inspector/records/sequence-diagram.ts';
import type { Flow, PairingRecord, RecordEvidence } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';

const told = (t: number, flow: Flow): RecordEvidence => ({ t, side: 'initiator', evidence: { flow } });
const record: PairingRecord = {
  header: recordHeader,
  lines: [
    { t: 0, side: 'initiator', evidence: { dtls: 'connected', sctp: 'connected' } },
    told(5_000, { rtt_ms: 12, buffered: 0, sent: 9, answered: 4 }),
    told(10_000, { rtt_ms: 14, buffered: 100, sent: 11, answered: 5 }),
    told(15_000, { buffered: 0, sent: 21, answered: 10 }),
  ],
};

it('are round trip, loss since the point before, and what waits; a check without an answer yet is not lost', () => {
  expect(flowsIn(record).get('initiator')).toEqual([
    { t: 5_000, rtt_ms: 12, loss: 0, buffered: 0 },
    { t: 10_000, rtt_ms: 14, loss: 0, buffered: 100 },
    { t: 15_000, rtt_ms: undefined, loss: 40, buffered: 0 },
  ]);
  expect(flowsIn(record).get('responder')).toBeUndefined();
});

it('leave what was told of how it came up as it is, and fold in the sequence as heartbeats do', () => {
  expect(evidenceAt(record).get('initiator')).toMatchObject({ dtls: 'connected', flow: { sent: 21 } });
  expect(sequenceOf(record).map(({ kind }) => kind)).toEqual(['stay', 'beat', 'beat', 'beat']);
});
