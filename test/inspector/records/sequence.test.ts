/** A record as a sequence: what its arrows and notes say. */
import { describe, expect, it } from '@jest/globals';
import { describeMessage, sequenceOf } from '../../../src/inspector/records/sequence-diagram.ts';
import type { MessageFacts, RecordHeader, RecordLine } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';
import { recordStep as step } from '../../support/record-step.ts';

const rowsOf = (lines: readonly RecordLine[], header: Partial<RecordHeader> = {}) =>
  sequenceOf({ header: { ...recordHeader, ...header }, lines });
const complete = { hasUfrag: true, hasFingerprint: true };

describe('a message in words', () => {
  it.each<[string, MessageFacts]>([
    ['unpair', { type: 'unpair' }],
    ['report · failed', { type: 'report', state: 'failed' }],
    [
      'offer · 1 m-line, no candidates, 412 B',
      { type: 'offer', sdp: { bytes: 412, media: 1, candidates: {}, ...complete } },
    ],
    [
      'answer · 2 m-lines, 3 host, 1 mdns, no ICE credentials, no fingerprint, 90 B',
      {
        type: 'answer',
        sdp: {
          bytes: 90,
          media: 2,
          candidates: { host: 3, mdns: 1 },
          hasUfrag: false,
          hasFingerprint: false,
        },
      },
    ],
    [
      'offer · 1 m-line, 1 host, 412 B',
      { type: 'offer', sdp: { bytes: 412, media: 1, candidates: { host: 1 }, ...complete } },
    ],
    ['candidate · no more', { type: 'candidate', candidate: { kind: 'end', protocol: 'udp' } }],
    [
      'candidate · host mDNS udp',
      { type: 'candidate', candidate: { kind: 'host', mdns: true, protocol: 'udp' } },
    ],
    ['candidate · relay', { type: 'candidate', candidate: { kind: 'relay' } }],
    ['status · 7 → 0 · code 0 · 0 B', { type: 'status', from: 7, to: 0, code: 0, bytes: 0 }],
    ['quit · 7', { type: 'quit', from: 7 }],
  ])('is %s', (words, message) => {
    expect(describeMessage(message)).toBe(words);
  });
});

describe('who is sent what', () => {
  const end = step('UNPAIR_RECEIVED', 'disconnected', {
    fields: { from: 'initiator' },
    effects: [{ type: 'endPairing' }],
  });
  const lost = step('PEER_LOST', 'disconnected', { effects: [{ type: 'endPairing' }] });
  const refused = step('ANSWER_RECEIVED', 'paired', {
    fields: { from: 'responder' },
    effects: [{ type: 'refuse', params: { code: 'no_offer' } }],
  });
  const sent = (line: RecordLine, header: Partial<RecordHeader>) =>
    rowsOf([line], header)[0]?.arrows.map(({ from, to, text }) => `${from} ${to} ${text}`);

  it.each<[string, Partial<RecordHeader>, RecordLine, string[]]>([
    ['the native protocol', {}, end, ['initiator server unpair', 'server responder peer_disconnected']],
    ['games', { game: 'g' }, end, ['server responder player_left']],
    ['PeerJS', { dialect: 'peerjs' }, end, ['initiator server LEAVE', 'server responder LEAVE']],
    ['PeerJS, whose server announces no end of its own', { dialect: 'peerjs' }, lost, []],
    [
      'PeerJS, refused',
      { dialect: 'peerjs' },
      refused,
      ['responder server ANSWER', 'server responder EXPIRE'],
    ],
    [
      'a session, refused',
      { kind: 'session' },
      step('PAIR_REQUESTED', 'x', {
        of: 'initiator',
        effects: [{ type: 'denyAsk', params: { code: 'unknown_key' } }],
      }),
      ['initiator server pair_request', 'server initiator error unknown_key'],
    ],
    [
      'both, of a pairing',
      {},
      step('xstate.init', 'paired', { effects: [{ type: 'announcePairing' }] }),
      ['server initiator paired', 'server responder paired'],
    ],
    ['nobody, of what a peer tells of itself', {}, step('OFFER_RECEIVED', 'x', { of: 'peer_responder' }), []],
  ])('is said in the words of %s', (_name, header, line, arrows) => {
    expect(sent(line, header)).toEqual(arrows);
  });
});

