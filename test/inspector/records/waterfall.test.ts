/** The steps of connecting: when each was reached. */
import { expect, it } from '@jest/globals';
import { waterfallOf } from '../../../src/inspector/records/waterfall.ts';
import type { Evidence, EvidencePair, RecordLine } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep } from '../../support/record-step.ts';

const step = (t: number, type: string, to: string, of: 'pairing' | 'initiator' = 'pairing', effect = '') =>
  recordStep(type, to, { t, of, effects: effect ? [{ type: effect }] : [] });
const relayed = (t: number, type: string) => step(t, type, 'x', 'pairing', 'relayToPeer');
const pair = (sent: number, answered: number): EvidencePair => ({
  local: 'host',
  remote: 'host',
  protocol: 'udp',
  state: 'in-progress',
  pairs: 1,
  sent,
  answered,
});
const told = (t: number, evidence: Evidence): RecordLine => ({ t, side: 'initiator', evidence });

it('names each with the first line that reached it, and those not reached without a time', () => {
  const lines: RecordLine[] = [
    step(1, 'X', 'forming'),
    step(2, 'X', 'paired', 'initiator'),
    step(3, 'X', 'connected', 'initiator'),
    step(4, 'OFFER_RECEIVED', 'x', 'pairing', 'refuse'),
    told(5, { dtls: 'connecting', sctp: 'connecting', pairs: [pair(0, 0)] }),
    step(6, 'X', 'paired'),
    relayed(7, 'OFFER_RECEIVED'),
    relayed(8, 'ANSWER_RECEIVED'),
    relayed(9, 'CANDIDATE_RECEIVED'),
    told(10, { pairs: [pair(1, 0)] }),
    told(11, { pairs: [pair(1, 1)] }),
    told(12, { dtls: 'connected' }),
    told(13, { sctp: 'connected' }),
    step(14, 'X', 'connected'),
    ...[15, 16].map((t) => relayed(t, 'CANDIDATE_RECEIVED')),
  ];
  const names = [
    'Paired',
    'Offer',
    'Answer',
    'First candidate',
    'Check sent',
    'Check answered',
    'DTLS',
    'SCTP',
    'Connected',
  ];
  expect(waterfallOf({ header: recordHeader, lines })).toEqual(names.map((name, n) => ({ name, t: n + 6 })));
  expect(waterfallOf({ header: recordHeader, lines: lines.slice(0, 5) })).toEqual(
    names.map((name) => ({ name, t: undefined })),
  );
});
