import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { diagnose } from '../../../src/inspector/records/diagnose-pairing.ts';
import { outcomeOf } from '../../../src/inspector/records/outcome.ts';
import { parseRecord } from '../../../src/inspector/records/record.ts';
import { sequenceOf } from '../../../src/inspector/records/sequence-diagram.ts';
import { describeState, momentAt } from '../../../src/inspector/records/timeline.ts';
import type { CandidateKind, PairingRecord, RecordStep } from '../../../src/protocol/index.ts';
import { recordStep as step } from '../../support/record-step.ts';

const real = parseRecord(readFileSync('test/fixtures/connected-pairing.jsonl', 'utf8'));
const recordOf = (...lines: PairingRecord['lines']): PairingRecord => ({ header: real.header, lines });

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
    expect(texts({ ...begun('connected'), of: 'initiator' })).toEqual(['A has not sent an offer.']);
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

describe('a connection that stood', () => {
  const report = (t: number, from: string, isConnected: boolean, to: RecordStep['to'], more = {}) =>
    step('REPORT_RECEIVED', to, { t, fields: { from, isConnected }, effects: [], ...more });
  const offerAt = { ...offer, t: 100 };
  const stood = report(400.4, 'responder', true, 'connected');
  const good = {
    kind: 'good',
    text: 'Both clients reported that they are connected, 300 ms after the offer.',
  };

  it('is told with the lines of its offer and of its second report', () => {
    expect(diagnose(recordOf(answer, offerAt, stood))).toEqual([{ ...good, evidence: [1, 2] }]);
    expect(texts(stood)).toEqual(['Both clients reported that they are connected.']);
  });

  it('was lost when a client said so later and was believed, and is so unless it came back', () => {
    const before = report(200, 'initiator', false, answered);
    const unheard = report(500, 'initiator', false, 'connected', { taken: [] });
    const other = step('SIGNAL_RECEIVED', 'connected', { t: 550, fields: { isConnected: false } });
    const lost = report(600, 'responder', false, answered);
    expect(diagnose(recordOf(offerAt, before, stood, unheard, other))).toMatchObject([good]);
    expect(diagnose(recordOf(offerAt, stood, lost))).toEqual([
      { kind: 'bad', text: 'B reported that the connection was lost.', evidence: [2] },
      { ...good, evidence: [0, 1] },
    ]);
    const back = report(900, 'responder', true, 'connected');
    expect(diagnose(recordOf(offerAt, stood, lost, back))).toMatchObject([
      good,
      { kind: 'note', text: 'B reported that the connection was lost; it came back.', evidence: [2] },
    ]);
  });

  it('failed later when a client, or its machine, said that it failed: how long it stood, and whose it is', () => {
    const told = (t: number, of: RecordStep['of'], more: Partial<RecordStep>) =>
      step('REPORT_RECEIVED', 'connected', { t, of, fields: { from: 'responder' }, effects: [], ...more });
    const message = { type: 'report', state: 'failed' };
    const announced = { effects: [{ type: 'announceFailure', params: { failure: 'connection_failed' } }] };
    const first = (step: RecordStep) => diagnose(recordOf(offerAt, stood, step))[0];
    expect(first(told(3_750, 'pairing', { message }))).toMatchObject({
      kind: 'bad',
      text: 'B lost the connection 3.3 s after it stood (B reported that its connection failed).',
      evidence: [1, 2],
    });
    expect(first(told(2_500, 'peer_initiator', announced))?.text).toBe(
      'A lost the connection 2.1 s after it stood (A: connection failed).',
    );
    expect(first(told(2_500, 'peer_responder', announced))?.text).toMatch(
      /^B lost .*\(B: connection failed\)/,
    );
    expect(first(told(300, 'peer_responder', announced))).toMatchObject(good);
    expect(first(told(400.4, 'peer_responder', announced))).toMatchObject(good);
    const working = { message: { type: 'report', state: 'connected' } };
    expect(first(told(2_500, 'pairing', working))).toMatchObject(good);
    const begun = { t: 0, of: 'pairing' as const, first: { value: 'connected' } };
    expect(texts(begun, told(5, 'pairing', { message }))[0]).toBe(
      'B lost the connection (B reported that its connection failed).',
    );
  });

  it('carries no data when SCTP has not come up two seconds after', () => {
    const at = (t: number): PairingRecord['lines'][number] => ({
      t,
      side: 'responder',
      evidence: {
        ice: 'connected',
        dtls: 'connected',
        sctp: 'connecting',
        pairs: [
          {
            local: 'host',
            remote: 'host',
            protocol: 'udp',
            state: 'succeeded',
            pairs: 1,
            sent: 1,
            answered: 1,
          },
        ],
      },
    });
    const kinds = (t: number) => diagnose(recordOf(offerAt, stood, at(t))).map(({ kind }) => kind);
    expect(kinds(2_400.4)).toEqual(['good']);
    expect(kinds(2_401)).toEqual(['bad', 'good']);
    expect(diagnose(recordOf(offerAt, stood, at(3_000)))[0]).toMatchObject({
      text: 'ICE and DTLS came up at B, and SCTP did not: no data channel opens.',
      evidence: [1],
    });
  });
});

