/** Tests of your own machine: Pairlane's host steps it, and the test moves the clock. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { Hosted, MachineHost, nameTransitions, StepQueue } from 'pairlane/machines';
import { turnstileMachine } from './turnstile.js';

const taken = new Set();

function start() {
  const effects = [];
  const queue = new StepQueue();
  const note = (name) => () => effects.push(name);
  const host = new MachineHost(turnstileMachine, {
    queue,
    executors: { openGate: note('openGate'), closeGate: note('closeGate'), giveBack: note('giveBack') },
    onError: (_instance, error) => {
      throw error;
    },
  });
  const ignored = [];
  host.observer = ({ event, transitions, verdicts }) => {
    for (const transition of transitions) taken.add(transition);
    if (transitions.length === 0 && event.type !== 'xstate.init') ignored.push({ event, verdicts });
  };
  const turnstile = new Hosted();
  host.start(turnstile);
  return {
    turnstile,
    effects,
    ignored,
    timers: queue.timers,
    send: (event) => host.dispatch(turnstile, event),
  };
}

describe('the turnstile', () => {
  it('lets one visitor pass for 200 cents', () => {
    const { turnstile, effects, send } = start();
    send({ type: 'COIN_INSERTED', cents: 200 });
    send({ type: 'PUSHED' });
    expect(turnstile).toMatchObject({ value: 'locked', context: { visitors: 1 } });
    expect(effects).toEqual(['openGate', 'closeGate']);
  });

  it('gives 199 cents back, and stays locked', () => {
    const { turnstile, effects, send } = start();
    send({ type: 'COIN_INSERTED', cents: 199 });
    expect(turnstile.value).toBe('locked');
    expect(effects).toEqual(['giveBack']);
  });

  it('ignores a push while it is locked', () => {
    const { ignored, send } = start();
    send({ type: 'PUSHED' });
    expect(ignored).toMatchObject([{ event: { type: 'PUSHED' } }]);
  });

  it('locks again after 5 s', () => {
    const { turnstile, timers, send } = start();
    send({ type: 'COIN_INSERTED', cents: 500 });
    timers.advance(4_900);
    expect(turnstile.value).toBe('unlocked');
    timers.advance(5_000);
    expect(turnstile).toMatchObject({ value: 'locked', context: { visitors: 0 } });
  });
});

afterAll(() => {
  const names = [...nameTransitions(turnstileMachine)];
  expect(names.filter(([transition]) => !taken.has(transition)).map(([, name]) => name)).toEqual([]);
});
