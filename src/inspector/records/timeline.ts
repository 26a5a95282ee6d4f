/** The state of every machine of a record at any of its lines: time travel. */
import {
  isStep,
  type Lane,
  type PairingRecord,
  type RecordStep,
  type StateValueJson,
} from '../../protocol/index.ts';

type Side = 'initiator' | 'responder';

export interface Moment {
  /** The state of each lane that is known by then. */
  readonly states: ReadonlyMap<Lane, StateValueJson>;
  /** The clients that are at another node, and which node, if known. */
  readonly elsewhere: ReadonlyMap<Side, number | undefined>;
  /** The line itself, if it is a step. */
  readonly step: RecordStep | undefined;
}

/** @param index of a line; later lines have not happened yet */
export function momentAt({ lines }: PairingRecord, index: number): Moment {
  const states = new Map<Lane, StateValueJson>();
  const elsewhere = new Map<Side, number | undefined>();
  for (const line of lines.slice(0, index + 1)) {
    if ('of' in line) {
      const { of, node } = line;
      if (of === 'remote_initiator' || of === 'remote_responder')
        elsewhere.set(of === 'remote_initiator' ? 'initiator' : 'responder', node);
      // The client came to this node.
      else if (of === 'initiator' || of === 'responder') elsewhere.delete(of);
    }
    if (isStep(line)) states.set(line.of, line.to);
    else if ('first' in line && line.first.value !== undefined) states.set(line.of, line.first.value);
  }
  const line = lines[index];
  return { states, elsewhere, step: line && isStep(line) ? line : undefined };
}

/** The pairing's state when its record began; undefined: the record covers the pairing from its start. */
export function begunIn({ lines }: PairingRecord): StateValueJson | undefined {
  const begun = lines.find((line) => 'first' in line && line.of === 'pairing');
  return begun && 'first' in begun ? begun.first.value : undefined;
}

export function describeNode(node: number | undefined): string {
  return node === undefined ? 'at another node' : `at node ${node}`;
}

/** Whether it is the state of a client that has lost its socket, or whose node is lost: it may come back. */
export function isAway(value: StateValueJson): boolean {
  return /^(away|cutOff)$|socket\.away/.test(describeState(value));
}

/** A state value as people read it: `negotiating.offered`, or several regions separated by commas. */
export function describeState(value: StateValueJson): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([key, child]) => {
      const inner = describeState(child);
      return inner === '' ? key : inner.includes(', ') ? inner : `${key}.${inner}`;
    })
    .join(', ');
}
