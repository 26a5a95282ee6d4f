/**
 * A peer that a client signals to and that is not connected: it may be about to connect, or gone for a moment. Signals
 * to it are held for a while; then their sender is told. There is one instance per pair of clients, so that no sender
 * takes another's place.
 */
import { setup } from 'xstate';
import { effect } from '../host/effect.ts';

export interface AbsentPeerContext {
  /** How long the peer is waited for, in milliseconds. */
  readonly holdMs: number;
}

export type AbsentPeerInput = AbsentPeerContext;

export type AbsentPeerEvent =
  /** @property hasRoom whether the signal may be held in addition to those already held */
  | { type: 'SIGNAL_RECEIVED'; hasRoom: boolean }
  /** The peer connected. */
  | { type: 'PEER_ARRIVED' }
  /** The sender is gone, or has left the peer. */
  | { type: 'SENDER_LEFT' }
  /** What was held is dropped, because the server holds too much. */
  | { type: 'SHED' };

const effects = {
  holdSignal: effect(),
  dropSignal: effect(),
  deliverHeld: effect(),
  announceExpired: effect(),
  forgetHeld: effect(),
};
export type AbsentPeerEffects = typeof effects;

export const absentPeerMachine = setup({
  types: {
    context: {} as AbsentPeerContext,
    events: {} as AbsentPeerEvent,
    input: {} as AbsentPeerInput,
  },
  actions: effects,
  guards: {
    hasRoom: ({ event }) => event.type === 'SIGNAL_RECEIVED' && event.hasRoom,
  },
  delays: {
    hold: ({ context }) => context.holdMs,
  },
}).createMachine({
  id: 'absent-peer',
  description: 'A peer that a client signals to and that is not connected.',
  context: ({ input }) => input,
  initial: 'expected',
  states: {
    expected: {
      description: 'The peer may still connect; signals to it are held.',
      on: {
        SIGNAL_RECEIVED: [{ guard: 'hasRoom', actions: 'holdSignal' }, { actions: 'dropSignal' }],
        PEER_ARRIVED: { target: 'arrived' },
        SENDER_LEFT: { target: 'forgotten' },
        SHED: { target: 'expired' },
      },
      after: { hold: { target: 'expired' } },
    },
    arrived: {
      description: 'The peer connected and received what was held.',
      type: 'final',
      entry: 'deliverHeld',
    },
    expired: {
      description: 'The peer did not connect, or what was held for it was dropped; the sender is told.',
      type: 'final',
      entry: 'announceExpired',
    },
    forgotten: {
      description: 'The sender is gone and no longer waits.',
      type: 'final',
      entry: 'forgetHeld',
    },
  },
});
