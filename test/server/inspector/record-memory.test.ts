/** How much memory records take of what is counted, which is their length as JSON. */
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pairingMachine } from '../../../src/machines/index.ts';
import {
  LiveRecord,
  MAX_PEER_BYTES,
  MEMORY_PER_RECORD_BYTE,
} from '../../../src/server/inspector/live-record.ts';
import { readPeerStep } from '../../../src/server/inspector/peer-steps.ts';
import { RecordIndex } from '../../../src/server/inspector/record-index.ts';
import type { RecordedSource } from '../../../src/server/inspector/record-lines.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';

const to = { open: { signaling: 'connecting', connection: 'unpaired' } };
const event = { type: 'PAIRED' };
const failing = { type: 'sendOffer', params: { failure: 'offer_timeout' } };

/** Records without anything but what a client reports. */
const source = {
  machine: 'pairing',
  host: { machine: pairingMachine },
  record: { kind: 'pairing', lane: 'pairing', headOf: () => ({ epoch: 1 }), members: [] },
} as unknown as RecordedSource;

const RECORDS = 40;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('what clients report of their own machines', () => {
  it.each([
    ['bare', { event, to }],
    ['with effects', { event, to, effects: Array(16).fill({ type: 'sendOffer' }) }],
    ['with parameters', { event, to, effects: Array(16).fill(failing) }],
    ['with verdicts', { event, to, verdicts: Array(16).fill({ guard: 'isPolite', passed: true }) }],
  ])('steps that are %s take at most 2.5 times as much memory as is counted', (_how, step) => {
    const text = JSON.stringify(step);
    const records: LiveRecord[] = [];
    const before = heapBytes();
    for (let n = 0; n < RECORDS; n += 1) {
      const record = new LiveRecord(source, { value: 'x', context: {}, isDone: false } as never, 0, 0);
      records.push(record);
      for (let told = -1; told !== record.bytes; ) {
        told = record.bytes;
        const read = readPeerStep(JSON.parse(text));
        if (!read) throw new Error(`no step: ${text}`);
        const { from: _from, ...line } = read;
        record.notePeer({ of: 'peer_initiator', ...line }, 1);
      }
    }
    const taken = heapBytes() - before;
    const counted = records.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(counted).toBeGreaterThan(0.9 * RECORDS * MAX_PEER_BYTES);
    expect(taken / counted).toBeLessThan(MEMORY_PER_RECORD_BYTE);
  });
});

it('a file of 400 MiB among the records is not read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pairlane-'));
  const [small, large] = [
    'pairing-2026-01-01T00-00-00.000Z-1.jsonl',
    'pairing-2026-01-01T00-00-00.000Z-2.jsonl',
  ];
  copyFileSync('test/fixtures/connected-pairing.jsonl', join(folder, small));
  writeFileSync(join(folder, large), '');
  truncateSync(join(folder, large), 400 * 1024 * 1024);
  const index = new RecordIndex(folder);
  const before = process.resourceUsage().maxRSS;
  await index.readAll([large, small, 'pairing-gone.jsonl']);
  const grownMiB = (process.resourceUsage().maxRSS - before) / 1024;
  rmSync(folder, { recursive: true });
  expect([...index.all]).toHaveLength(1);
  expect(grownMiB).toBeLessThan(200);
});
