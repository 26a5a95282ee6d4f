import { describe, expect, it } from '@jest/globals';
import { OWN_EPOCH } from '../../../src/common/redact.ts';
import type { RecordStep } from '../../../src/protocol/index.ts';
import { LineStore } from '../../../src/server/inspector/line-store.ts';
import { jsonOf } from '../../../src/server/inspector/record-lines.ts';

const line: RecordStep = {
  ...{ t: 3, of: 'pairing', event: { type: 'CANDIDATE_RECEIVED', from: 'initiator' } },
  ...{ to: 'paired', taken: ['a'], effects: [] },
};

const own: RecordStep = { ...line, event: { ...line.event, epoch: OWN_EPOCH } };

describe('the lines of a record', () => {
  it('have each its own time, though what they say is kept once', () => {
    const store = new LineStore(7);
    const said = { line, size: 90 };
    for (const t of [3, 4.5, 4.5]) store.add(said, t);
    expect(store.lines).toEqual([line, { ...line, t: 4.5 }, { ...line, t: 4.5 }]);
    store.add(said, 60_000.1);
    expect([store.length, store.lastTime, store.lines[3]]).toEqual([4, 60_000.1, { ...line, t: 60_000.1 }]);
  });

  it('are the same as JSON, whoever said it first', () => {
    const said = { line, size: 90 };
    for (const t of [3, 0, 60_000.1]) expect(jsonOf(said, t, 7)).toBe(JSON.stringify({ ...line, t }));
  });

  it('have the epoch of the record that they are in, where a line of another record has its own', () => {
    const said = { line: own, size: 90, hasOwnEpoch: true };
    const expected = (epoch: number) => ({ ...line, event: { ...line.event, epoch } });
    for (const epoch of [7, 1_803_886_264_321_024]) {
      const store = new LineStore(epoch);
      store.add(said, 3);
      expect(store.lines).toEqual([expected(epoch)]);
      expect(jsonOf(said, 3, epoch)).toBe(JSON.stringify(expected(epoch)));
    }
  });

  it('have the epoch that a client reported, even if it is one that no pairing has', () => {
    const store = new LineStore(7);
    store.add({ line: own, size: 90 }, 3);
    expect(store.lines).toEqual([own]);
    expect(jsonOf({ line: own, size: 90 }, 3, 7)).toBe(JSON.stringify(own));
  });
});
