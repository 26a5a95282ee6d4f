/** Examples of an authorization's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { authorizationMachine } from './authorization-machine.ts';

export const authorizationExamples: MachineExamples<typeof authorizationMachine> = {
  machine: authorizationMachine,
  inputs: [{ timeoutMs: 5_000 }],
  events: {
    ANSWERED: [
      { type: 'ANSWERED', keepMs: 0 },
      { type: 'ANSWERED', keepMs: 60_000 },
    ],
    FAILED: [{ type: 'FAILED' }],
    EVICTED: [{ type: 'EVICTED' }],
  },
};
