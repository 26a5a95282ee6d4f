/** A door that closes by itself: the machine that these tests test. */
import { setup } from 'xstate';

export const doorMachine = setup({ delays: { closing: 5_000 } }).createMachine({
  id: 'door',
  initial: 'closed',
  states: {
    closed: { on: { OPENED: { target: 'open' } } },
    open: { on: { PUSHED: { target: 'closed' } }, after: { closing: { target: 'closed' } } },
  },
});

/** The inputs of a door, and an event of every kind that it distinguishes. */
export const door = {
  machine: doorMachine,
  inputs: [undefined],
  events: [{ type: 'OPENED' }, { type: 'PUSHED' }],
};
