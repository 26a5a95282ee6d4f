/**
 * Validates what clients report about their own machines. They may send anything: only names that occur in the
 * negotiation machine's chart are kept, so that no client gets its own text into a record or onto the page.
 */
import type { StateValue } from 'xstate';
import { activeStateIds } from '../../machines/chart/active-state-ids.ts';
import { statesOf } from '../../machines/chart/chart.ts';
import { chartOf, negotiationMachine } from '../../machines/index.ts';
import type { CandidateRefusal, NegotiationFailure } from '../../machines/negotiation/negotiation-events.ts';
import { type EventFacts, isRecord, type RecordStep, type StateValueJson } from '../../protocol/index.ts';

const states = statesOf(chartOf(negotiationMachine).root);
const transitions = states.flatMap((state) => state.transitions);
const stateIds = new Set(states.map(({ id }) => id));
const transitionNames = new Set(transitions.map(({ name }) => name));
const eventTypes = new Set(['xstate.init', ...transitions.map(({ trigger }) => trigger.name)]);
const guardNames = new Set(transitions.flatMap(({ guard }) => (guard ? [guard.name] : [])));
const effectTypes = new Set(
  [
    ...states.flatMap(({ entry, exit }) => [...entry, ...exit]),
    ...transitions.flatMap(({ actions }) => actions),
  ].map(({ name }) => name),
);

type Scalar = EventFacts[string];

const failures: Readonly<Record<NegotiationFailure, true>> = {
  signaling_failed: true,
  signaling_timeout: true,
  signaling_lost: true,
  offer_timeout: true,
  answer_timeout: true,
  own_answer_timeout: true,
  connection_failed: true,
  connection_timeout: true,
  description_refused: true,
};
const refusals: Readonly<Record<CandidateRefusal, true>> = {
  too_many: true,
  not_udp: true,
  name_not_found: true,
  invalid: true,
};

const isBoolean = (value: unknown): value is Scalar => typeof value === 'boolean';
const isNumber = (value: unknown): value is Scalar => Number.isFinite(value);
const isOneOf =
  (known: object) =>
  (value: unknown): value is Scalar =>
    typeof value === 'string' && Object.hasOwn(known, value);

/** The fields of the machine's events and checks for their values; ids are in the record's header. */
const eventFields: { readonly [field: string]: (value: unknown) => value is Scalar } = {
  hasUnsent: isBoolean,
  isResumed: isBoolean,
  isInitiator: isBoolean,
  isPolite: isBoolean,
  mayReturn: isBoolean,
  random: isNumber,
  afterMs: isNumber,
  epoch: isNumber,
  reason: isOneOf(refusals),
};

const MAX_STATE_DEPTH = 8;
/** More than any step of the machine has. */
const MAX_PER_STEP = 16;

export interface PeerStep extends Omit<RecordStep, 't' | 'of'> {
  readonly from: StateValueJson | undefined;
}

/** @returns undefined if it is not a step of the negotiation machine */
export function readPeerStep(step: object): PeerStep | undefined {
  const { event, from, to, taken, effects, verdicts } = step as Record<string, unknown>;
  if (!isState(to) || !isRecord(event) || !isEventType(event.type)) return undefined;
  return {
    event: eventFacts(event),
    from: isState(from) ? from : undefined,
    to,
    taken: list(taken).filter((name): name is string => transitionNames.has(name as string)),
    effects: list(effects).flatMap((effect) => {
      if (!isRecord(effect) || !effectTypes.has(effect.type as string)) return [];
      const failure = isRecord(effect.params) ? effect.params.failure : undefined;
      const isNamed = isOneOf(failures)(failure);
      return [{ type: String(effect.type), ...(isNamed && { params: { failure } }) }];
    }),
    ...(list(verdicts).length > 0 && {
      verdicts: list(verdicts).flatMap((verdict) =>
        isRecord(verdict) && guardNames.has(verdict.guard as string)
          ? [{ guard: String(verdict.guard), passed: verdict.passed === true }]
          : [],
      ),
    }),
  };
}

function eventFacts(event: Record<string, unknown>): EventFacts {
  const kept = Object.entries(eventFields).flatMap(([field, fits]) => {
    const value = event[field];
    return fits(value) ? [[field, value] as const] : [];
  });
  return { type: String(event.type), ...Object.fromEntries(kept) };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_PER_STEP) : [];
}

function isEventType(type: unknown): boolean {
  if (typeof type !== 'string') return false;
  const delay = /^xstate\.after\.(\w+)\.([\w.]+)$/.exec(type);
  return delay
    ? eventTypes.has(delay[1] as string) && stateIds.has(delay[2] as string)
    : eventTypes.has(type);
}

function isState(value: unknown): value is StateValueJson {
  if (!isValue(value, 0)) return false;
  return activeStateIds(negotiationMachine.id, value as StateValue).every((id) => stateIds.has(id));
}

function isValue(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return true;
  if (!isRecord(value) || depth > MAX_STATE_DEPTH) return false;
  const children = Object.values(value);
  return (
    children.length > 0 &&
    children.length <= MAX_PER_STEP &&
    children.every((child) => isValue(child, depth + 1))
  );
}
