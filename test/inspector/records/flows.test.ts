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
    told(20_000, { buffered: 0, sent: 21, answered: 10 }),
    told(25_000, { buffered: 0, sent: 2, answered: 0 }),
    told(30_000, { buffered: 0, sent: 5, answered: 0 }),
    { t: 35_000, end: 'over' },
  ],
};

it('are round trip, loss since the point before, and what waits; a check without an answer yet is not lost', () => {
  expect(flowsIn(record).get('initiator')).toEqual([
    { t: 5_000, rtt_ms: 12, loss: 0, buffered: 0 },
    { t: 10_000, rtt_ms: 14, loss: 0, buffered: 100 },
    { t: 15_000, rtt_ms: undefined, loss: 40, buffered: 0 },
    { t: 20_000, rtt_ms: undefined, loss: 0, buffered: 0 },
    // Its page was loaded again.
    { t: 25_000, rtt_ms: undefined, loss: 0, buffered: 0 },
    { t: 30_000, rtt_ms: undefined, loss: 67, buffered: 0 },
  ]);
  expect(flowsIn(record).get('responder')).toBeUndefined();
});

it('leave what was told of how it came up as it is, and fold in the sequence as heartbeats do', () => {
  expect(evidenceAt(record, 3).get('initiator')).toMatchObject({ dtls: 'connected', flow: { sent: 21 } });
  expect(evidenceAt(record, 2).get('initiator')).toMatchObject({ dtls: 'connected', flow: { sent: 11 } });
  expect(evidenceAt(record).get('initiator')).toMatchObject({ flow: { sent: 5 } });
  const rows = sequenceOf(record);
  expect(rows.map(({ kind }) => kind)).toEqual(['stay', ...Array(6).fill('beat'), 'end']);
  expect(rows.slice(2, 4).map(({ note }) => note)).toEqual([
    'client A: round trip 14 ms, 5 of 11 checks answered, 100 B wait',
    'client A: 10 of 21 checks answered, 0 B wait',
  ]);
});
