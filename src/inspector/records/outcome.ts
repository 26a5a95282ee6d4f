/** A record as one row of a list: its outcome, the cause, and how long it took. */
import {
  isStep,
  type OutcomeFacts,
  type OutcomeKind,
  type PairingRecord,
  type RecordStep,
} from '../../protocol/index.ts';
import { diagnose, kindsOf } from './diagnose-pairing.ts';
import { begunIn } from './timeline.ts';

/** If the two are not connected after this time, something is wrong, even if nobody has given up yet. */
export const STUCK_AFTER_MS = 10_000;

/**
 * Whether it has begun to connect and did not work. Most pairings that end early never began, and need no diagnosis:
 * a room of many is left by one member at a time.
 */
export function hasFailed(record: PairingRecord): boolean {
  return hasBegunIn(record, record.lines.filter(isStep)) && diagnose(record)[0]?.kind === 'bad';
}

function hasBegunIn(record: PairingRecord, steps: readonly RecordStep[]): boolean {
  const isBegun = ({ of, to, event }: RecordStep) =>
    of === 'pairing' && (to === 'connected' || event.type === 'OFFER_RECEIVED');
  return steps.some(isBegun) || begunIn(record) === 'connected';
}

/** @param age_ms since it began, for a pairing that is not over */
export function outcomeOf(record: PairingRecord, age_ms: number): OutcomeFacts {
  const steps = record.lines.filter(isStep);
  const pairing = steps.filter(({ of }) => of === 'pairing');
  const connected = pairing.find(({ to }) => to === 'connected');
  const wasConnected = connected !== undefined || begunIn(record) === 'connected';
  const offer = pairing.find(({ event }) => event.type === 'OFFER_RECEIVED');
  const last = pairing.at(-1);
  const isOver = last?.to === 'disconnected';
  const findings = diagnose(record);
  const cause = findings[0];
  const kind: OutcomeKind =
    cause?.kind === 'bad' && hasBegunIn(record, pairing)
      ? 'failed'
      : wasConnected
        ? 'connected'
        : isOver
          ? 'left'
          : openKind(age_ms);
  const [a, b] = (['initiator', 'responder'] as const).map((side) => [...kindsOf(pairing, side)].join(', '));
  return {
    kind,
    cause: cause?.text ?? '',
    ...((a || b) && { candidates: `${a || 'none'} / ${b || 'none'}` }),
    ...(connected && offer && { connect_ms: Math.round(connected.t - offer.t) }),
    ...(isOver && { lasted_ms: Math.round(last.t) }),
  };
}

/** For a pairing without a record, or one that goes on: its outcome by age. */
export function openKind(age_ms: number): OutcomeKind {
  return age_ms > STUCK_AFTER_MS ? 'stuck' : 'open';
}
