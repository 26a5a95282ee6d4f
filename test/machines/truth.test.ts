/** Run by XState alone, with no host and no server, the machines that watch over somebody tell the same story. */
import { describe, expect, it } from '@jest/globals';
import { createActor, SimulatedClock } from 'xstate';
import { nodeLinkMachine, type SessionSettings, sessionMachine } from '../../src/machines/index.ts';

const BEAT_MS = 1_000;

/** A delay that `setTimeout` cannot take is one millisecond to it, as Node's documentation says. */
class TimeoutClock extends SimulatedClock {
  override setTimeout(fire: () => void, ms: number): number {
    return super.setTimeout(fire, ms >= 1 && ms < 2 ** 31 ? ms : 1);
  }
}

/** Millisecond by millisecond: a timer that another one arms counts from when that one fired. */
function pass(clock: SimulatedClock, ms: number): void {
  for (let passed = 0; passed < ms; passed += 1) clock.increment(1);
}

describe('a session run by createActor', () => {
  const startSession = (changed: Partial<SessionSettings> = {}) => {
    const clock = new TimeoutClock();
    const settings = { pingIntervalMs: 1_000, pingTimeoutMs: 500, resumeGraceMs: 2_000, ...changed };
    const actor = createActor(sessionMachine, {
      input: { id: 'me', maxPeers: 1, isResumable: false, may: 'pair', settings },
      clock,
    });
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

  it('is never pinged when the interval is 0, nor disconnected when the time-out is', () => {
    const unpinged = startSession({ pingIntervalMs: 0 });
    pass(unpinged.clock, 10_000);
    expect(unpinged.actor.getSnapshot().matches({ present: { socket: { online: 'heard' } } })).toBe(true);
    const awaited = startSession({ pingTimeoutMs: 0 });
    pass(awaited.clock, 10_000);
    expect(awaited.actor.getSnapshot().matches({ present: { socket: { online: 'pinged' } } })).toBe(true);
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
  const startLink = (suspendedMs = 3_500) => {
    const clock = new TimeoutClock();
    const settings = { beatMs: BEAT_MS, silenceMs: 3.5 * BEAT_MS, suspendedMs };
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

  it('waits for a bus that may be away forever', () => {
    const { actor, clock } = startLink(Number.POSITIVE_INFINITY);
    actor.send({ type: 'GREETED' });
    actor.send({ type: 'BUS_DOWN' });
    pass(clock, 10_000);
    expect(actor.getSnapshot().value).toBe('suspended');
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
