/**
 * What clients tell of their own machines. They may tell anything: only what the negotiation machine's chart knows
 * is kept, so that nobody gets text of his own into a record or onto the page.
 */
import type { StateValue } from 'xstate';
import { redactEvent } from '../../common/redact.ts';
import { activeStateIds } from '../../machines/chart/active-state-ids.ts';
import { statesOf } from '../../machines/chart/chart.ts';
import { chartOf, negotiationMachine } from '../../machines/index.ts';
import { isRecord, type RecordStep, type StateValueJson } from '../../protocol/index.ts';

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

const MAX_STATE_DEPTH = 8;
const MAX_PER_STEP = 32;

export interface PeerStep extends Omit<RecordStep, 't' | 'of'> {
  readonly from: StateValueJson | undefined;
}

/** @returns undefined for what is no step of the negotiation machine */
export function readPeerStep(step: object): PeerStep | undefined {
  const { event, from, to, taken, effects, verdicts } = step as Record<string, unknown>;
  if (!isState(to) || !isRecord(event) || !isEventType(event.type)) return undefined;
  return {
    event: redactEvent(event as { type: string }),
    from: isState(from) ? from : undefined,
    to,
    taken: list(taken).filter((name): name is string => transitionNames.has(name as string)),
    effects: list(effects).flatMap((effect) => {
      if (!isRecord(effect) || !effectTypes.has(effect.type as string)) return [];
      const failure = isRecord(effect.params) ? effect.params.failure : undefined;
      const isNamed = typeof failure === 'string' && /^[a-z_]{1,40}$/.test(failure);
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
