/**
 * Events on their way to a webhook: a batch at a time, in their order, each sent again until it is taken. How much waits
 * meanwhile, whoever hosts it bounds. At the end what is left has a moment to get there.
 */
import { assign, setup } from 'xstate';
import { fullJitter } from '../backoff.ts';
import { effect, eventOf } from '../host/hosted.ts';

export interface DeliveryContext {
  /** How often it failed since it last went well; no further than it matters. */
  readonly attempts: number;
  /** Milliseconds until it is tried again. */
  readonly backoffMs: number;
}

export type DeliveryEventFromServer =
  | { type: 'QUEUED' }
  /** The server ends. */
  | { type: 'STOPPED' };

export type DeliveryEventFromWebhook =
  /** @property hasMore whether others wait */
  | { type: 'DELIVERED'; hasMore: boolean }
  /** @property random from 0 to 1 */
  | { type: 'FAILED'; random: number };

export type DeliveryEvent = DeliveryEventFromServer | DeliveryEventFromWebhook;

const effects = {
  /** The first of those that wait; the same ones, where they were sent before. */
  sendBatch: effect(),
  /** It has failed, and that comes as `FAILED`. */
  abortRequest: effect(),
  announceFailure: effect(),
  announceRecovery: effect(),
  /** What is still there is lost. */
  countRest: effect(),
};
export type DeliveryEffects = typeof effects;

const ANSWER_MS = 10_000;
const BACKOFF = { baseMs: 1_000, capMs: 60_000 };
/** From here on the backoff grows no longer. */
const MAX_ATTEMPTS = 6;
/** For what is left when the server ends. */
const CLOSING_MS = 2_000;

export const deliveryMachine = setup({
  types: { context: {} as DeliveryContext, events: {} as DeliveryEvent },
  actions: {
    ...effects,
    countAttempt: assign(({ context, event }) => ({
      attempts: Math.min(context.attempts + 1, MAX_ATTEMPTS),
      backoffMs: BACKOFF.baseMs + fullJitter(BACKOFF, context.attempts, eventOf(event, 'FAILED').random),
    })),
    forgetAttempts: assign({ attempts: 0, backoffMs: 0 }),
  },
  guards: {
    hasMore: ({ event }) => event.type === 'DELIVERED' && event.hasMore,
  },
  delays: {
    answer: ANSWER_MS,
    closing: CLOSING_MS,
    backoff: ({ context }) => context.backoffMs,
  },
}).createMachine({
  id: 'delivery',
  description: 'Events on their way to a webhook.',
  context: { attempts: 0, backoffMs: 0 },
  initial: 'idle',
  states: {
    idle: {
      description: 'Nothing waits.',
      on: {
        QUEUED: { target: 'sending' },
        STOPPED: { target: 'ended' },
      },
    },
    sending: {
      description: 'A batch is on its way.',
      entry: 'sendBatch',
      on: {
        DELIVERED: [
          {
            guard: 'hasMore',
            target: 'sending',
            reenter: true,
            actions: ['announceRecovery', 'forgetAttempts'],
          },
          { target: 'idle', actions: ['announceRecovery', 'forgetAttempts'] },
        ],
        FAILED: { target: 'waiting', actions: ['announceFailure', 'countAttempt'] },
        STOPPED: { target: 'closing' },
      },
      after: { answer: { actions: 'abortRequest' } },
    },
    waiting: {
      description: 'It was not taken, and is sent again after a while.',
      on: { STOPPED: { target: 'closing', actions: 'sendBatch' } },
      after: { backoff: { target: 'sending' } },
    },
    closing: {
      description: 'The server ends: what is left has a moment to get there.',
      on: {
        DELIVERED: [{ guard: 'hasMore', actions: 'sendBatch' }, { target: 'ended' }],
        FAILED: { target: 'ended' },
      },
      after: { closing: { target: 'ended', actions: 'abortRequest' } },
    },
    ended: {
      description: 'Nothing more is sent.',
      type: 'final',
      entry: 'countRest',
    },
  },
});
