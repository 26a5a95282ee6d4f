/**
 * An edge of a room: two members that the room wants paired and connected. If they are not, the edge is missing, which
 * has a reason, and is retried with backoff. Only the newcomer's node requests the pairing; the edge at the other node
 * follows. Each edge has its own machine, since a room has many of them, each with its own timing.
 *
 * A slow pairing is never ended: a client that reports nothing may be connected all the same. It is only reported as
 * missing.
 */
import { assign, setup } from 'xstate';
import type { DisconnectReason, ErrorCode, edgeReasons } from '../../protocol/index.ts';
import { fullJitter } from '../backoff.ts';
import { effect, eventOf } from '../host/effect.ts';

/** Why an edge is missing: its request was refused, its pairing ended, or connecting takes too long. */
export type EdgeReason = ErrorCode | DisconnectReason | keyof typeof edgeReasons;

export interface EdgeContext {
  /** Whether this node requests the pairing, or waits for the other node to do so. */
  readonly isAsker: boolean;
  /** Why it is missing, or last was. */
  readonly reason: EdgeReason | undefined;
  /** How many attempts have failed since it was last connected. */
  readonly attempts: number;
  /** How long to wait before the next attempt, in milliseconds. */
  readonly backoffMs: number;
}

export interface EdgeInput {
  readonly isAsker: boolean;
}

export type EdgeEventFromPairing =
  | { type: 'PAIRED' | 'CONNECTED' | 'DISCONNECTED' }
  /** @property random from 0 to 1 */
  | { type: 'UNPAIRED'; reason: EdgeReason; random: number };

/**
 * The request for the pairing was refused.
 * @property random from 0 to 1
 */
export type EdgeEventFromServer =
  | { type: 'REFUSED'; reason: EdgeReason; random: number }
  /** One of its members has left, or a star has a new leader. */
  | { type: 'DROPPED' };

export type EdgeEvent = EdgeEventFromPairing | EdgeEventFromServer;

const effects = {
  askForPairing: effect(),
  announceState: effect(),
  /** Ends the pairing together with the edge, if the room formed it and no other edge needs it. */
  releasePairing: effect(),
};
export type EdgeEffects = typeof effects;

/** How long connecting may take before the edge is reported as missing; a shorter delay is not worth reporting. */
const CONNECT_MS = 15_000;
/** Another node answers within this time, or its answer is lost. */
const ASK_MS = 5_000;
const BACKOFF = { baseMs: 1_000, capMs: 30_000 };

const isLost = [
  { guard: 'isAsker', target: '.missing', actions: 'rememberReason' },
  { target: '.awaited', actions: 'rememberReason' },
] as const;

export const edgeMachine = setup({
  types: { context: {} as EdgeContext, events: {} as EdgeEvent, input: {} as EdgeInput },
  actions: {
    ...effects,
    rememberReason: assign(({ context, event }) => {
      const { reason, random } = eventOf(event, 'REFUSED', 'UNPAIRED');
      return {
        reason,
        attempts: context.attempts + 1,
        backoffMs: BACKOFF.baseMs + fullJitter(BACKOFF, context.attempts, random),
      };
    }),
    rememberSlow: assign({ reason: 'not_connected' }),
    rememberUnanswered: assign({
      reason: 'unavailable',
      attempts: ({ context }) => context.attempts + 1,
      backoffMs: BACKOFF.capMs,
    }),
    forgetAttempts: assign({ attempts: 0, reason: undefined }),
  },
  guards: {
    isAsker: ({ context }) => context.isAsker,
  },
  delays: {
    answer: ASK_MS,
    connecting: CONNECT_MS,
    backoff: ({ context }) => context.backoffMs,
  },
}).createMachine({
  id: 'edge',
  description: 'Two members that their room wants connected.',
  context: ({ input }) => ({ isAsker: input.isAsker, reason: undefined, attempts: 0, backoffMs: 0 }),
  initial: 'pairing',
  on: {
    PAIRED: { target: '.connecting' },
    UNPAIRED: isLost,
    REFUSED: isLost,
    DROPPED: { target: '.dropped' },
  },
  states: {
    pairing: {
      description: 'The two are being paired.',
      entry: 'askForPairing',
      on: {
        // The two already had a connected pairing.
        CONNECTED: { target: 'connected' },
      },
      after: {
        answer: [
          { guard: 'isAsker', target: 'missing', actions: 'rememberUnanswered' },
          { target: 'awaited', actions: 'rememberUnanswered' },
        ],
      },
    },
    connecting: {
      description: 'The two are paired and are connecting.',
      entry: 'announceState',
      on: { CONNECTED: { target: 'connected' } },
      after: { connecting: { target: 'slow', actions: 'rememberSlow' } },
    },
    slow: {
      description: 'The two are paired but still not connected; this is reported, and the pairing goes on.',
      entry: 'announceState',
      on: { CONNECTED: { target: 'connected' } },
    },
    connected: {
      description: 'Both members reported that they are connected.',
      entry: ['forgetAttempts', 'announceState'],
      on: { DISCONNECTED: { target: 'connecting' } },
    },
    missing: {
      description: 'The two are not paired, for a known reason; this node will try again.',
      entry: 'announceState',
      on: { CONNECTED: { target: 'connected' } },
      after: { backoff: { target: 'pairing' } },
    },
    awaited: {
      description: 'The two are not paired, for a known reason; the other node will try again.',
      entry: 'announceState',
      on: { CONNECTED: { target: 'connected' } },
    },
    dropped: {
      description: 'The room no longer wants this edge.',
      type: 'final',
      entry: 'releasePairing',
    },
  },
});
