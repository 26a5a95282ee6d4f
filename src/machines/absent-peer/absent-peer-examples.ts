/** Examples of an absent peer's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { absentPeerMachine } from './absent-peer-machine.ts';

export const absentPeerExamples: MachineExamples<typeof absentPeerMachine> = {
  machine: absentPeerMachine,
  inputs: [{ holdMs: 5_000 }],
  events: {
    SIGNAL_RECEIVED: [true, false].map((hasRoom) => ({ type: 'SIGNAL_RECEIVED', hasRoom })),
    PEER_ARRIVED: [{ type: 'PEER_ARRIVED' }],
    SENDER_LEFT: [{ type: 'SENDER_LEFT' }],
    SHED: [{ type: 'SHED' }],
  },
};
