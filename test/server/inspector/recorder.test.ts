import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parseRecord } from '../../../src/inspector/records/record.ts';
import { replay } from '../../../src/inspector/records/replay.ts';
import { isStep, type PairingRecord } from '../../../src/protocol/index.ts';
import {
  type LiveRecord,
  MAX_PEER_BYTES,
  MAX_RECORD_BYTES,
} from '../../../src/server/inspector/live-record.ts';
import { RecordFiles } from '../../../src/server/inspector/record-files.ts';
import { Recorder } from '../../../src/server/inspector/recorder.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import {
  candidateMessage,
  hostCandidate,
  SECRETS,
  sdp,
  srflxCandidate,
} from '../../support/clients/signal-fixtures.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pairlane-records-'));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Two clients pair by a key, negotiate, connect and part. */
async function meetAndPart({ connect }: TestServer): Promise<{ key: string; epoch: number }> {
  const [a, b] = [await connect(), await connect()];
  b.send({ type: 'create_key' });
  const { key } = await b.next('key');
  a.send({ type: 'pair_request', key });
  const { epoch } = await a.next('paired');
  await b.next('paired');
  a.send({ type: 'offer', sdp, epoch });
  await b.next('offer');
  b.send({ type: 'answer', sdp });
  a.send({ ...candidateMessage(hostCandidate), epoch });
  b.send(candidateMessage(srflxCandidate));
  a.send({ ...candidateMessage(hostCandidate), epoch: Number(epoch) + 5 });
  a.send({ type: 'report', state: 'connected' });
  b.send({ type: 'report', state: 'connected' });
  await Promise.all([a.settled(), b.settled()]);
  a.send({ type: 'unpair' });
  await Promise.all([a.settled(), b.settled()]);
  return { key: String(key), epoch: Number(epoch) };
}

const read = (folder: string): { file: string; text: string; record: PairingRecord }[] =>
  readdirSync(folder)
    .sort()
    .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
    .map(({ file, text }) => ({ file, text, record: parseRecord(text) }));

const readFirst = (folder: string) => read(folder)[0] as { text: string; record: PairingRecord };

