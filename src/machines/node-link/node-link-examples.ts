/** Examples of a node link's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { nodeLinkMachine } from './node-link-machine.ts';

export const nodeLinkExamples: MachineExamples<typeof nodeLinkMachine> = {
  machine: nodeLinkMachine,
  inputs: [{ node: 2, settings: { beatMs: 1_000, silenceMs: 3_500, suspendedMs: 3_500 } }],
  events: {
    GREETED: [{ type: 'GREETED' }],
    HEARD: [{ type: 'HEARD' }],
    UNREACHABLE: [{ type: 'UNREACHABLE' }],
    FORGOTTEN: [{ type: 'FORGOTTEN' }],
    OVERFULL: [{ type: 'OVERFULL' }],
    BUS_DOWN: [{ type: 'BUS_DOWN' }],
    BUS_UP: [{ type: 'BUS_UP' }],
  },
};
