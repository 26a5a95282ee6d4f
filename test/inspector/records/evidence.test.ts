/** What two clients told of their connection, as the cause of its failure: one sentence for each. */
import { describe, expect, it } from '@jest/globals';
import { causeIn, describeEvidence, type OfferedKinds } from '../../../src/inspector/records/evidence.ts';
import { outcomeOf } from '../../../src/inspector/records/outcome.ts';
import type {
  CandidateKind,
  Evidence,
  EvidencePair,
  PairingRecord,
  RecordLine,
} from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';

const pair = (sent: number, answered: number, more: Partial<EvidencePair> = {}): EvidencePair => ({
  local: 'host',
  remote: 'host',
  protocol: 'udp',
  state: answered > 0 ? 'succeeded' : 'in-progress',
  pairs: 1,
  sent,
  answered,
  ...more,
});
type Kind = CandidateKind | 'mDNS host';
const told = (initiator: Evidence, responder: Evidence = initiator) =>
  new Map([
    ['initiator', initiator],
    ['responder', responder],
  ] as const);

describe('the cause, by what both told', () => {
  it.each<[string, ReturnType<typeof told>, RegExp, RegExp]>([
    [
      'UDP that does not get through',
      told({ ice: 'checking', pairs: [pair(9, 0)] }, { ice: 'checking', pairs: [pair(7, 0)] }),
      /^A sent 9 checks, B sent 7 checks, and none was answered: UDP does not get through/,
      /--turn-url/,
    ],
    [
      'a TURN server with another secret',
      told({ pairs: [], errors: [401] }),
      /TURN server refused A's credentials/,
      /--turn-secret/,
    ],
    [
      'a TURN server that is not there',
      told({ pairs: [] }, { pairs: [], errors: [701] }),
      /^B could not reach its STUN or TURN server/,
      /pairlane doctor/,
    ],
    [
      'DTLS that does not come up',
      told({ ice: 'connected', dtls: 'connecting', pairs: [pair(3, 3, { selected: true })] }),
      /^A candidate pair worked at A, and DTLS did not come up/,
      /fingerprint/,
    ],
    [
      'SCTP that does not come up',
      told({ ice: 'connected', dtls: 'connected', sctp: 'connecting', pairs: [pair(3, 3)] }),
      /^ICE and DTLS came up at A, and SCTP did not/,
      /MTU/,
    ],
  ])('is %s', (_name, evidence, text, remedy) => {
    const cause = causeIn(evidence);
    expect(cause?.text).toMatch(text);
    expect(cause?.remedy).toMatch(remedy);
  });

  const offered = (initiator: readonly Kind[], responder: readonly Kind[] = initiator): OfferedKinds => ({
    initiator: new Set(initiator),
    responder: new Set(responder),
  });

  it.each<[string, ReturnType<typeof told>, OfferedKinds, RegExp, RegExp]>([
    [
      'a home that hides its address behind a name',
      told({ pairs: [] }, { pairs: [pair(3, 0)] }),
      offered(['mDNS host'], ['host']),
      /^A hides its address behind an mDNS name/,
      /--stun-url/,
    ],
    [
      'that no STUN server is named',
      told({ pairs: [pair(4, 0)] }),
      offered(['host']),
      /^Both offered only addresses of their own networks, and none of 8 checks was answered/,
      /--stun-url/,
    ],
    [
      'routers that let nobody in, though both know their public addresses',
      told({ pairs: [pair(4, 0)] }),
      offered(['host', 'srflx']),
      /none was answered: their routers or firewalls let no UDP of the other one in$/,
      /--turn-url/,
    ],
    [
      'UDP that gets through in one direction only',
      told({ pairs: [pair(4, 0)] }, { pairs: [pair(2, 0, { received: 4 })] }),
      offered(['host', 'srflx']),
      /^UDP gets from A to B, and not back: B received 4 checks, and none of A's 4 was answered$/,
      /firewall before A/,
    ],
    [
      'a network that lets no UDP out',
      told({ pairs: [pair(4, 0)], errors: [701] }, { pairs: [pair(2, 0)] }),
      offered(['host'], ['host', 'srflx']),
      /^A reached no STUN or TURN server \(error 701\), and none of its checks was answered/,
      /pairlane doctor/,
    ],
  ])('is %s', (_name, evidence, kinds, text, remedy) => {
    const cause = causeIn(evidence, kinds);
    expect(cause?.text).toMatch(text);
    expect(cause?.remedy).toMatch(remedy);
  });

  it('is the step that failed, and not what went wrong on another way', () => {
    const met: Evidence = { ice: 'connected', pairs: [pair(3, 3, { selected: true })], errors: [401] };
    expect(causeIn(told({ ...met, dtls: 'failed' }))?.text).toMatch(/DTLS did not come up \(failed\)/);
  });

  it('is not named where the two told nothing that shows one', () => {
    expect(causeIn(new Map())).toBeUndefined();
    expect(causeIn(told({ ice: 'connected', dtls: 'connected', sctp: 'connected' }))).toBeUndefined();
  });
});

