/** The order of a negotiation, told by hand: the generated paths take the machine's own word for it. */
import { describe, expect, it } from '@jest/globals';
import { type PairingEvent, pairingMachine, type Side } from '../../../src/machines/index.ts';
import { walk } from '../../support/machines/walk.ts';

const EPOCH = 3;
const pairing = (...events: PairingEvent[]) =>
  walk(pairingMachine, { initiatorId: 'first', responderId: 'second', epoch: EPOCH }, ...events);

const formed: PairingEvent = { type: 'FORMED', from: 'initiator' };
const restored: PairingEvent = { type: 'RESTORED', from: 'initiator' };
const signal = (
  type: 'OFFER_RECEIVED' | 'ANSWER_RECEIVED' | 'CANDIDATE_RECEIVED' | 'SIGNAL_RECEIVED' | 'UNPAIR_RECEIVED',
  from: Side,
  epoch: number | undefined = EPOCH,
): PairingEvent => ({ type, from, epoch });
const report = (from: Side, isConnected = true, epoch: number | undefined = EPOCH): PairingEvent => ({
  type: 'REPORT_RECEIVED',
  from,
  isConnected,
  epoch,
});
const offer = signal('OFFER_RECEIVED', 'initiator');
const answer = signal('ANSWER_RECEIVED', 'responder');
const answered = [formed, offer, answer];
const connected = [...answered, report('initiator'), report('responder')];
const sides: readonly (readonly [Side, Side])[] = [
  ['initiator', 'responder'],
  ['responder', 'initiator'],
];

describe('a step of a pairing', () => {
  const counter = signal('OFFER_RECEIVED', 'responder');
  const candidate = signal('CANDIDATE_RECEIVED', 'responder');
  const lost: PairingEvent = { type: 'PEER_LOST', from: 'initiator', reason: 'disconnected' };
  const offered = { negotiating: 'offered' };

  it.each<[string, PairingEvent[], unknown, string[]]>([
    ['that forms it announces it', [formed], 'paired', ['announcePairing']],
    [
      'that restores it says so, and orders nothing',
      [restored],
      { negotiating: 'unordered' },
      ['restorePairing', 'announceNegotiation'],
    ],
    ['by the first offer begins', [formed, offer], offered, ['relayToPeer', 'announceNegotiation']],
    ['by an answer relays it', answered, { negotiating: 'answered' }, ['relayToPeer']],
    [
      'by an offer after the answer waits for another answer',
      [...answered, counter],
      offered,
      ['relayToPeer'],
    ],
    [
      'by an offer of the connected begins again',
      [...connected, counter],
      offered,
      ['relayToPeer', 'announceNegotiation'],
    ],
    ['by a candidate before any offer relays it', [formed, candidate], 'paired', ['relayToPeer']],
    ['by a candidate of the connected relays it', [...connected, candidate], 'connected', ['relayToPeer']],
    [
      'by an unpair ends it',
      [formed, signal('UNPAIR_RECEIVED', 'responder')],
      'disconnected',
      ['endPairing'],
    ],
    ['by the loss of a peer ends it', [...connected, lost], 'disconnected', ['endPairing']],
    [
      'to another node forgets it',
      [...answered, { type: 'MOVED', from: 'initiator' }],
      'moved',
      ['forgetPairing'],
    ],
  ])('%s', (_what, events, value, effects) => {
    const step = pairing(...events);
    expect([step.value, step.effects]).toEqual([value, effects]);
  });

  it('by a new offer makes its sender the one who is not to answer', () => {
    expect(pairing(...answered, counter, answer).effects).toEqual(['refuse: {"code":"no_offer"}']);
    expect(pairing(...answered, counter, signal('ANSWER_RECEIVED', 'initiator')).effects).toEqual([
      'relayToPeer',
    ]);
  });
});

describe('a pairing is connected', () => {
  it.each(sides)('once both report it, the %s first', (one, other) => {
    expect(pairing(...answered, report(one)).value).toEqual({ negotiating: 'answered' });
    const both = pairing(...answered, report(one), report(other));
    expect([both.value, both.effects]).toEqual(['connected', ['announceConnection']]);
  });

  it('not when one reports it twice', () => {
    expect(pairing(...answered, report('initiator'), report('initiator')).value).toEqual({
      negotiating: 'answered',
    });
  });

  it.each(sides)('again when only the %s lost the connection, and has it again', (loser, other) => {
    for (const last of [loser, other]) {
      const first = last === loser ? other : loser;
      const lost = [...answered, report(first), report(last), report(loser, false)];
      const { value, effects } = pairing(...lost);
      expect([value, effects]).toEqual([{ negotiating: 'answered' }, ['announceNegotiation']]);
      expect(pairing(...lost, report(loser)).value).toBe('connected');
    }
  });

  it.each(sides)('after a restart of the server once both have reported, the %s first', (one, other) => {
    expect(pairing(restored, report(one)).value).toEqual({ negotiating: 'unordered' });
    expect(pairing(restored, report(one), report(other)).value).toBe('connected');
  });

  it('not by reports from before a new offer', () => {
    expect(pairing(...answered, report('initiator'), offer, answer, report('responder')).value).toEqual({
      negotiating: 'answered',
    });
  });
});

