import { describe, expect, it } from '@jest/globals';
import type { RecordStep } from '../../../src/protocol/index.ts';
import { LineStore } from '../../../src/server/inspector/line-store.ts';
import { jsonOf } from '../../../src/server/inspector/record-lines.ts';

const line: RecordStep = {
  ...{ t: 3, of: 'pairing', event: { type: 'CANDIDATE_RECEIVED', from: 'initiator' } },
  ...{ to: 'paired', taken: ['a'], effects: [] },
};

describe('the lines of a record', () => {
  it('have each its own time, though what they say is kept once', () => {
    const store = new LineStore();
    const said = { line, size: 90 };
    for (const t of [3, 4.5, 4.5]) store.add(said, t);
    expect(store.lines).toEqual([line, { ...line, t: 4.5 }, { ...line, t: 4.5 }]);
    store.add(said, 60_000.1);
    expect([store.length, store.lastTime, store.lines[3]]).toEqual([4, 60_000.1, { ...line, t: 60_000.1 }]);
  });

  it('are the same as JSON, whoever said it first', () => {
    const said = { line, size: 90 };
    for (const t of [3, 0, 60_000.1]) expect(jsonOf(said, t)).toBe(JSON.stringify({ ...line, t }));
  });
});