describe('why two are not connected', () => {
  const game = { ...real.header, game: 'g' };
  const says = (from: string) =>
    step('REPORT_RECEIVED', answered, { fields: { from, isConnected: true }, effects: [] });

  it('in a game is told of its players, who do not report', () => {
    const gameTexts = (...lines: PairingRecord['lines']) =>
      diagnose({ header: game, lines }).map(({ text }) => text);
    expect(gameTexts(step('X', 'paired'))).toEqual(['No player has sent an offer.']);
    expect(gameTexts(left)).toEqual(['No player ever sent an offer.', 'B left the game.']);
    expect(gameTexts(offer, answer)).toEqual([
      'Offer and answer were exchanged. Players do not report whether they connected: A offered no candidates, B offered no candidates.',
    ]);
  });

  it('is that one of the two reported that it is connected, and the other one did not', () => {
    const other = says('responder');
    const finding = diagnose(recordOf(offer, answer, says('initiator')))[0];
    expect(finding).toMatchObject({
      kind: 'open',
      text: 'A reported that it is connected, B did not.',
      evidence: [2],
    });
    expect(texts(offer, answer, other)[0]).toBe('B reported that it is connected, A did not.');
    expect(texts(offer, answer, says('initiator'), other)[0]).toMatch(
      /^Offer and answer were exchanged, but/,
    );
    const isNot = step('REPORT_RECEIVED', answered, { fields: { from: 'initiator', isConnected: false } });
    const signal = step('SIGNAL_RECEIVED', answered, { fields: { from: 'responder', isConnected: true } });
    expect(texts(offer, answer, signal, isNot)[0]).toMatch(/^Offer and answer were exchanged, but/);
    expect(diagnose(recordOf(offer, answer, signal, other))[0]?.evidence).toEqual([3]);
  });

  it('is shown by the last step where none is the cause, and by the step that told a deadline', () => {
    const late = step('xstate.after.offerTimeout.x', 'failed', {
      of: 'peer_initiator',
      effects: [{ type: 'announceFailure', params: { failure: 'offer_timeout' } }],
    });
    const lines = [step('X', 'paired'), step('Y', 'paired')];
    expect(diagnose(recordOf(...lines))[0]).toEqual({
      kind: 'open',
      text: 'A has not sent an offer.',
      evidence: [1],
    });
    expect(diagnose(recordOf(late, ...lines))[0]).toMatchObject({
      evidence: [0],
      remedy: expect.stringContaining('offerTimeoutMs'),
    });
    const signaling = {
      ...late,
      effects: [{ type: 'announceFailure', params: { failure: 'signaling_lost' } }],
    };
    expect(diagnose(recordOf(signaling, ...lines))[0]?.evidence).toEqual([2]);
  });

  it('counts the candidates in a description, and no others than those that were passed on', () => {
    const sdp = { bytes: 1, media: 1, hasUfrag: true, hasFingerprint: true };
    const candidates = { mdns: 2, srflx: 1 };
    const full = step('ANSWER_RECEIVED', answered, {
      fields: { from: 'responder' },
      message: { type: 'answer', sdp: { ...sdp, candidates } },
    });
    const dropped = { ...candidate('initiator', 'relay'), effects: [] };
    const end = step('CANDIDATE_RECEIVED', answered, {
      fields: { from: 'initiator' },
      message: { type: 'candidate', candidate: { kind: 'end' } },
    });
    const told = (...lines: RecordStep[]) => outcomeOf(recordOf(offer, ...lines, failed), 0).candidates;
    expect(told(full, dropped, end)).toBe('none / mDNS host, srflx');
    expect(told(answer, candidate('initiator', 'host'))).toBe('host / none');
    expect(told(answer, dropped)).toBeUndefined();
  });
});

describe('what else a record shows', () => {
  it('is told with what is bad first, then what is normal', () => {
    const refuse = (code: string, from: string) =>
      step('OFFER_RECEIVED', offered, { fields: { from }, effects: [{ type: 'refuse', params: { code } }] });
    const lines = [offer, refuse('offer_collision', 'responder'), refuse('no_room', 'initiator')];
    expect(diagnose(recordOf(...lines))[1]).not.toHaveProperty('remedy');
    expect(texts(...lines).slice(1)).toEqual([
      'A was refused its offer: no_room.',
      'B was refused its offer: offer_collision. Both offered at once, which is normal.',
    ]);
  });

  it('is no dropped message where the machine had none to drop', () => {
    const start = step('xstate.init', 'paired', { taken: [], verdicts: [{ guard: 'g', passed: false }] });
    const unasked = step('REPORT_RECEIVED', 'paired', { taken: [], effects: [] });
    const taken = step('REPORT_RECEIVED', 'paired', {
      effects: [],
      verdicts: [{ guard: 'g', passed: false }],
    });
    expect(texts(start, unasked, taken)).toEqual(['A has not sent an offer.']);
    const dropped = step('REPORT_RECEIVED', 'paired', {
      taken: [],
      verdicts: [{ guard: 'g', passed: false }],
    });
    expect(texts(dropped)[1]).toBe("A's report was dropped: g said no.");
  });

  it('is how the socket of a client ended that left the pairing by it', () => {
    const gone = (reason: string) =>
      texts(step('PEER_LOST', 'disconnected', { fields: { from: 'responder', reason }, effects: [] })).at(-1);
    expect(gone('timed_out')).toMatch(/^B answered no ping within --ping-timeout-ms/);
    expect(gone('refused')).toBe('B was closed by the server.');
    expect(gone('unpaired')).toBe('B left the pairing.');
    expect(gone('socket_closed')).toBe('B lost its socket.');
  });
});

