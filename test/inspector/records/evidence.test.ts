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

  it('is told of checks that were sent, were they one, and of the side that sent them', () => {
    expect(causeIn(told({ pairs: [pair(1, 0)] }, { pairs: [] }))).toMatchObject({
      text: 'A sent 1 checks, and none was answered: UDP does not get through between the two',
      remedy: expect.stringMatching(/^Set --turn-url and --turn-secret, /),
    });
    expect(causeIn(told({ pairs: [pair(4, 1)] }))).toBeUndefined();
    expect(causeIn(told({ pairs: [pair(0, 0)] }))).toBeUndefined();
  });

  it('is a hidden address only where no check was answered', () => {
    const hidden = offered(['mDNS host'], ['host']);
    expect(causeIn(told({ pairs: [pair(4, 1)] }, { pairs: [pair(4, 0)] }), hidden)).toBeUndefined();
    const both = offered(['mDNS host', 'srflx'], ['host']);
    expect(causeIn(told({ pairs: [pair(4, 0)] }), both)?.text).toMatch(/^A sent 4 checks/);
  });

  it('is one direction only where one side sent, the other one received, and nobody else got through', () => {
    const [one, other] = [pair(1, 0), pair(0, 0, { received: 1 })];
    const cause = (a: EvidencePair, b: EvidencePair) => causeIn(told({ pairs: [a] }, { pairs: [b] }))?.text;
    expect(cause(one, other)).toMatch(/^UDP gets from A to B.* received 1 checks, and none of A's 1 was/);
    expect(cause(other, one)).toMatch(/^UDP gets from B to A/);
    const oneWay = /^UDP gets/;
    expect(cause({ ...one, received: 1 }, other)).not.toMatch(oneWay);
    expect(cause({ ...one, answered: 1 }, { ...other, answered: 1 }) ?? '').not.toMatch(oneWay);
    expect(cause({ ...one, answered: 1, received: 1 }, other) ?? '').not.toMatch(oneWay);
    expect(cause(one, { ...other, received: 0 })).not.toMatch(oneWay);
    expect(cause({ ...one, sent: 0 }, other) ?? '').not.toMatch(oneWay);
    expect(causeIn(new Map([['initiator', { pairs: [one] }]]))?.text).toMatch(/^A sent 1 checks/);
  });

  it('is a network that lets no UDP out only where checks were sent, and none was answered', () => {
    const cause = (sent: number, answered: number) =>
      causeIn(told({ pairs: [pair(sent, answered)], errors: [701] }, { pairs: [] }))?.text;
    expect(cause(1, 0)).toMatch(/UDP may not get out of its network$/);
    expect(cause(0, 0)).toMatch(/^A could not reach its STUN or TURN server/);
    expect(cause(4, 1)).toMatch(/^A could not reach its STUN or TURN server/);
  });

  it('is that no STUN server is named, only where checks were sent, none answered, and all offered is local', () => {
    const cause = (sent: number, answered: number, kinds: OfferedKinds) =>
      causeIn(told({ pairs: [pair(sent, answered)] }, { pairs: [] }), kinds)?.text;
    const local = offered(['host', 'mDNS host']);
    expect(cause(1, 0, local)).toMatch(/^Both offered only addresses of their own .* none of 1 checks/);
    expect(cause(4, 1, local)).toBeUndefined();
    expect(cause(4, 0, offered(['host'], ['host', 'relay']))).toMatch(/^A sent 4 checks/);
    expect(cause(4, 0, offered(['host'], []))).toMatch(/^A sent 4 checks/);
    expect(cause(4, 0, offered(['host', 'srflx'], ['host']))).toMatch(/UDP does not get through between/);
  });

  it('is DTLS or SCTP where the two have met: ICE is content, or has a pair, that succeeded', () => {
    const cause = (evidence: Evidence) => causeIn(told({ dtls: 'new', ...evidence }))?.text ?? '';
    const dtls = /^A candidate pair worked at A, and DTLS did not come up \(new\)$/;
    const pairs = [pair(1, 1)];
    expect(cause({ ice: 'connected', pairs })).toMatch(dtls);
    expect(cause({ ice: 'completed', pairs })).toMatch(dtls);
    expect(cause({ ice: 'checking', pairs: [pair(1, 1, { selected: true })] })).toMatch(dtls);
    expect(cause({ ice: 'checking', pairs })).not.toMatch(dtls);
    expect(cause({ ice: 'connected', pairs: [pair(1, 0)] })).not.toMatch(dtls);
    expect(cause({ ice: 'completed' })).not.toMatch(dtls);
    expect(cause({ ice: 'connected', dtls: 'connected', pairs })).toBe('');
  });

  it('is the TURN server that refused, by either of its codes', () => {
    expect(causeIn(told({ errors: [300] }, { errors: [438] }))?.text).toMatch(/refused B's credentials/);
    expect(causeIn(told({ errors: [300] }))).toBeUndefined();
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
  expect(describeEvidence({ dtls: 'new', sctp: 'connecting', pairs: [pair(1, 0)], errors: [701] })).toBe(
    '1 pair, 0 of 1 checks answered, errors 701',
  );
  expect(describeEvidence({ pairs: [pair(0, 0, { pairs: 2 })], errors: [] })).toBe('2 pairs');
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
    const record = leftAt(5_050, [unanswered]);
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
