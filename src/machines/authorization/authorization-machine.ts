/**
 * A request to a hook or a webhook that decides who a client is and what it may do. It fails closed: with no answer in
 * time, or an invalid one, no client is let in. An answer may say how long it applies; identical requests made
 * meanwhile, or while it is pending, share it.
 */
import { assign, setup } from 'xstate';
import { effect, eventOf } from '../host/effect.ts';

export interface AuthorizationContext {
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How long the answer applies, in milliseconds. */
  readonly keepMs: number;
}

export type AuthorizationInput = Pick<AuthorizationContext, 'timeoutMs'>;

export type AuthorizationEvent =
  /** @property keepMs how long the answer applies; 0: to this request only */
  | { type: 'ANSWERED'; keepMs: number }
  /** There was no answer, or an invalid one. */
  | { type: 'FAILED' }
  /** Others have to be kept, and this answer is the oldest. */
  | { type: 'EVICTED' };

const effects = {
  ask: effect(),
  /** Gives the verdict to all clients that wait. */
  deliverVerdict: effect(),
  abortRequest: effect(),
  /** Tells all clients that wait that they cannot be authenticated. */
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
  description: 'A request to a hook or webhook: who is this client, and what may it do?',
  context: ({ input: { timeoutMs } }) => ({ timeoutMs, keepMs: 0 }),
  initial: 'pending',
  states: {
    pending: {
      description: 'The request was sent; all clients that need the answer wait.',
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
      description: 'The answer also applies to identical requests.',
      on: { EVICTED: { target: 'answered' } },
      after: { keep: { target: 'answered' } },
    },
    answered: {
      description: 'The answer was delivered and no longer applies.',
      type: 'final',
      entry: 'forgetVerdict',
    },
    failed: {
      description: 'There was no answer, or it was late or invalid: no client is let in.',
      type: 'final',
      entry: ['denyAll', 'forgetVerdict'],
    },
  },
});
