/** Examples of a delivery's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { deliveryMachine } from './delivery-machine.ts';

export const deliveryExamples: MachineExamples<typeof deliveryMachine> = {
  machine: deliveryMachine,
  inputs: [undefined],
  events: {
    QUEUED: [{ type: 'QUEUED' }],
    STOPPED: [{ type: 'STOPPED' }],
    DELIVERED: [true, false].map((hasMore) => ({ type: 'DELIVERED', hasMore })),
    FAILED: [{ type: 'FAILED', random: 0.5 }],
  },
};
