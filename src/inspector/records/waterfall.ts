/** The steps of connecting, and when each was reached. */
import { isEvidence, isStep, type PairingRecord, type RecordLine } from '../../protocol/index.ts';
import { checksIn } from './evidence.ts';

export interface Milestone {
  readonly name: string;
  /** Milliseconds since the record's start; undefined: not reached. */
  readonly t: number | undefined;
}

type Test = (line: RecordLine) => boolean;

/** Whether a message was relayed to the peer. */
const relayed =
  (type: string): Test =>
  (line) =>
    isStep(line) && line.event.type === type && line.effects.some((effect) => effect.type === 'relayToPeer');

const told =
  (fits: (evidence: Extract<RecordLine, { evidence: unknown }>['evidence']) => boolean): Test =>
  (line) =>
    isEvidence(line) && fits(line.evidence);

const milestones: readonly (readonly [string, Test])[] = [
  ['Paired', (line) => isStep(line) && line.of === 'pairing' && line.to === 'paired'],
  ['Offer', relayed('OFFER_RECEIVED')],
  ['Answer', relayed('ANSWER_RECEIVED')],
  ['First candidate', relayed('CANDIDATE_RECEIVED')],
  ['Check sent', told((evidence) => checksIn(evidence).sent > 0)],
  ['Check answered', told((evidence) => checksIn(evidence).answered > 0)],
  ['DTLS', told(({ dtls }) => dtls === 'connected')],
  ['SCTP', told(({ sctp }) => sctp === 'connected')],
  ['Connected', (line) => isStep(line) && line.of === 'pairing' && line.to === 'connected'],
];

export function waterfallOf({ lines }: PairingRecord): Milestone[] {
  return milestones.map(([name, isIt]) => ({ name, t: lines.find(isIt)?.t }));
}
