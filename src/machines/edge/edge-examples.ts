/** Examples of an edge's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { edgeMachine } from './edge-machine.ts';

export const edgeExamples: MachineExamples<typeof edgeMachine> = {
  machine: edgeMachine,
  inputs: [{ isAsker: true }, { isAsker: false }],
  events: {
    PAIRED: [{ type: 'PAIRED' }],
    CONNECTED: [{ type: 'CONNECTED' }],
    DISCONNECTED: [{ type: 'DISCONNECTED' }],
    UNPAIRED: [{ type: 'UNPAIRED', reason: 'unpaired', random: 0.5 }],
    REFUSED: [{ type: 'REFUSED', reason: 'peer_slow', random: 0.5 }],
    DROPPED: [{ type: 'DROPPED' }],
  },
};
