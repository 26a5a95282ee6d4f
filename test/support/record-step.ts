/** Steps for records that tests create. */
import type { RecordStep } from '../../src/protocol/index.ts';

type Fields = Partial<RecordStep> & { fields?: Record<string, string | number | boolean> };

/** @param fields of its event */
export function recordStep(type: string, to: RecordStep['to'], { fields, ...rest }: Fields = {}): RecordStep {
  return {
    t: 1,
    of: 'pairing',
    event: { type, ...fields },
    to,
    taken: ['x'],
    effects: [{ type: 'relayToPeer' }],
    ...rest,
  };
}
