/** Examples of a pairing's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { pairingMachine, type Side } from './pairing-machine.ts';

/** The epoch of the pairing itself. */
const EPOCH = 7;

const bothSides: readonly Side[] = ['initiator', 'responder'];
/** From each side: for this pairing, for an earlier one, and from a client that does not use epochs. */
const signals = bothSides.flatMap((from) => [EPOCH, EPOCH - 1, undefined].map((epoch) => ({ from, epoch })));

/** The same, and signals for one of several connections. */
const ofConnections = [
  ...signals,
  ...bothSides.map((from) => ({ from, epoch: EPOCH, connectionId: 'dc_1' })),
];

export const pairingExamples: MachineExamples<typeof pairingMachine> = {
  machine: pairingMachine,
  inputs: [{ initiatorId: 'initiator', responderId: 'responder', epoch: EPOCH }],
  events: {
    FORMED: [{ type: 'FORMED', from: 'initiator' }],
    RESTORED: [{ type: 'RESTORED', from: 'initiator' }],
    MOVED: [{ type: 'MOVED', from: 'initiator' }],
    OFFER_RECEIVED: ofConnections.map((signal) => ({ type: 'OFFER_RECEIVED', ...signal })),
    ANSWER_RECEIVED: ofConnections.map((signal) => ({ type: 'ANSWER_RECEIVED', ...signal })),
    CANDIDATE_RECEIVED: ofConnections.map((signal) => ({ type: 'CANDIDATE_RECEIVED', ...signal })),
    SIGNAL_RECEIVED: signals.map((signal) => ({ type: 'SIGNAL_RECEIVED', ...signal })),
    REPORT_RECEIVED: signals.flatMap((signal) =>
      [true, false].map((isConnected) => ({ type: 'REPORT_RECEIVED' as const, isConnected, ...signal })),
    ),
    UNPAIR_RECEIVED: signals.map((signal) => ({ type: 'UNPAIR_RECEIVED', ...signal })),
    PEER_LOST: bothSides.map((from) => ({ type: 'PEER_LOST', from, reason: 'disconnected' })),
  },
};
