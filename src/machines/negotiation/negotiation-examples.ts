/** Examples of a negotiation's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import type { NegotiationSettings } from './negotiation-events.ts';
import { negotiationMachine } from './negotiation-machine.ts';

/** Times are in milliseconds, and multiples of the timer wheel's tick, so that a clock and the wheel agree. */
const settings: NegotiationSettings = {
  signalingTimeoutMs: 10_000,
  offerTimeoutMs: 15_000,
  answerTimeoutMs: 15_000,
  checkingTimeoutMs: 30_000,
  drainTimeoutMs: 1_000,
  maxRestarts: 2,
  backoffBaseMs: 500,
  backoffCapMs: 30_000,
  reconnect: true,
};

export const negotiationExamples: MachineExamples<typeof negotiationMachine> = {
  machine: negotiationMachine,
  inputs: [{ settings }],
  events: {
    UNPAIR_ASKED: [true, false].map((hasUnsent) => ({ type: 'UNPAIR_ASKED', hasUnsent })),
    CLOSE_ASKED: [true, false].map((hasUnsent) => ({ type: 'CLOSE_ASKED', hasUnsent })),
    WELCOMED: [true, false].map((isResumed) => ({ type: 'WELCOMED', id: 'me', isResumed })),
    PAIRED: [
      { type: 'PAIRED', peerId: 'other', isInitiator: true, isPolite: false },
      { type: 'PAIRED', peerId: 'other', isInitiator: false, isPolite: true },
      // Our servers never send this, but a program may connect the machine to another server.
      { type: 'PAIRED', peerId: 'other', isInitiator: true, isPolite: true },
    ],
    OFFER_RECEIVED: [{ type: 'OFFER_RECEIVED' }],
    ANSWER_RECEIVED: [{ type: 'ANSWER_RECEIVED' }],
    CANDIDATE_RECEIVED: [{ type: 'CANDIDATE_RECEIVED' }],
    PEER_DISCONNECTED: [{ type: 'PEER_DISCONNECTED' }],
    SOCKET_LOST: [
      ...[true, false].map((mayReturn) => ({ type: 'SOCKET_LOST' as const, mayReturn, random: 0.5 })),
      { type: 'SOCKET_LOST', mayReturn: true, random: 0.5, afterMs: 2_000 },
    ],
    LOCAL_OFFER_SET: [{ type: 'LOCAL_OFFER_SET' }],
    LOCAL_ANSWER_SET: [{ type: 'LOCAL_ANSWER_SET' }],
    LOCAL_CANDIDATE_FOUND: [{ type: 'LOCAL_CANDIDATE_FOUND' }],
    DESCRIPTION_REFUSED: [{ type: 'DESCRIPTION_REFUSED' }],
    CONNECTION_ESTABLISHED: [{ type: 'CONNECTION_ESTABLISHED' }],
    CONNECTION_FAILED: [{ type: 'CONNECTION_FAILED' }],
    NETWORK_CHANGED: [{ type: 'NETWORK_CHANGED' }],
    CLOSED_BY_PEER: [{ type: 'CLOSED_BY_PEER' }],
    DRAINED: [{ type: 'DRAINED' }],
    CANDIDATE_REFUSED: [{ type: 'CANDIDATE_REFUSED', reason: 'invalid' }],
  },
};
