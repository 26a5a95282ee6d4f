/**
 * The part of this folder whose types do not need XState's, which do not pass with `exactOptionalPropertyTypes`: the
 * types that users of a client get are made of it.
 */

export {
  type Effect,
  type GuardVerdict,
  Hosted,
  type Observer,
  type StateValue,
  type Step,
  type TakenTransition,
} from './host/hosted.ts';
export { StepQueue, type TimeSource } from './host/step-queue.ts';
export { type Fire, NO_TIMER, type TimerOwner, TimerWheel } from './host/timer-wheel.ts';
export type {
  CandidateRefusal,
  NegotiationContext,
  NegotiationEvent,
  NegotiationFailure,
  NegotiationInput,
  NegotiationSettings,
} from './negotiation/negotiation-events.ts';
