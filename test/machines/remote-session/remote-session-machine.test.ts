/** What a client of another node does to its peer's view of it, told by hand: the peer is told only what it does not know. */
import { describe, expect, it } from '@jest/globals';
import { type RemoteSessionEvent, remoteSessionMachine } from '../../../src/machines/index.ts';
import { walkHosted } from '../../support/machines/walk-hosted.ts';

const input = { id: 'other', isResumable: true, isMissed: false, resumeGraceMs: 30_000 };
const remote = (...events: RemoteSessionEvent[]) => walkHosted(remoteSessionMachine, input, ...events);
const missed = (...events: RemoteSessionEvent[]) =>
  walkHosted(remoteSessionMachine, { ...input, isMissed: true }, ...events);

const went: RemoteSessionEvent = { type: 'WENT_AWAY' };
const moving: RemoteSessionEvent = { type: 'MOVING' };
const cutOff: RemoteSessionEvent = { type: 'CUT_OFF' };
const reclaimed = (isAway: boolean): RemoteSessionEvent => ({ type: 'RECLAIMED', isAway });

type Walked = ReturnType<typeof remote>;
/** Where it is, whether its peer knows that it is away, and what the peer was told last. */
const seen = ({ value, context, effects }: Walked) => [
  value,
  context.isMissed,
  effects.filter((effect) => effect.startsWith('announce')),
];

describe('a client of another node that moves', () => {
  it('and was there all the time is not told of', () => {
    expect(seen(remote(moving))).toEqual(['moving', false, []]);
    expect(seen(remote(moving, reclaimed(false)))).toEqual(['online', false, []]);
  });

  it('and is away where it came to is told of as away', () => {
    expect(seen(remote(moving, reclaimed(true)))).toEqual(['away', true, ['announceAway']]);
  });

  it('while it was away is told of as back, once it is there', () => {
    expect(seen(remote(went, moving))).toEqual(['moving', true, []]);
    expect(seen(remote(went, moving, reclaimed(false)))).toEqual(['online', false, ['announceBack']]);
  });

  it('while it was away, and is away still, is told of no second time', () => {
    expect(seen(remote(went, moving, reclaimed(true)))).toEqual(['away', true, []]);
  });

  it('and is lost on its way is told of as away, if it was not', () => {
    expect(seen(remote(moving, cutOff))).toEqual(['cutOff', true, ['announceAway']]);
    expect(seen(remote(went, moving, cutOff))).toEqual(['cutOff', true, []]);
  });

  it('to this node from one at which it was away is known to be away from the first', () => {
    expect(seen(missed(moving, reclaimed(false)))).toEqual(['online', false, ['announceBack']]);
    expect(seen(missed(moving, reclaimed(true)))).toEqual(['away', true, []]);
    expect(seen(missed(moving, cutOff))).toEqual(['cutOff', true, []]);
  });
});

describe('a client of another node that stays there', () => {
  it('is told of as away, and as back', () => {
    expect(seen(remote(went))).toEqual(['away', true, ['announceAway']]);
    expect(seen(remote(went, reclaimed(false)))).toEqual(['online', false, ['announceBack']]);
  });

  it('and was found away there is told of as away, once', () => {
    expect(seen(remote(reclaimed(true)))).toEqual(['away', true, ['announceAway']]);
    expect(seen(remote(reclaimed(true), reclaimed(true)))).toEqual(['away', true, []]);
  });

  it('is no matter of this node once the pairing is over', () => {
    const released = remote({ type: 'RELEASED' });
    expect([released.value, released.isDone, released.effects]).toEqual(['released', true, []]);
  });
});

describe('a client of another node whose node is lost', () => {
  it('is told of as away, and as back once another node has it', () => {
    expect(seen(remote(cutOff))).toEqual(['cutOff', true, ['announceAway']]);
    expect(seen(remote(cutOff, reclaimed(false)))).toEqual(['online', false, ['announceBack']]);
  });

  it('is told of no second time where it was away, there or at its new node', () => {
    expect(seen(remote(went, cutOff))).toEqual(['cutOff', true, []]);
    expect(seen(remote(cutOff, reclaimed(true)))).toEqual(['away', true, []]);
  });

  it('is lost at the end of the grace of 30 s, not before', () => {
    const waiting = remote(cutOff);
    waiting.advance(29_999);
    expect(waiting.isDone).toBe(false);
    waiting.advance(1);
    expect([waiting.value, waiting.effects]).toEqual(['lost', ['losePeer']]);
  });

  it('is lost after the same grace when it does not arrive where it moved to', () => {
    const waiting = remote(moving);
    waiting.advance(29_999);
    expect(waiting.isDone).toBe(false);
    waiting.advance(1);
    expect([waiting.value, waiting.effects]).toEqual(['lost', ['losePeer']]);
  });

  it('is lost at once where it cannot come back', () => {
    const lost = walkHosted(remoteSessionMachine, { ...input, isResumable: false }, cutOff);
    expect([lost.value, lost.effects]).toEqual(['lost', ['losePeer']]);
  });
});