describe('a finding', () => {
  it('names the lines that show it and the option to set', () => {
    const hosts = [candidate('initiator', 'host'), candidate('responder', 'host')];
    const [finding] = diagnose(recordOf(offer, answer, ...hosts, failed));
    expect(finding?.evidence).toEqual([4]);
    expect(finding?.remedy).toContain('--stun-url');
    const withRelay = [candidate('initiator', 'relay'), candidate('responder', 'host')];
    const hidden = [candidate('initiator', 'host', true), ...hosts];
    const remedyOf = (...lines: RecordStep[]) =>
      diagnose(recordOf(offer, answer, ...lines, failed))[0]?.remedy;
    expect(remedyOf(...hidden)).toMatch(/^A host candidate behind an mDNS name/);
    expect(finding?.remedy).toMatch(/^Only addresses of the own networks/);
    const [relayed] = diagnose(recordOf(offer, answer, ...withRelay, failed));
    expect(relayed?.remedy).toContain('--turn-secret');
  });

  it('names no lines where none shows it', () => {
    expect(diagnose(recordOf(offer, answer))).toEqual([{ kind: 'open', text: expect.any(String) }]);
  });

  it('of a dropped message has a remedy where it came from a pairing before', () => {
    const dropped = (guard: string) =>
      diagnose(recordOf(step('X', 'paired', { taken: [], verdicts: [{ guard, passed: false }] })))[1];
    expect(dropped('isCurrentEpoch')?.remedy).toEqual(expect.any(String));
    expect(dropped('isOpen')).toStrictEqual({ kind: 'bad', text: expect.any(String), evidence: [0] });
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
    expect(kindOf(0, step('X', 'paired', { effects: [{ type: 'refuse' }] }))).toBe('open');
    const begun = { t: 0, of: 'pairing' as const, first: { value: 'connected' } };
    expect(kindOf(0, begun, { ...failed, to: 'connected' })).toBe('failed');
    expect(kindOf(0, offer, left)).toBe('failed');
    expect(kindOf(0, left)).toBe('left');
    expect(kindOf(10_000, offer)).toBe('open');
    expect(kindOf(10_001, offer)).toBe('stuck');
  });

  it('says how long connecting took, and how long the pairing lasted, once each is known', () => {
    const at = (line: RecordStep, t: number) => ({ ...line, t });
    const connected = step('REPORT_RECEIVED', 'connected', { t: 350.6, effects: [] });
    const facts = outcomeOf(recordOf(at(offer, 100), connected, at(left, 900.4)), 0);
    expect(facts).toMatchObject({ kind: 'connected', connect_ms: 251, lasted_ms: 900 });
    expect(outcomeOf(recordOf(at(offer, 100)), 0)).toEqual({
      kind: 'open',
      cause: 'B has not sent an answer.',
    });
    expect(outcomeOf(recordOf(connected), 0)).not.toHaveProperty('connect_ms');
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
    const initiator = { ...step('X', 'online', { of: 'remote_initiator', node: 4 }) };
    const back = step('X', 'online', { of: 'initiator' });
    const both = recordOf(initiator, line('remote_responder', 5), back);
    expect([1, 2].map((index) => [...momentAt(both, index).elsewhere])).toEqual([
      [
        ['initiator', 4],
        ['responder', 5],
      ],
      [['responder', 5]],
    ]);
  });

  it('has the state of each machine that is known by then, and none of later', () => {
    const atStart = momentAt(real, 3).states;
    expect(atStart.has('pairing')).toBe(false);
    expect(describeState(atStart.get('initiator') as never)).toContain('pairings.unpaired');
    const atEnd = momentAt(real, real.lines.length - 1).states;
    expect(atEnd.get('pairing')).toBe('disconnected');
    expect(momentAt(real, -1)).toMatchObject({ states: new Map(), step: undefined });
    const begun = { t: 0, of: 'pairing' as const, first: { value: 'paired' } };
    const record = recordOf(begun, offer);
    expect([0, 1].map((index) => momentAt(record, index).step)).toEqual([undefined, offer]);
  });
});