it('says in a line how far a connection is', () => {
  const evidence: Evidence = {
    ice: 'connected',
    dtls: 'connected',
    sctp: 'connected',
    pairs: [pair(4, 3, { selected: true })],
  };
  expect(describeEvidence(evidence)).toBe(
    'ICE connected, DTLS connected, SCTP connected, 1 pair, 3 of 4 checks answered, data over host to host',
  );
});

describe('a pairing that a client leaves before it is connected', () => {
  const step = (t: number, type: string, from: string, to: string, effects: string[] = []) => ({
    t,
    of: 'pairing' as const,
    event: { type, from },
    to,
    taken: ['one'],
    effects: effects.map((effect) => ({ type: effect })),
  });
  const leftAt = (t: number, evidence: readonly RecordLine[]): PairingRecord => ({
    header: recordHeader,
    lines: [
      step(0, 'OFFER_RECEIVED', 'initiator', 'negotiating', ['relayToPeer']),
      step(10, 'ANSWER_RECEIVED', 'responder', 'negotiating', ['relayToPeer']),
      ...evidence,
      step(t, 'UNPAIR_RECEIVED', 'responder', 'disconnected'),
    ],
  });
  const unanswered: RecordLine = {
    t: 600,
    side: 'responder',
    evidence: { ice: 'checking', pairs: [pair(4, 0)] },
  };

  it('has failed after 2 s of checks that nobody answered, also without its own word', () => {
    const record = leftAt(5_010, [unanswered]);
    expect(outcomeOf(record, 0)).toMatchObject({
      kind: 'failed',
      cause:
        'B sent 4 checks, and none was answered: UDP does not get through between the two (B gave up after 5 s).',
    });
  });

  it('was left when that was sooner, or when nobody told anything', () => {
    expect(outcomeOf(leftAt(1_000, [unanswered]), 0).kind).toBe('left');
    expect(outcomeOf(leftAt(5_010, []), 0).kind).toBe('left');
    expect([2_009, 2_010].map((t) => outcomeOf(leftAt(t, [unanswered]), 0).kind)).toEqual(['left', 'failed']);
  });

  it('has failed at once where the two had met, and does not say so where its socket was lost', () => {
    const met: RecordLine = { ...unanswered, evidence: { ice: 'connected', pairs: [pair(4, 4)] } };
    expect(outcomeOf(leftAt(1_000, [met]), 0).kind).toBe('failed');
    const { header, lines } = leftAt(5_010, [unanswered]);
    const lost = step(5_010, 'PEER_LOST', 'responder', 'disconnected');
    expect(outcomeOf({ header, lines: [...lines.slice(0, -1), lost] }, 0).kind).toBe('left');
  });
});
