/** Run by XState alone, with no host and no server, the machines that watch over somebody tell the same story. */
import { describe, expect, it } from '@jest/globals';
import { createActor, SimulatedClock } from 'xstate';
import { nodeLinkMachine, sessionMachine } from '../../src/machines/index.ts';

const BEAT_MS = 1_000;

/** Millisecond by millisecond: a timer that another one arms counts from when that one fired. */
function pass(clock: SimulatedClock, ms: number): void {
  for (let passed = 0; passed < ms; passed += 1) clock.increment(1);
}

describe('a session run by createActor', () => {
  const startSession = () => {
    const clock = new SimulatedClock();
    const settings = { pingIntervalMs: 1_000, pingTimeoutMs: 500, resumeGraceMs: 2_000 };
    const actor = createActor(sessionMachine, { input: { id: 'me', isResumable: false, settings }, clock });
    return { actor: actor.start(), clock };
  };

  it('is pinged an interval after it was last heard, and no sooner', () => {
    const { actor, clock } = startSession();
    pass(clock, 900);
    actor.send({ type: 'HEARD' });
    pass(clock, 999);
    expect(actor.getSnapshot().matches({ present: { socket: { online: 'heard' } } })).toBe(true);
    pass(clock, 1);
    expect(actor.getSnapshot().matches({ present: { socket: { online: 'pinged' } } })).toBe(true);
  });

  it('is disconnected when it does not answer the ping', () => {
    const { actor, clock } = startSession();
    pass(clock, 1_499);
    expect(actor.getSnapshot().status).toBe('active');
    pass(clock, 1);
    expect(actor.getSnapshot().value).toBe('disconnected');
  });
});

describe('a node link run by createActor', () => {
  const startLink = () => {
    const clock = new SimulatedClock();
    const settings = { beatMs: BEAT_MS, silenceMs: 3.5 * BEAT_MS, suspendedMs: 3_500 };
    const actor = createActor(nodeLinkMachine, { input: { node: 2, settings }, clock });
    return { actor: actor.start(), clock };
  };

  it('greets a dead node no longer than the silence that makes it lost', () => {
    const { actor, clock } = startLink();
    pass(clock, 4 * BEAT_MS - 1);
    expect(actor.getSnapshot().value).toBe('greeting');
    pass(clock, 1);
    expect(actor.getSnapshot().value).toBe('lost');
  });

  it('stays open while the node is heard between two beats', () => {
    const { actor, clock } = startLink();
    actor.send({ type: 'GREETED' });
    for (let beat = 0; beat < 20; beat += 1) {
      pass(clock, BEAT_MS);
      actor.send({ type: 'HEARD' });
    }
    expect(actor.getSnapshot().value).toBe('open');
  });

  it('loses an open node that falls silent: half a beat before or after the silence is over', () => {
    for (const heardAt of [1, 500, 999]) {
      const { actor, clock } = startLink();
      actor.send({ type: 'GREETED' });
      pass(clock, heardAt);
      actor.send({ type: 'HEARD' });
      pass(clock, 3 * BEAT_MS - 1);
      expect(actor.getSnapshot().value).toBe('open');
      pass(clock, BEAT_MS);
      expect(actor.getSnapshot().value).toBe('lost');
    }
  });
});
