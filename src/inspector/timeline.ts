/** Where every machine of a record was at any of its lines: time travel. */
import {
  isStep,
  type Lane,
  type PairingRecord,
  type RecordStep,
  type StateValueJson,
} from '../protocol/index.ts';

export interface Moment {
  /** The state of each lane that is known by then. */
  readonly states: ReadonlyMap<Lane, StateValueJson>;
  /** The line itself, when it is a step. */
  readonly step: RecordStep | undefined;
}

/** @param index of a line; what comes after it has not happened */
export function momentAt({ lines }: PairingRecord, index: number): Moment {
  const states = new Map<Lane, StateValueJson>();
  for (const line of lines.slice(0, index + 1)) {
    if (isStep(line)) states.set(line.of, line.to);
    else if ('first' in line && line.first.value !== undefined) states.set(line.of, line.first.value);
  }
  const line = lines[index];
  return { states, step: line && isStep(line) ? line : undefined };
}

/** A state value as people read it: `negotiating.offered`, or regions with a comma between. */
export function describeState(value: StateValueJson): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([key, child]) => {
      const inner = describeState(child);
      return inner === '' ? key : inner.includes(', ') ? inner : `${key}.${inner}`;
    })
    .join(', ');
}
