/** What a session does with what its client, other nodes and its socket tell it, told by hand. */
import { describe, expect, it } from '@jest/globals';
import type { StateValue } from 'xstate';
import {
  type PairTarget,
  type SessionEvent,
  type SessionInput,
  sessionMachine,
} from '../../../src/machines/index.ts';
import type { ErrorCode } from '../../../src/protocol/index.ts';
import { walk } from '../../support/machines/walk.ts';
import { walkHosted } from '../../support/machines/walk-hosted.ts';

const input: SessionInput = {
  id: 'me',
  maxPeers: 1,
  isResumable: false,
  may: 'pair key join create lead turn',
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
const paired: SessionEvent = { type: 'PAIRED', epoch: 7, peerId: 'other' };
const refusal = (code: ErrorCode) => [`refuse: {"code":"${code}"}`];
const pairingOf = ({ value }: ReturnType<typeof session>) =>
  (value as { present: { pairings: string } }).present.pairings;
const peersOf = ({ context }: ReturnType<typeof session>) => context.pairings.map(({ peerId }) => peerId);

describe('a session that asked other nodes for a client', () => {
  const asking = [request('elsewhere')];

  it('refuses a second request until the first is answered', () => {
    expect(session(...asking, request('free')).effects).toEqual(refusal('request_pending'));
  });

  it('knows its peer when both asked for each other at once, and its own request ends as already paired', () => {
    const crossed = session(...asking, { ...paired, answers: 'crossed' });
    expect([peersOf(crossed), crossed.effects]).toEqual([
      ['other'],
      ['forgetAsk', 'denyAsk: {"code":"already_paired"}'],
    ]);
  });

  it('knows its peer when it is granted, and denies nothing', () => {
    const granted = session(...asking, { ...paired, answers: 'granted' });
    expect([peersOf(granted), granted.effects]).toEqual([['other'], ['forgetAsk']]);
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
    ['peer', refusal('already_paired')],
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
    ['peer', 'already_paired'],
    ['taken', 'already_paired'],
    ['free', 'already_paired'],
    ['elsewhere', 'already_paired'],
    ['unreachable', 'already_paired'],
  ])('%s, of a session that has a peer', (target, code) => {
    expect(session(paired, request(target)).effects).toEqual(refusal(code));
  });
});

it('a session forgets its peer once it is unpaired', () => {
  const unpaired = session(paired, { type: 'NEGOTIATION_STARTED', epoch: 7 }, { type: 'UNPAIRED', epoch: 7 });
  expect([peersOf(unpaired), unpaired.value]).toEqual([
    [],
    { present: { pairings: 'unpaired', request: 'idle', socket: { online: 'heard' }, token: 'unlimited' } },
  ]);
});

it('a session that is connected negotiates again, and is connected again', () => {
  const again: SessionEvent[] = [
    paired,
    { type: 'NEGOTIATION_STARTED', epoch: 7 },
    { type: 'CONNECTED', epoch: 7 },
    { type: 'NEGOTIATION_STARTED', epoch: 7 },
  ];
  expect(pairingOf(session(...again))).toBe('negotiating');
  expect(pairingOf(session(...again, { type: 'CONNECTED', epoch: 7 }))).toBe('connected');
});

describe('a session with several peers', () => {
  const many = (...events: SessionEvent[]) => walk(sessionMachine, { ...input, maxPeers: 3 }, ...events);
  const of = (type: 'NEGOTIATION_STARTED' | 'CONNECTED' | 'UNPAIRED', epoch: number): SessionEvent => ({
    type,
    epoch,
  });
  const pairedWith = (epoch: number): SessionEvent => ({ type: 'PAIRED', epoch, peerId: `peer ${epoch}` });
  const connected = (epoch: number) => [
    pairedWith(epoch),
    of('NEGOTIATION_STARTED', epoch),
    of('CONNECTED', epoch),
  ];

  it.each<[string, readonly SessionEvent[]]>([
    ['unpaired', [pairedWith(1), pairedWith(2), of('UNPAIRED', 1), of('UNPAIRED', 2)]],
    ['paired', [pairedWith(1), pairedWith(2)]],
    ['paired', [...connected(1), pairedWith(2)]],
    ['paired', [pairedWith(1), ...connected(2)]],
    ['paired', [pairedWith(1), pairedWith(2), of('NEGOTIATION_STARTED', 2), of('UNPAIRED', 2)]],
    ['negotiating', [...connected(1), pairedWith(2), of('NEGOTIATION_STARTED', 2)]],
    ['negotiating', [pairedWith(1), of('NEGOTIATION_STARTED', 1), pairedWith(2)]],
    ['negotiating', [pairedWith(1), of('NEGOTIATION_STARTED', 1), ...connected(2)]],
    ['negotiating', [...connected(1), ...connected(2), of('NEGOTIATION_STARTED', 1)]],
    ['negotiating', [...connected(1), pairedWith(2), of('NEGOTIATION_STARTED', 1), of('UNPAIRED', 2)]],
    ['connected', [...connected(1), ...connected(2)]],
    ['connected', [...connected(1), pairedWith(2), of('UNPAIRED', 2)]],
    ['connected', [...connected(1), of('CONNECTED', 9)]],
  ])('is %s when its pairings are: %j', (phase, events) => {
    expect(pairingOf(many(...events))).toBe(phase);
  });

  it('asks for one more until it has as many as it may have', () => {
    const two = [pairedWith(1), pairedWith(2)];
    expect(many(...two, request('free')).effects).toEqual(['createPairing']);
    expect(many(...two, request('peer')).effects).toEqual(refusal('already_paired'));
    expect(many(...two, pairedWith(3), request('free')).effects).toEqual(refusal('too_many_peers'));
  });

  it('goes on asking other nodes when somebody else comes to be its peer', () => {
    const asking = many(pairedWith(1), request('elsewhere'), pairedWith(2));
    expect([asking.value, asking.effects]).toEqual([
      { present: { pairings: 'paired', request: 'asking', socket: { online: 'heard' }, token: 'unlimited' } },
      [],
    ]);
  });

  it('refuses a signal that comes to it, for it was not said whom it is for', () => {
    const offered = many(pairedWith(1), pairedWith(2), { type: 'OFFER_RECEIVED' });
    expect(offered.effects).toEqual(refusal('ambiguous_pairing'));
  });
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
      { present: { pairings: 'unpaired', request: 'idle', socket: 'drained', token: 'unlimited' } },
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
      { present: { pairings: 'paired', request: 'idle', socket: 'away', token: 'unlimited' } },
      ['announceAway'],
    ]);
    const back = resumable(paired, lost(false), { type: 'RESUMED' });
    expect([back.value, back.effects]).toEqual([
      { present: { pairings: 'paired', request: 'idle', socket: { online: 'heard' }, token: 'unlimited' } },
      ['announceBack'],
    ]);
  });
});

