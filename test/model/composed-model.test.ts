/**
 * Two clients, their sessions and the pairing as one model, every state of it: nobody is stuck, nobody hears of another
 * pairing, and in the end both sides and the server agree. `npm run explore` goes further than there is time for here.
 */
import { describe, expect, it } from '@jest/globals';
import type { AnyStateMachine } from 'xstate';
import { createMachine } from 'xstate';
import { negotiationMachine, pairingMachine, sessionMachine } from '../../src/machines/index.ts';
import { type Budget, ours } from '../support/model/composed-model.ts';
import { explore } from '../support/model/explore.ts';

const nothing: Budget = { pair: 1, ahead: 0, unpair: 0, close: 0, fail: 0, lose: 0 };

describe('two clients and a server, in every order in which things can happen', () => {
  it.each<[string, Partial<Budget>]>([
    ['one of them asks', {}],
    ['both ask, or one asks twice', { pair: 2 }],
    ['an offer is sent ahead', { ahead: 1 }],
    ['both ask, and each offers ahead', { pair: 2, ahead: 2 }],
    ['an offer is sent ahead, and an answer is lost', { ahead: 1, lose: 1 }],
    ['one asks, leaves, and asks once more, and offers ahead', { pair: 2, ahead: 1, unpair: 1 }],
    ['an offer is sent ahead, and their connection fails', { ahead: 1, fail: 1 }],
    ['one leaves while they negotiate', { unpair: 1 }],
    ['one leaves, and asks once more', { pair: 2, unpair: 1 }],
    ['one says goodbye', { close: 1 }],
    ['their connection fails', { fail: 1 }],
    ['an offer or an answer is lost', { lose: 1 }],
    ['one leaves, one says goodbye, and an answer is lost', { unpair: 1, close: 1, lose: 1 }],
  ])('agree in the end when %s', (_what, budget) => {
    const { isWhole, counterexample, states } = explore({ budget: { ...nothing, ...budget } });
    expect(counterexample).toBeUndefined();
    expect(isWhole).toBe(true);
    expect(states).toBeGreaterThan(100);
  });
});

/** A machine with a change in its definition. */
function changed(machine: AnyStateMachine, change: (config: never) => void): AnyStateMachine {
  const config = structuredClone(JSON.parse(JSON.stringify(machine.config))) as object;
  change(config as never);
  const context = machine.config.context;
  return createMachine({ ...config, context } as never, machine.implementations as never) as never;
}

describe('a fault is found, with the way to it', () => {
  it.each<[string, Partial<Budget>, Partial<typeof ours>, RegExp]>([
    [
      'a pairing that ends by an unpair of an older one',
      { pair: 2, unpair: 2 },
      {
        pairing: changed(pairingMachine, (config: { on: { UNPAIR_RECEIVED: object } }) => {
          config.on.UNPAIR_RECEIVED = { target: '.disconnected' };
        }),
      },
      /server has/,
    ],
    [
      'a pairing that relays what is of an older one',
      { pair: 2, unpair: 1 },
      {
        pairing: pairingMachine.provide({ guards: { isCurrentEpoch: () => true } } as never) as never,
      },
      /old pairing was relayed/,
    ],
    [
      'a client that waits for an answer forever',
      { lose: 1 },
      {
        client: changed(negotiationMachine, (config: never) => {
          const { states } = (config as typeof negotiationMachine.config as never as DeepConfig).states.open;
          states.connection.states.paired.states.offering.after = {};
          states.connection.states.paired.states.expecting.after = {};
        }),
      },
      /no deadline and no message/,
    ],
    [
      'a session that does not hear that its pairing is over',
      { unpair: 1 },
      {
        session: changed(sessionMachine, (config: never) => {
          (config as SessionConfig).states.present.states.pairings.on.UNPAIRED = [];
        }),
      },
      /session of . is/,
    ],
  ])('%s', (_what, budget, machines, problem) => {
    const { counterexample } = explore({
      budget: { ...nothing, ...budget },
      machines: { ...ours, ...machines },
    });
    expect(counterexample?.problem).toMatch(problem);
    expect(counterexample?.moves.length).toBeGreaterThan(2);
  });
});

interface DeepConfig {
  states: {
    open: {
      states: {
        connection: {
          states: {
            paired: { states: { offering: { after: object }; expecting: { after: object } } };
          };
        };
      };
    };
  };
}

interface SessionConfig {
  states: { present: { states: { pairings: { on: { UNPAIRED: object } } } } };
}
