/** One record of the pieces that several workers have. */
import { describe, expect, it } from '@jest/globals';
import type { InspectMessage, Lane, RecordLine } from '../../../src/protocol/index.ts';
import { MergedRecord } from '../../../src/server/inspector/merged-record.ts';

type Found = Extract<InspectMessage, { type: 'record' }>;

function piece(started_at: number, ...lines: RecordLine[]): Found {
  const header = {
    ...{ format: 'pairlane-record', version: 1, machines: {}, epoch: 7 },
    ...{ started_at, initiator_id: 'a', responder_id: 'b' },
  } as const;
  return { type: 'record', usual: {}, record: { header: header as never, lines } };
}

const first = (of: Lane, t = 0): RecordLine => ({ t, of, first: { value: 'x' } });
const step = (of: Lane, t: number, type: string): RecordLine => ({
  ...{ t, of, event: { type }, to: 'x', taken: [], effects: [] },
});
const told = ({ record }: MergedRecord) =>
  record.record.lines.map((line) =>
    'event' in line ? `${line.t} ${line.of} ${line.event.type}` : 'end' in line ? line.end : line.t,
  );

describe('a merged record', () => {
  it('counts the time from the start of the piece that began first with the initiator', () => {
    const merged = new MergedRecord();
    merged.add(2, piece(990, first('remote_initiator'), first('responder'), step('responder', 50, 'HEARD')));
    merged.add(1, piece(1_000, first('initiator'), step('pairing', 20, 'FORMED')));
    expect(merged.record.record.header.started_at).toBe(1_000);
    expect(told(merged)).toEqual([0, 0, '20 pairing FORMED', '40 responder HEARD']);
    expect(merged.take(2, step('responder', 60, 'UNPAIRED'))).toMatchObject({ epoch: 7, line: { t: 50 } });
  });

  it('leaves out what one worker says of a client that another has, from when that one has it', () => {
    const merged = new MergedRecord();
    merged.add(1, piece(0, first('initiator'), first('remote_responder')));
    expect(merged.take(1, step('remote_responder', 1, 'AWAY'))).toMatchObject({ type: 'line' });
    merged.add(2, piece(0, first('remote_initiator')));
    expect(told(merged)).toContain('1 remote_responder AWAY');
    // More has changed than this line.
    expect(merged.take(2, first('responder', 2))).toEqual(merged.record);
    expect(told(merged)).not.toContain('1 remote_responder AWAY');
    expect(merged.take(1, step('remote_responder', 3, 'BACK'))).toBeUndefined();
  });

  it('ends when its last piece does, once, and goes on if another one begins', () => {
    const merged = new MergedRecord();
    merged.add(1, piece(0, first('initiator')));
    merged.add(2, piece(0, first('remote_initiator'), first('responder')));
    expect(merged.take(1, { t: 5, end: 'over' })).toBeUndefined();
    expect(merged.gone(1)).toBeUndefined();
    expect(merged.take(1, step('initiator', 6, 'LATE'))).toBeUndefined();
    expect(merged.gone(2)).toMatchObject({ line: { end: 'server_stopped' } });
    expect(told(merged).at(-1)).toBe('server_stopped');
    merged.add(3, piece(0, first('initiator', 9)));
    expect(told(merged)).toEqual([0, 0, 9]);
  });

  it('has no more pieces, however often a client changes between workers: the oldest that are over make room', () => {
    const merged = new MergedRecord();
    merged.add(0, piece(0, first('initiator'), step('initiator', 0, 'OPEN')));
    for (let t = 1; t <= 20; t += 1)
      merged.add(t, piece(0, first('responder', t), step('responder', t, 'HERE'), { t, end: 'over' }));
    const steps = told(merged).filter((line) => typeof line === 'string');
    expect(steps).toEqual([
      '0 initiator OPEN',
      ...[14, 15, 16, 17, 18, 19, 20].map((t) => `${t} responder HERE`),
    ]);
  });
});
