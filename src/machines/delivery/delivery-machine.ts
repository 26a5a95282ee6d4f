/**
 * Delivers events to a webhook: one batch at a time, in order, each sent again until it is accepted. The host limits
 * how many may wait meanwhile. When the server stops, what is left gets a short time to be sent.
 */
import { assign, setup } from 'xstate';
import { fullJitter } from '../backoff.ts';
import { effect, eventOf } from '../host/effect.ts';

export interface DeliveryContext {
  /** How many attempts have failed since the last success, up to the number that still matters. */
  readonly attempts: number;
  /** How long to wait before the next attempt, in milliseconds. */
  readonly backoffMs: number;
}

export type DeliveryEventFromServer =
  | { type: 'QUEUED' }
  /** The server stops. */
  | { type: 'STOPPED' };

export type DeliveryEventFromWebhook =
  /** @property hasMore whether more events wait */
  | { type: 'DELIVERED'; hasMore: boolean }
  /** @property random from 0 to 1 */
  | { type: 'FAILED'; random: number };

export type DeliveryEvent = DeliveryEventFromServer | DeliveryEventFromWebhook;

const effects = {
  /** Sends the first events that wait; a batch that failed is sent again unchanged. */
  sendBatch: effect(),
  /** The request then fails, which is reported as `FAILED`. */
  abortRequest: effect(),
  announceFailure: effect(),
  announceRecovery: effect(),
  /** Counts the remaining events as lost. */
  countRest: effect(),
};
export type DeliveryEffects = typeof effects;

const ANSWER_MS = 10_000;
const BACKOFF = { baseMs: 1_000, capMs: 60_000 };
/** From this number of attempts on, the backoff no longer grows. */
const MAX_ATTEMPTS = 6;
/** For the remaining events when the server stops. */
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
      description: 'No event waits.',
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
      description: 'The webhook did not accept the batch; it is sent again after a delay.',
      on: { STOPPED: { target: 'closing', actions: 'sendBatch' } },
      after: { backoff: { target: 'sending' } },
    },
    closing: {
      description: 'The server stops; the remaining events get a short time to be sent.',
      on: {
        DELIVERED: [{ guard: 'hasMore', actions: 'sendBatch' }, { target: 'ended' }],
        FAILED: { target: 'ended' },
      },
      after: { closing: { target: 'ended', actions: 'abortRequest' } },
    },
    ended: {
      description: 'No more events are sent.',
      type: 'final',
      entry: 'countRest',
    },
  },
});
