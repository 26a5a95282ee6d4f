/** A door that closes by itself: the machine that the tests here test. */
import { setup } from 'xstate';

export const doorMachine = setup({ delays: { closing: 5_000 } }).createMachine({
  id: 'door',
  initial: 'closed',
  states: {
    closed: { on: { OPENED: { target: 'open' } } },
    open: { on: { PUSHED: { target: 'closed' } }, after: { closing: { target: 'closed' } } },
  },
});

/** What a door may start with, and an event of every kind that it tells apart. */
export const door = {
  machine: doorMachine,
  inputs: [undefined],
  events: [{ type: 'OPENED' }, { type: 'PUSHED' }],
};