describe('of two offers', () => {
  const counter = signal('OFFER_RECEIVED', 'responder');

  it("the polite side's yields: it is refused after the initiator's", () => {
    const { effects, context } = pairing(formed, offer, counter);
    expect([effects, context.offerer]).toEqual([['refuse: {"code":"offer_collision"}'], 'initiator']);
  });

  it("the initiator's stands: it is passed on, and is the one to be answered", () => {
    const { effects, context } = pairing(formed, counter, offer);
    expect([effects, context.offerer]).toEqual([['relayToPeer'], 'initiator']);
    expect(pairing(formed, counter, offer, answer).value).toEqual({ negotiating: 'answered' });
  });

  it('a second one of the same side is passed on', () => {
    expect(pairing(formed, counter, counter).effects).toEqual(['relayToPeer']);
    expect(pairing(formed, offer, offer).effects).toEqual(['relayToPeer']);
  });
});

describe('what only the two understand', () => {
  const opaque = signal('SIGNAL_RECEIVED', 'responder');

  it('is passed on at any time, and before an offer it begins a negotiation without an order', () => {
    for (const events of [[formed], [formed, opaque], [formed, offer], answered, connected, [restored]])
      expect(pairing(...events, opaque).effects).toContain('relayToPeer');
    expect(pairing(formed, opaque).value).toEqual({ negotiating: 'unordered' });
    expect(pairing(formed, opaque, answer).effects).toEqual(['relayToPeer']);
    expect(pairing(...connected, opaque).value).toBe('connected');
  });

  it('is dropped when it names another epoch', () => {
    const stale = signal('SIGNAL_RECEIVED', 'responder', EPOCH - 1);
    expect([pairing(formed, stale).value, pairing(formed, stale).effects]).toEqual(['paired', []]);
  });
});

describe('an answer', () => {
  it('is refused when there is no offer, and from the side that offered', () => {
    for (const events of [
      [formed, answer],
      [formed, offer, signal('ANSWER_RECEIVED', 'initiator')],
      [...answered, answer],
      [...connected, answer],
    ])
      expect(pairing(...events).effects).toEqual(['refuse: {"code":"no_offer"}']);
  });
});

describe('what names another epoch', () => {
  const stale = (type: Parameters<typeof signal>[0], from: Side) => signal(type, from, EPOCH - 1);

  it.each([
    ['an offer', [formed], stale('OFFER_RECEIVED', 'initiator')],
    ['an offer while one waits', [formed, offer], stale('OFFER_RECEIVED', 'initiator')],
    ['an offer that would collide', [formed, offer], stale('OFFER_RECEIVED', 'responder')],
    ['an offer once all is answered', answered, stale('OFFER_RECEIVED', 'responder')],
    ['an offer of the connected', connected, stale('OFFER_RECEIVED', 'initiator')],
    ['an offer after a restart', [restored], stale('OFFER_RECEIVED', 'initiator')],
    ['an answer', [formed, offer], stale('ANSWER_RECEIVED', 'responder')],
    ['an answer that nobody waits for', [formed], stale('ANSWER_RECEIVED', 'responder')],
    ['an answer after a restart', [restored], stale('ANSWER_RECEIVED', 'responder')],
    ['a candidate', answered, stale('CANDIDATE_RECEIVED', 'initiator')],
    ['a report', [...answered, report('initiator')], report('responder', true, EPOCH - 1)],
    ['a report after a restart', [restored, report('initiator')], report('responder', true, EPOCH - 1)],
    ['a report of a loss', connected, report('initiator', false, EPOCH - 1)],
    ['an unpair', connected, stale('UNPAIR_RECEIVED', 'responder')],
  ] as const)('changes nothing: %s', (_name, before, event) => {
    const { value, context } = pairing(...before);
    const { effects: none, ...after } = pairing(...before, event);
    expect([after.value, after.context, none]).toEqual([value, context, []]);
  });

  it('counts when it names none: a client that knows no epochs means this pairing', () => {
    expect(
      pairing(...connected, { type: 'UNPAIR_RECEIVED', from: 'initiator', epoch: undefined }).value,
    ).toBe('disconnected');
    const { type, from } = offer as { type: 'OFFER_RECEIVED'; from: Side };
    expect(pairing(formed, { type, from, epoch: undefined }).value).toEqual({ negotiating: 'offered' });
  });
});