describe('a session does nothing that its token does not allow, and says what the token lacks:', () => {
  const key: SessionEvent = { type: 'KEY_REQUESTED', ttlS: 60, uses: 1, hasRoom: true };
  const join = (isCovered: boolean, creates: boolean): SessionEvent => ({
    type: 'JOIN_REQUESTED',
    isCovered,
    creates,
  });
  const lock: SessionEvent = { type: 'LOCK_REQUESTED' };
  const lacks = (permission: string) => [`forbid: {"claim":"may","lacks":"${permission}"}`];

  it.each([
    ['pair', request('free'), ['createPairing']],
    ['key', key, ['createKey']],
    ['join', join(true, false), ['joinRoom']],
    ['create', join(true, true), ['joinRoom']],
    ['lead', lock, ['lockRoom']],
  ])('%s', (permission, event, allowed) => {
    const all = input.may.split(' ');
    const others = all.filter((one) => one !== permission).join(' ');
    expect(walkHosted(sessionMachine, { ...input, may: others }, event).effects).toEqual(lacks(permission));
    expect(walkHosted(sessionMachine, input, event).effects).toEqual(allowed);
  });

  it('a room that no pattern fits, also one that is there', () => {
    for (const creates of [false, true])
      expect(walkHosted(sessionMachine, input, join(false, creates)).effects).toEqual([
        'forbid: {"claim":"rooms"}',
      ]);
  });

  it('the newest token counts', () => {
    const narrower: SessionEvent = { type: 'TOKEN_ACCEPTED', lifetimeMs: 100_000, may: 'join' };
    expect(session(narrower, key).effects).toEqual(lacks('key'));
    expect(session(narrower, join(true, false)).effects).toEqual(['joinRoom']);
  });
});

describe('a session whose token ends', () => {
  const elapsed = (delay: string, state: string) =>
    ({ type: `xstate.after.${delay}.session.present.token.${state}` }) as never;
  const accepted = (lifetimeMs: number): SessionEvent => ({
    type: 'TOKEN_ACCEPTED',
    lifetimeMs,
    may: 'pair',
  });
  const warned = elapsed('tokenWarning', 'valid');
  const ended = elapsed('tokenEnd', 'expiring');
  const tokenOf = ({ value }: { readonly value: StateValue }) =>
    (value as { present: { token: string } }).present.token;

  it('is warned, and then over: its peer is told that it was refused', () => {
    const expiring = session(paired, accepted(100_000), warned);
    expect([tokenOf(expiring), expiring.effects]).toEqual(['expiring', ['announceTokenEnd']]);
    const over = session(paired, accepted(100_000), warned, ended);
    expect([over.value, over.effects]).toEqual([
      'disconnected',
      ['leavePairing: {"reason":"refused"}', 'closeUnauthorized', 'forgetSession'],
    ]);
  });

  it('goes on with a newer one', () => {
    const refreshed = session(accepted(100_000), warned, accepted(200_000));
    expect([tokenOf(refreshed), refreshed.context.tokenLifetimeMs]).toEqual(['valid', 200_000]);
  });

  it('is not warned before its time, however far away that is', () => {
    const far = walkHosted(sessionMachine, input, accepted(2 ** 32), warned);
    expect([tokenOf(far), far.effects, far.context.tokenLifetimeMs]).toEqual(['valid', [], 2 ** 31 + 1]);
  });
});
