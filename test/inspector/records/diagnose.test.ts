import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { diagnose } from '../../../src/inspector/records/diagnose-pairing.ts';
import { outcomeOf } from '../../../src/inspector/records/outcome.ts';
import { parseRecord } from '../../../src/inspector/records/record.ts';
import { sequenceOf } from '../../../src/inspector/records/sequence-diagram.ts';
import { describeState, momentAt } from '../../../src/inspector/records/timeline.ts';
import type { CandidateKind, PairingRecord, RecordStep } from '../../../src/protocol/index.ts';

const real = parseRecord(readFileSync('test/fixtures/connected-pairing.jsonl', 'utf8'));
const recordOf = (...lines: PairingRecord['lines']): PairingRecord => ({ header: real.header, lines });

type Fields = Partial<RecordStep> & { fields?: Record<string, string | number | boolean> };
function step(type: string, to: RecordStep['to'], { fields, ...rest }: Fields = {}): RecordStep {
  return {
    t: 1,
    of: 'pairing',
    event: { type, ...fields },
    to,
    taken: ['x'],
    effects: [{ type: 'relayToPeer' }],
    ...rest,
  };
}
const offered = { negotiating: 'offered' };
const answered = { negotiating: 'answered' };
const offer = step('OFFER_RECEIVED', offered, { fields: { from: 'initiator' }, message: { type: 'offer' } });
const answer = step('ANSWER_RECEIVED', answered, {
  fields: { from: 'responder' },
  message: { type: 'answer' },
});
const candidate = (from: string, kind: CandidateKind, mdns = false) =>
  step('CANDIDATE_RECEIVED', answered, {
    fields: { from },
    message: { type: 'candidate', candidate: { kind, ...(mdns && { mdns }) } },
  });
const failed = step('REPORT_RECEIVED', answered, {
  fields: { from: 'initiator', isConnected: false },
  message: { type: 'report', state: 'failed' },
  effects: [],
});
const left = step('UNPAIR_RECEIVED', 'disconnected', {
  fields: { from: 'responder' },
  effects: [{ type: 'endPairing' }],
});
const texts = (...lines: PairingRecord['lines']) => diagnose(recordOf(...lines)).map(({ text }) => text);