describe('a note', () => {
  const first = (
    of: 'initiator' | 'responder',
    value: { [region: string]: string } | string,
  ): RecordLine => ({
    t: 0,
    of,
    first: { value },
  });
  const notes = (...lines: RecordLine[]) => rowsOf(lines).map(({ kind, note }) => [kind, note]);

  it('names the regions that changed since the line before, also since where the record begins', () => {
    expect(
      notes(
        first('initiator', { socket: 'heard', request: 'idle' }),
        step('X', { socket: 'heard', request: 'asking' }, { of: 'initiator' }),
        step('Y', { socket: 'heard', request: 'asking' }, { of: 'initiator' }),
      ),
    ).toEqual([
      ['move', 'session A: request.idle → request.asking'],
      ['stay', 'session A: Y'],
    ]);
  });

  it('of a dropped event says which guards said no, of what, and what the event had', () => {
    const dropped = step('CANDIDATE_RECEIVED', 'paired', {
      fields: { from: 'responder', epoch: 3 },
      taken: [],
      verdicts: [
        { guard: 'isYes', passed: true },
        { guard: 'isUnder', passed: false, params: { limit: 5, of: 'key' } },
      ],
    });
    expect(notes(dropped)).toEqual([
      ['ignored', 'pairing ignored CANDIDATE_RECEIVED: isUnder(5, key) said no (epoch 3)'],
    ]);
    const bare = step('X', 'paired', { taken: [], verdicts: [{ guard: 'isOpen', passed: false }] });
    expect(notes(bare)).toEqual([['ignored', 'pairing ignored X: isOpen said no']]);
  });

  it('of a start is no dropped event, though nothing was taken; a delay has its name', () => {
    expect(
      notes(
        step('xstate.init', 'forming', { taken: [], effects: [] }),
        step('xstate.after.formTimeout.pairing.forming', 'disconnected', { effects: [] }),
      ),
    ).toEqual([
      ['move', 'pairing: forming'],
      ['move', 'pairing: forming → disconnected'],
    ]);
    expect(notes(step('xstate.after.x.y', 'z', { taken: [] }))).toEqual([
      ['ignored', 'pairing ignored after x: this state has no transition for it'],
    ]);
  });

  it.each([
    ['over', {}, 'The pairing is over.'],
    ['over', { kind: 'link' }, 'The link is closed.'],
    ['over', { kind: 'session' }, 'The session is over.'],
    ['too_long', {}, 'There were more steps than a record holds.'],
    ['server_stopped', {}, 'The server stopped.'],
  ] as const)('of an end (%s, %j) says what ended', (end, header, note) => {
    expect(rowsOf([{ t: 5, end }], header)).toEqual([
      { index: 0, t: 5, arrows: [], place: 'server', kind: 'end', note },
    ]);
  });

  it('of what a client told is at its side', () => {
    const told = (side: 'initiator' | 'responder'): RecordLine => ({
      t: 1,
      side,
      evidence: { ice: 'checking' },
    });
    expect(rowsOf([told('initiator'), told('responder')])).toMatchObject([
      { place: 'initiator', kind: 'stay', note: 'client A: ICE checking, 0 pairs' },
      { place: 'responder', kind: 'stay', note: 'client B: ICE checking, 0 pairs' },
    ]);
  });
});

describe('a heartbeat', () => {
  const ping = (t: number, of: 'initiator' | 'responder') =>
    step('xstate.after.pingInterval.session', 'x', { t, of, effects: [{ type: 'sendPing' }] });
  const heard = (t: number, of: 'initiator' | 'responder') => step('HEARD', 'x', { t, of, effects: [] });

  it('is a beat with its round trip, each client by itself, once per ping', () => {
    const rows = rowsOf([
      ping(1_000, 'initiator'),
      ping(1_010, 'responder'),
      heard(1_042, 'initiator'),
      heard(1_050, 'initiator'),
      heard(1_110, 'responder'),
    ]);
    expect(rows.map(({ kind }) => kind)).toEqual(Array(5).fill('beat'));
    expect(rows.map(({ roundTripMs }) => roundTripMs)).toEqual([undefined, undefined, 42, undefined, 100]);
    expect(rows[0]?.note).toBe('session A: after pingInterval');
  });

  it('is only one if it is heard: other events have no round trip', () => {
    const rows = rowsOf([ping(0, 'initiator'), step('X', 'x', { t: 5, of: 'initiator' })]);
    expect(rows.map(({ kind, roundTripMs }) => [kind, roundTripMs])).toEqual([
      ['beat', undefined],
      ['stay', undefined],
    ]);
  });
});

it('does not tell again that a client is away which was so when the record began', () => {
  const announce = (effect: string) => step('X', 'away', { of: 'initiator', effects: [{ type: effect }] });
  const arrowsAfter = (socket: string) =>
    rowsOf([
      { t: 0, of: 'initiator', first: { value: { socket } } },
      announce('announceAway'),
      announce('announceBack'),
    ]).map(({ arrows }) => arrows.map(({ to, text }) => `${to} ${text}`));
  expect(arrowsAfter('away')).toEqual([[], ['responder peer_back']]);
  expect(arrowsAfter('online')).toEqual([['responder peer_away'], ['responder peer_back']]);
});