describe('--record DIR', () => {
  it('writes one file a pairing, from the request that made it to its end', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({ record: folder });
    await meetAndPart(testServer);
    await meetAndPart(testServer);
    await testServer.server.stop();
    const records = read(folder);
    expect(records).toHaveLength(2);
    const { lines, header } = readFirst(folder).record;
    expect(header).toMatchObject({ epoch: expect.any(Number), machines: { session: expect.any(String) } });
    const steps = lines.filter(isStep).map(({ of, event }) => `${of} ${event.type}`);
    expect(steps.slice(0, 4)).toEqual([
      'initiator PAIR_REQUESTED',
      'pairing xstate.init',
      'pairing FORMED',
      'initiator PAIRED',
    ]);
    expect(steps).toContain('pairing OFFER_RECEIVED');
    expect(steps.slice(-3)).toEqual(['pairing UNPAIR_RECEIVED', 'initiator UNPAIRED', 'responder UNPAIRED']);
    expect(lines.at(-1)).toMatchObject({ end: 'over' });
  });

  it('writes no address, credential, fingerprint, key or SDP', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({ record: folder });
    const { key } = await meetAndPart(testServer);
    await testServer.server.stop();
    const { text } = readFirst(folder);
    for (const secret of [
      ...Object.values(SECRETS),
      key,
      key.replaceAll('-', ''),
      'm=application',
      '127.0.0.1',
    ])
      expect(text).not.toContain(secret);
    expect(text).toContain('"candidate":{"kind":"srflx","protocol":"udp"}');
  });

  it('writes of a candidate of another epoch which guard dropped it', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({ record: folder });
    await meetAndPart(testServer);
    await testServer.server.stop();
    const { record } = readFirst(folder);
    const ignored = record.lines.filter(isStep).filter(({ verdicts }) => verdicts);
    expect(ignored).toMatchObject([
      {
        event: { type: 'CANDIDATE_RECEIVED', epoch: readFirst(folder).record.header.epoch + 5 },
        taken: [],
        verdicts: [{ guard: 'isCurrentEpoch', passed: false }],
      },
    ]);
  });

  it('writes what the machines then replay to the same states', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({ record: folder });
    await meetAndPart(testServer);
    await testServer.server.stop();
    const { record } = readFirst(folder);
    const result = replay(record);
    expect(result).toEqual({
      steps: record.lines.filter(isStep).length,
      changedMachines: [],
      parting: undefined,
    });
    expect(result.steps).toBeGreaterThan(14);
  });

  it('keeps at most --record-files files, and removes the oldest, also those of an earlier server', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'pairing-2001-01-01T00-00-00.000Z-1.jsonl'), '{}\n');
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    const testServer = await startTestServer({ record: folder, recordFiles: 2 });
    const epochs: number[] = [];
    for (let i = 0; i < 3; i += 1) epochs.push((await meetAndPart(testServer)).epoch);
    await testServer.server.stop();
    const files = readdirSync(folder).sort();
    expect(files).toHaveLength(3);
    expect(files[0]).toBe('notes.txt');
    expect(files.slice(1).map((file) => file.replace(/.*-/, ''))).toEqual(
      epochs.slice(1).map((epoch) => `${epoch}.jsonl`),
    );
  });

  it('keeps the files of an address when another makes more than fit', async () => {
    const folder = newFolder();
    const { server } = await startTestServer({ record: folder, recordFiles: 3, trustProxy: ['127.0.0.1'] });
    const meet = async (address: string) => {
      const connect = () => RawClient.connect(server.url, { address });
      const [a, b] = [await connect(), await connect()];
      const epoch = await pairUp(a, b);
      await Promise.all([a.close(), b.close()]);
      return epoch;
    };
    const honest = await meet('192.0.2.1');
    const flood: number[] = [];
    for (let i = 0; i < 6; i += 1) flood.push(await meet('192.0.2.66'));
    const [another] = [await meet('192.0.2.2')];
    await server.stop();
    const kept = readdirSync(folder).map((file) => Number(/-(\d+)\.jsonl$/.exec(file)?.[1]));
    expect(kept.sort()).toEqual([honest, flood.at(-1), another].sort());
  });

  it('ends a record before it has 512 KiB, and says so in the last line', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({ record: folder, maxMessagesPerSecond: 0 });
    const [a, b] = await testServer.connectPair();
    for (let i = 0; i < 3_000; i += 1) a.send(candidateMessage(hostCandidate));
    await a.settled();
    await b.close();
    await testServer.server.stop();
    const { record, text } = readFirst(folder);
    expect(record.lines.at(-1)).toMatchObject({ end: 'too_long' });
    expect(text.length).toBeGreaterThan(0.95 * MAX_RECORD_BYTES);
    expect(text.length).toBeLessThan(1.05 * MAX_RECORD_BYTES);
  });

  it('keeps 128 KiB of what clients tell of themselves, in words of the chart, and all steps of its own', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({
      record: folder,
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
    });
    const [a, b] = await testServer.connectPair();
    const to = { open: { signaling: 'online', connection: 'unpaired' } };
    const words = 'my own words '.repeat(15);
    const fields = {
      reason: words,
      code: words,
      peerId: words,
      id: words,
      from: words,
      gameId: words,
      random: words,
    };
    const effects = new Array(200).fill({ type: 'announceFailure', params: { failure: 'my_own_words' } });
    const step = { event: { type: 'WELCOMED', ...fields }, from: to, to, effects };
    for (let i = 0; i < 400; i += 1) a.send({ type: 'inspect', step });
    a.send({ type: 'offer', sdp: 'v=0' });
    await b.next('offer');
    await testServer.server.stop();
    const { record, text } = readFirst(folder);
    expect(text).not.toContain('own');
    const told = record.lines.filter((line) => 'of' in line && line.of.startsWith('peer_'));
    const bytes = told.reduce((sum, line) => sum + JSON.stringify(line).length, 0);
    expect(bytes).toBeGreaterThan(0.9 * MAX_PEER_BYTES);
    expect(bytes).toBeLessThanOrEqual(MAX_PEER_BYTES);
    expect(record.lines.filter(isStep).map(({ event }) => event.type)).toContain('OFFER_RECEIVED');
  });

  it('lets the longest record give way when all together have more bytes than they may', async () => {
    const testServer = await startTestServer();
    const { clock, server } = testServer;
    const logs: LiveRecord[] = [];
    const recorder = new Recorder({
      clock,
      sources: server.parts.inspector.sources,
      maxLiveBytes: 16_384,
    });
    recorder.follow({ started: (log) => logs.push(log) });
    const [a] = await testServer.connectPair();
    const [c, d] = await testServer.connectPair();
    for (let i = 0; i < 60; i += 1) a.send(candidateMessage(hostCandidate));
    await a.settled();
    c.send({ type: 'offer', sdp: 'v=0' });
    await d.next('offer');
    const [long, short] = logs as [LiveRecord, LiveRecord];
    expect(long.lines.at(-1)).toMatchObject({ end: 'too_long' });
    expect(long.bytes).toBeLessThan(16_384);
    expect(short.isOver).toBe(false);
    expect(short.lines.filter(isStep).map(({ event }) => event.type)).toContain('OFFER_RECEIVED');
    recorder.endAll();
  });

  it('ends the longest of the address that has most, when all together have too many bytes', async () => {
    const { server, clock } = await startTestServer({ trustProxy: ['127.0.0.1'] });
    const logs: LiveRecord[] = [];
    const recorder = new Recorder({ clock, sources: server.parts.inspector.sources, maxLiveBytes: 16_384 });
    recorder.follow({ started: (log) => logs.push(log) });
    const pairAs = async (address: string) => {
      const connect = () => RawClient.connect(server.url, { address });
      const pair = [await connect(), await connect()] as const;
      await pairUp(...pair);
      return pair;
    };
    const talk = async (client: RawClient, messages: number) => {
      for (let i = 0; i < messages; i += 1) client.send(candidateMessage(hostCandidate));
      await client.settled();
    };
    const [honest] = await pairAs('192.0.2.1');
    await talk(honest, 15);
    for (let i = 0; i < 5; i += 1) await talk((await pairAs('192.0.2.66'))[0], 8);
    const isOver = logs.map((log) => [log.address, log.isOver]);
    expect(isOver[0]).toEqual(['192.0.2.1', false]);
    expect(isOver.slice(1).some(([, over]) => over)).toBe(true);
    recorder.endAll();
  });

  it('ends the records of pairings that are under way when the server stops', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({ record: folder });
    await testServer.connectPair();
    await testServer.server.stop();
    const { record } = readFirst(folder);
    expect(record.lines.at(-1)).toMatchObject({ end: 'over' });
    expect(record.lines.filter(isStep).map(({ event }) => event.type)).toContain('CLOSED_BY_SERVER');
  });

  it('keeps no more for a disk that takes nothing than it says, and says so once', async () => {
    const folder = newFolder();
    const testServer = await startTestServer();
    const { clock, server, log } = testServer;
    const recorder = new Recorder({ clock, sources: server.parts.inspector.sources });
    const maxWaiting = 100; // Less than a record's first line.
    const files = new RecordFiles(folder, 1000, recorder, server.parts.log, maxWaiting);
    await meetAndPart(testServer);
    await meetAndPart(testServer);
    await files.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(log.filter(({ msg }) => msg.includes('recording stops'))).toHaveLength(1);
  });

  it('goes on serving when the folder can no longer be written, and says so once', async () => {
    const folder = newFolder();
    const testServer = await startTestServer({ record: folder });
    rmSync(folder, { recursive: true });
    await meetAndPart(testServer);
    await meetAndPart(testServer);
    await testServer.server.stop();
    expect(testServer.log.filter(({ msg }) => msg.includes('recording stops'))).toHaveLength(1);
  });
});