describe('what became of a pairing', () => {
  it('is told of a real one that connected', () => {
    const [first, last] = [diagnose(real)[0], diagnose(real).at(-1)];
    expect(first).toMatchObject({ kind: 'good' });
    expect(first?.text).toMatch(/^Both clients reported that they are connected, \d+ ms after the offer\.$/);
    expect(last?.text).toBe('A lost its socket.');
  });

  it('is that A never sent an offer, or B an answer, once it is over; before that, that they have not yet', () => {
    expect(texts(left)).toContain('A never sent an offer.');
    expect(texts(offer, left)).toContain('B never sent an answer.');
    expect(texts(offer)).toEqual(['B has not sent an answer.']);
    const disturbed = { header: { ...real.header, disturbed: 'drop=answer' }, lines: [offer] };
    expect(diagnose(disturbed)[0]).toMatchObject({
      text: 'The server disturbed signals on purpose (--chaos drop=answer), and what it lost counts as not sent: B has not sent an answer.',
      remedy: expect.stringContaining('without --chaos'),
    });
    expect(texts(offer, left)).toContain('B left the pairing.');
  });

  it('is that no candidate pair worked, with the kinds that each side offered', () => {
    const lines = [
      offer,
      answer,
      candidate('initiator', 'host'),
      candidate('responder', 'host', true),
      candidate('responder', 'srflx'),
      failed,
    ];
    expect(texts(...lines)).toEqual([
      'No candidate pair worked (A reported that its connection failed): A offered only host candidates, B offered mDNS host and srflx candidates.',
    ]);
  });

  it("is known from a client's own machine, too", () => {
    const gaveUp = step('xstate.after.checkingTimeout.x', 'x', {
      of: 'peer_responder',
      effects: [{ type: 'announceFailure', params: { failure: 'connection_timeout' } }],
    });
    expect(texts(offer, answer, gaveUp)[0]).toContain(
      'No candidate pair worked (B: connection timeout, checkingTimeoutMs)',
    );
  });

  it('is not said to have failed when no client reports its state', () => {
    const [finding] = diagnose(recordOf(offer, answer, candidate('initiator', 'host')));
    expect(finding?.kind).toBe('open');
    expect(finding?.text).toContain('whether they connected is not known');
  });

  it('is that it goes on elsewhere when its client went to another node', () => {
    const moved = step('MOVED', 'moved', {
      fields: { from: 'responder' },
      effects: [{ type: 'forgetPairing' }],
    });
    expect(texts(offer, answer, moved).at(-1)).toBe('B went to another node, and the pairing with it.');
  });

  it('is that they were connected, or had begun, when nobody looked before: no offer is missed that was sent', () => {
    const begun = (value: RecordStep['to']) => ({ t: 0, of: 'pairing' as const, first: { value } });
    const lost = step('REPORT_RECEIVED', 'connected', { fields: { from: 'initiator', isConnected: false } });
    expect(texts(begun('connected'))).toEqual(['The two were connected when this record began.']);
    expect(outcomeOf(recordOf(begun('connected')), 60_000).kind).toBe('connected');
    expect(texts(begun('connected'), lost)[0]).toBe('A reported that the connection was lost.');
    expect(texts(begun(offered))).toEqual([
      'They had begun to negotiate when this record began: what they said before is not in it.',
    ]);
    expect(texts(begun('paired'))).toEqual(['A has not sent an offer.']);
  });

  it('is that somebody is away and may come back, for as long as that is so', () => {
    const awaySession = { present: { pairing: 'connected', socket: 'away' } };
    const away = step('SOCKET_CLOSED', awaySession, { of: 'initiator', effects: [] });
    expect(texts(offer, answer, away)).toContain('A lost its socket, and may come back.');
    const cutOff = step('CUT_OFF', 'cutOff', { of: 'remote_responder', node: 2, effects: [] });
    const back = step('RECLAIMED', 'online', { of: 'remote_responder', node: 3, effects: [] });
    const lost = 'The node of B is lost; B may come back to another.';
    expect(texts(offer, answer, cutOff)).toContain(lost);
    expect(texts(offer, answer, cutOff, back)).not.toContain(lost);
    expect(texts(offer, answer, cutOff, left)).not.toContain(lost);
  });

  it('names refusals, and each drop once with its guard and how often', () => {
    const refused = step('ANSWER_RECEIVED', 'paired', {
      fields: { from: 'initiator' },
      effects: [{ type: 'refuse', params: { code: 'no_offer' } }],
    });
    const dropped = step('CANDIDATE_RECEIVED', 'paired', {
      fields: { from: 'responder', epoch: 3 },
      taken: [],
      effects: [],
      verdicts: [{ guard: 'isCurrentEpoch', passed: false }],
    });
    expect(texts(refused, dropped, dropped)).toEqual([
      'A has not sent an offer.',
      'A was refused its answer: no_offer.',
      "B's candidate was dropped: isCurrentEpoch said no (epoch 3). (2 times)",
    ]);
  });
});

describe('a finding', () => {
  it('names the lines that show it and the option to set', () => {
    const hosts = [candidate('initiator', 'host'), candidate('responder', 'host')];
    const [finding] = diagnose(recordOf(offer, answer, ...hosts, failed));
    expect(finding?.evidence).toEqual([4]);
    expect(finding?.remedy).toContain('--stun-url');
    const withRelay = [candidate('initiator', 'relay'), candidate('responder', 'host')];
    const [relayed] = diagnose(recordOf(offer, answer, ...withRelay, failed));
    expect(relayed?.remedy).toContain('--turn-secret');
  });

  it('of two offers at once is a note, not an alarm', () => {
    const collision = step('OFFER_RECEIVED', offered, {
      fields: { from: 'responder' },
      effects: [{ type: 'refuse', params: { code: 'offer_collision' } }],
    });
    expect(diagnose(recordOf(offer, collision)).map(({ kind }) => kind)).toEqual(['open', 'note']);
  });
});

