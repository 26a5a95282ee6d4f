/**
 * A question who a client is and what it may do, to somebody who decides: a hook of a program, or a webhook. It fails
 * closed: no answer in time, or a wrong one, lets nobody in. An answer may say for how long it counts; whoever asks the
 * same meanwhile, or while it is pending, shares it.
 */
import { assign, setup } from 'xstate';
import { effect, eventOf } from '../host/hosted.ts';

export interface AuthorizationContext {
  /** Milliseconds that an answer may take. */
  readonly timeoutMs: number;
  /** Milliseconds that the answer counts. */
  readonly keepMs: number;
}

export type AuthorizationInput = Pick<AuthorizationContext, 'timeoutMs'>;

export type AuthorizationEvent =
  /** @property keepMs how long it counts; 0: for this time only */
  | { type: 'ANSWERED'; keepMs: number }
  /** There was no answer, or it is none. */
  | { type: 'FAILED' }
  /** There are others to keep, and it is the oldest. */
  | { type: 'EVICTED' };

const effects = {
  ask: effect(),
  /** Tells whoever waits. */
  deliverVerdict: effect(),
  abortRequest: effect(),
  /** Whoever waits is told that nobody can say who it is. */
  denyAll: effect(),
  forgetVerdict: effect(),
};
export type AuthorizationEffects = typeof effects;

export const authorizationMachine = setup({
  types: {
    context: {} as AuthorizationContext,
    events: {} as AuthorizationEvent,
    input: {} as AuthorizationInput,
  },
  actions: {
    ...effects,
    rememberKeep: assign({ keepMs: ({ event }) => eventOf(event, 'ANSWERED').keepMs }),
  },
  guards: {
    isKept: ({ event }) => event.type === 'ANSWERED' && event.keepMs > 0,
  },
  delays: {
    answer: ({ context }) => context.timeoutMs,
    keep: ({ context }) => context.keepMs,
  },
}).createMachine({
  id: 'authorization',
  description: 'Who a client is and what it may do, asked of somebody who decides.',
  context: ({ input: { timeoutMs } }) => ({ timeoutMs, keepMs: 0 }),
  initial: 'pending',
  states: {
    pending: {
      description: 'It was asked, and whoever wants to know waits.',
      entry: 'ask',
      on: {
        ANSWERED: [
          { guard: 'isKept', target: 'kept', actions: ['rememberKeep', 'deliverVerdict'] },
          { target: 'answered', actions: 'deliverVerdict' },
        ],
        FAILED: { target: 'failed' },
      },
      after: { answer: { target: 'failed', actions: 'abortRequest' } },
    },
    kept: {
      description: 'The answer counts for whoever asks the same.',
      on: { EVICTED: { target: 'answered' } },
      after: { keep: { target: 'answered' } },
    },
    answered: {
      description: 'Everybody who waited has the answer, and it counts no longer.',
      type: 'final',
      entry: 'forgetVerdict',
    },
    failed: {
      description: 'There was no answer, too late a one, or a wrong one: nobody comes in.',
      type: 'final',
      entry: ['denyAll', 'forgetVerdict'],
    },
  },
});
