/** What a session does with what its client, other nodes and its socket tell it, told by hand. */
import { describe, expect, it } from '@jest/globals';
import {
  type PairTarget,
  type SessionEvent,
  type SessionInput,
  sessionMachine,
} from '../../../src/machines/index.ts';
import type { ErrorCode } from '../../../src/protocol/index.ts';
import { walk } from '../../support/machines/walk.ts';

const input: SessionInput = {
  id: 'me',
  isResumable: false,
  settings: { pingIntervalMs: 1_000, pingTimeoutMs: 500, resumeGraceMs: 2_000 },
};
const session = (...events: SessionEvent[]) => walk(sessionMachine, input, ...events);
const resumable = (...events: SessionEvent[]) =>
  walk(sessionMachine, { ...input, isResumable: true }, ...events);

const request = (target: PairTarget): SessionEvent => ({
  type: 'PAIR_REQUESTED',
  target,
  targetId: 'other',
  key: undefined,
});
const paired: SessionEvent = { type: 'PAIRED', peerId: 'other' };
const refusal = (code: ErrorCode) => [`refuse: {"code":"${code}"}`];
const pairingOf = ({ value }: ReturnType<typeof session>) =>
  (value as { present: { pairing: string } }).present.pairing;

describe('a session that asked other nodes for a client', () => {
  const asking = [request('elsewhere')];

  it('refuses a second request until the first is answered', () => {
    expect(session(...asking, request('free')).effects).toEqual(refusal('request_pending'));
  });

  it('knows its peer when both asked for each other at once, and its own request ends as already paired', () => {
    const { context, effects } = session(...asking, paired);
    expect([context.peerId, effects]).toEqual(['other', ['forgetAsk', 'denyAsk: {"code":"already_paired"}']]);
  });

  it('knows its peer when it is granted, and denies nothing', () => {
    const { context, effects } = session(...asking, { ...paired, isGranted: true });
    expect([context.peerId, effects]).toEqual(['other', ['forgetAsk']]);
  });

  it('is free again when it is denied', () => {
    const denied = session(...asking, { type: 'DENIED', code: 'target_not_found' });
    expect([pairingOf(denied), denied.effects]).toEqual(['unpaired', ['forgetAsk', 'denyAsk: {}']]);
  });
});

describe('a pair request is answered by what the server knows of its target', () => {
  it.each<[PairTarget, readonly string[]]>([
    ['guessed_too_often', refusal('too_many_key_guesses')],
    ['unknown_key', refusal('key_not_found')],
    ['unknown', refusal('target_not_found')],
    ['self', refusal('self_pairing')],
    ['taken', refusal('target_already_paired')],
    ['free', ['createPairing']],
    ['elsewhere', ['askNodes']],
    ['unreachable', refusal('unavailable')],
  ])('%s', (target, effects) => {
    expect(session(request(target)).effects).toEqual(effects);
  });

  it.each<[PairTarget, ErrorCode]>([
    ['guessed_too_often', 'too_many_key_guesses'],
    ['unknown_key', 'key_not_found'],
    ['unknown', 'target_not_found'],
    ['self', 'self_pairing'],
    ['taken', 'already_paired'],
    ['free', 'already_paired'],
    ['elsewhere', 'already_paired'],
    ['unreachable', 'already_paired'],
  ])('%s, of a session that has a peer', (target, code) => {
    expect(session(paired, request(target)).effects).toEqual(refusal(code));
  });
});

it('a session forgets its peer once it is unpaired', () => {
  const { context, value } = session(paired, { type: 'NEGOTIATION_STARTED' }, { type: 'UNPAIRED' });
  expect([context.peerId, value]).toEqual([
    undefined,
    { present: { pairing: 'unpaired', socket: { online: 'heard' } } },
  ]);
});

it('a session that is connected negotiates again, and is connected again', () => {
  const again: SessionEvent[] = [
    paired,
    { type: 'NEGOTIATION_STARTED' },
    { type: 'CONNECTED' },
    { type: 'NEGOTIATION_STARTED' },
  ];
  expect(pairingOf(session(...again))).toBe('negotiating');
  expect(pairingOf(session(...again, { type: 'CONNECTED' }))).toBe('connected');
});

describe('a session that is closed by the server tells its peer why', () => {
  const closed = (code: 1001 | 1012 | 1013): SessionEvent => ({ type: 'CLOSED_BY_SERVER', code, reason: '' });
  const close = (reason: string) => [`leavePairing: {"reason":"${reason}"}`, 'closeSocket', 'forgetSession'];

  it.each([
    [1013, close('overfull')],
    [1012, ['closeSocket', 'forgetSession']],
    [1001, close('refused')],
  ] as const)('%s', (code, effects) => {
    const { value, effects: yielded } = session(closed(code));
    expect([value, yielded]).toEqual(['disconnected', effects]);
  });

  it('but waits, without a deadline, when it can be resumed and the server is restarted', () => {
    const { value, effects } = resumable(closed(1012));
    expect([value, effects]).toEqual([
      { present: { pairing: 'unpaired', socket: 'drained' } },
      ['closeSocket'],
    ]);
  });
});

describe('a lost socket', () => {
  const lost = (isGoodbye: boolean): SessionEvent => ({ type: 'SOCKET_CLOSED', isGoodbye });

  it('ends a session that cannot be resumed, or whose client said goodbye', () => {
    for (const { value, effects } of [session(lost(false)), resumable(lost(true))])
      expect([value, effects]).toEqual([
        'disconnected',
        ['leavePairing: {"reason":"disconnected"}', 'forgetSession'],
      ]);
  });

  it('leaves one that can be resumed away, with its pairing, until its client is back', () => {
    const away = resumable(paired, lost(false));
    expect([away.value, away.effects]).toEqual([
      { present: { pairing: 'paired', socket: 'away' } },
      ['announceAway'],
    ]);
    const back = resumable(paired, lost(false), { type: 'RESUMED' });
    expect([back.value, back.effects]).toEqual([
      { present: { pairing: 'paired', socket: { online: 'heard' } } },
      ['announceBack'],
    ]);
  });
});