describe('the outcome of a pairing', () => {
  const kindOf = (age: number, ...lines: PairingRecord['lines']) => outcomeOf(recordOf(...lines), age).kind;

  it('is connected, failed, left, open, or after ten seconds without a connection stuck', () => {
    expect(outcomeOf(real, 0)).toMatchObject({ kind: 'connected', connect_ms: expect.any(Number) });
    expect(kindOf(0, offer, answer, failed)).toBe('failed');
    expect(kindOf(0, offer, left)).toBe('failed');
    expect(kindOf(0, left)).toBe('left');
    expect(kindOf(10_000, offer)).toBe('open');
    expect(kindOf(10_001, offer)).toBe('stuck');
  });

  it('says which kinds of candidates each side offered', () => {
    const { candidates } = outcomeOf(recordOf(offer, answer, candidate('responder', 'srflx'), failed), 0);
    expect(candidates).toBe('none / srflx');
  });
});

describe('the sequence', () => {
  it('has every message with its way through the server, and every move, in order', () => {
    const rows = sequenceOf(real);
    const offerRow = rows.find(({ arrows }) => arrows[0]?.text.startsWith('offer'));
    expect(offerRow).toMatchObject({
      arrows: [
        { from: 'initiator', to: 'server' },
        { from: 'server', to: 'responder' },
      ],
      note: 'pairing: paired → negotiating.offered',
      kind: 'move',
    });
    expect(rows.map(({ t }) => t)).toEqual([...rows.map(({ t }) => t)].sort((a, b) => a - b));
    expect(rows.some(({ place, note }) => place === 'responder' && note.startsWith('peer B: '))).toBe(true);
    expect(rows.at(-1)).toMatchObject({ kind: 'end' });
  });

  it('says of a refusal to whom the error went', () => {
    const refused = step('ANSWER_RECEIVED', 'paired', {
      fields: { from: 'responder' },
      effects: [{ type: 'refuse', params: { code: 'no_offer' } }],
    });
    expect(sequenceOf(recordOf(refused))[0]?.arrows).toEqual([
      { from: 'responder', to: 'server', text: 'answer' },
      { from: 'server', to: 'responder', text: 'error no_offer' },
    ]);
  });

  it('names a client of another node with that node, and says once to its peer that it is away, and back', () => {
    const remote = (event: string, to: string, node: number, effect?: string) =>
      step(event, to, { of: 'remote_responder', node, effects: effect ? [{ type: effect }] : [] });
    const rows = sequenceOf(
      recordOf(
        remote('WENT_AWAY', 'away', 2, 'announceAway'),
        remote('CUT_OFF', 'cutOff', 2, 'announceAway'),
        remote('RECLAIMED', 'online', 3, 'announceBack'),
        remote('MOVING', 'moving', 1),
        remote('RECLAIMED', 'online', 1, 'announceBack'),
      ),
    );
    expect(rows.map(({ arrows }) => arrows)).toEqual([
      [{ from: 'server', to: 'initiator', text: 'peer_away' }],
      [],
      [{ from: 'server', to: 'initiator', text: 'peer_back' }],
      [],
      [],
    ]);
    expect(rows[1]?.note).toBe('client B at node 2: away → cutOff');
    expect(rows[2]?.note).toBe('client B at node 3: cutOff → online');
  });

  it('says of an event without a transition that this state has none', () => {
    const nothing = step('REPORT_RECEIVED', 'paired', { taken: [], effects: [] });
    expect(sequenceOf(recordOf(nothing))[0]).toMatchObject({
      kind: 'ignored',
      note: 'pairing ignored REPORT_RECEIVED: this state has no transition for it',
    });
  });
});

describe('a moment of a record', () => {
  it('knows which client was at which other node then', () => {
    const line = (of: 'responder' | 'remote_responder', node?: number) => ({
      ...step('X', 'online', { of }),
      ...(node !== undefined && { node }),
    });
    const record = recordOf(
      line('remote_responder', 2),
      line('remote_responder', 3),
      line('remote_responder'),
      line('responder'),
    );
    const at = [0, 1, 2, 3].map((index) => [...momentAt(record, index).elsewhere]);
    expect(at).toEqual([[['responder', 2]], [['responder', 3]], [['responder', undefined]], []]);
  });

  it('has the state of each machine that is known by then, and none of later', () => {
    const atStart = momentAt(real, 3).states;
    expect(atStart.has('pairing')).toBe(false);
    expect(describeState(atStart.get('initiator') as never)).toContain('pairings.unpaired');
    const atEnd = momentAt(real, real.lines.length - 1).states;
    expect(atEnd.get('pairing')).toBe('disconnected');
    expect(momentAt(real, -1).states.size).toBe(0);
  });
});
