/** Failed pairings are what people come for: they outlast those that went well. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { isStep } from '../../../src/protocol/index.ts';
import { LiveRecord } from '../../../src/server/inspector/live-record.ts';
import { RecordIndex } from '../../../src/server/inspector/record-index.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { sdp } from '../../support/clients/signal-fixtures.ts';
import { openFeed } from '../../support/inspect-feed.ts';
import { newestEpoch, pairUp, startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

it('keeps a failed pairing when 40 newer ones are over, lists it as failed, and still shows its record', async () => {
  const testServer = await startTestServer();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const [a, b] = await testServer.connectPair();
  const failed = newestEpoch(testServer);
  a.send({ type: 'offer', sdp });
  await b.next('offer');
  await Promise.all([a.close(), b.close()]);
  for (let i = 0; i < 40; i += 1) {
    const [one, other] = await testServer.connectPair();
    await Promise.all([one.close(), other.close()]);
  }
  const { total, rows } = await feed.list({ of: 'pairing', outcome: 'failed' });
  expect(total).toBe(1);
  expect(rows[0]).toMatchObject({ epoch: failed, outcome: { kind: 'failed' } });
  expect(rows[0]?.outcome?.cause).toBe('B never sent an answer.');
  expect((await feed.record(failed)).header.epoch).toBe(failed);
  const left = await feed.list({ of: 'pairing', outcome: 'left' });
  expect(left.total).toBeLessThanOrEqual(32);
});

it('records pairings though nobody looks: one that failed is there whole when somebody comes', async () => {
  const testServer = await startTestServer();
  const [a, b] = await testServer.connectPair();
  const failed = newestEpoch(testServer);
  a.send({ type: 'offer', sdp });
  await b.next('offer');
  await Promise.all([a.close(), b.close()]);
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const { rows } = await feed.list({ of: 'pairing', outcome: 'failed' });
  expect(rows.map(({ epoch }) => epoch)).toEqual([failed]);
  const { lines } = await feed.record(failed);
  expect(lines.find(isStep)?.event.type).toBe('PAIR_REQUESTED');
  expect(lines.at(-1)).toMatchObject({ end: 'over' });
});

it('says of a pairing whose signal --chaos dropped that the server disturbs them, and of one without chaos nothing of it', async () => {
  const causeOf = async (rules: string | undefined) => {
    const testServer = await startTestServer({ chaosButtons: true, ...(rules && { chaos: rules }) });
    const [a, b] = await testServer.connectPair();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    b.send({ type: 'answer', sdp });
    await b.settled();
    await Promise.all([a.close(), b.close()]);
    const { rows } = await feed.list({ of: 'pairing' });
    return { cause: rows[0]?.outcome?.cause, ...(await feed.record(rows[0]?.epoch as number)).header };
  };
  const dropped = await causeOf('drop=answer');
  expect(dropped.disturbed).toBe('drop=answer');
  expect(dropped.cause).toMatch(
    /^The server disturbed signals on purpose \(--chaos drop=answer\).*: B never sent an answer\.$/,
  );
  const passed = await causeOf(undefined);
  expect(passed.disturbed).toBeUndefined();
  expect(passed.cause).not.toContain('on purpose');
});

it.each([
  ['nobody looks', false],
  ['somebody looks', true],
])('diagnoses a pairing once when it ends, though %s', async (_who, isLookedAt) => {
  const testServer = await startTestServer();
  if (isLookedAt) await (await openFeed(testServer.server)).next('hello');
  const read = jest.spyOn(LiveRecord.prototype, 'record', 'get');
  for (const hasOffer of [true, false]) {
    const [a, b] = await testServer.connectPair();
    if (hasOffer) {
      a.send({ type: 'offer', sdp });
      await b.next('offer');
    }
    await Promise.all([a.close(), b.close()]);
  }
  await (await testServer.connect()).settled();
  const over = read.mock.contexts.filter((log) => (log as LiveRecord).isOver);
  read.mockRestore();
  expect([over.length, new Set(over).size]).toEqual([2, 2]);
});

it('keeps one that is connected without SCTP, though nobody looks; one whose SCTP comes late is dropped', async () => {
  const testServer = await startTestServer();
  const { clock } = testServer;
  const connect = async () => {
    const [a, b] = await testServer.connectPair();
    const epoch = newestEpoch(testServer);
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    b.send({ type: 'answer', sdp });
    await a.next('answer');
    const pair = { local: 'host', remote: 'host', protocol: 'udp', state: 'succeeded' };
    const pairs = [{ ...pair, pairs: 1, sent: 3, answered: 3, selected: true }];
    const dtls = { type: 'evidence', ice: 'connected', dtls: 'connected', pairs };
    for (const side of [a, b]) {
      side.send({ ...dtls, sctp: 'connecting' });
      side.send({ type: 'report', state: 'connected' });
      await side.settled();
    }
    return { a, b, epoch, dtls };
  };
  const broken = await connect();
  const late = await connect();
  for (const side of [late.a, late.b]) {
    side.send({ ...late.dtls, sctp: 'connected' });
    await side.settled();
  }
  clock.advance(2_500);
  broken.a.send({ ...broken.dtls, sctp: 'connecting' });
  await broken.a.settled();
  await Promise.all([broken.a, broken.b, late.a, late.b].map((client) => client.close()));
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const { rows } = await feed.list({ of: 'pairing', outcome: 'failed' });
  expect(rows.map(({ epoch }) => epoch)).toEqual([broken.epoch]);
  expect(rows[0]?.outcome?.cause).toMatch(
    /^ICE and DTLS came up at A, and SCTP did not: no data channel opens/,
  );
  expect((await feed.list({ of: 'pairing' })).rows.map(({ epoch }) => epoch)).not.toContain(late.epoch);
});

it('keeps the failed pairings of an address, and one that is still to fail, while another address makes 435 fail', async () => {
  const testServer = await startTestServer({
    trustProxy: ['127.0.0.1'],
    maxMessagesPerSecond: 0,
    logLevel: 'warn',
  });
  const { server } = testServer;
  const connect = (address: string) => RawClient.connect(`${server.url}?peers=64`, { address });
  const negotiate = async () => {
    const [a, b] = [await connect('192.0.2.1'), await connect('192.0.2.1')];
    const epoch = await pairUp(a, b);
    a.send({ type: 'offer', sdp, epoch });
    await b.next('offer');
    return { epoch, end: () => Promise.all([a.close(), b.close()]) };
  };
  const [early, late] = [await negotiate(), await negotiate()];
  await early.end();
  // In a ring, each with the next five: each peer that a client has makes all of its records longer, and so fewer are kept.
  const flood = await Promise.all(Array.from({ length: 87 }, () => connect('192.0.2.66')));
  for (const [place, client] of flood.entries())
    for (let ahead = 1; ahead <= 5; ahead += 1)
      client.send({ type: 'pair_request', target_id: flood[(place + ahead) % flood.length]?.id });
  for (const client of flood) await client.settled();
  for (const client of flood)
    for (const { type, initiator, epoch } of client.inbox)
      if (type === 'paired' && initiator) client.send({ type: 'offer', sdp, epoch });
  for (const client of flood) await client.settled();
  expect(server.parts.pairings.size).toBe(1 + 435);
  await Promise.all(flood.map((client) => client.close()));
  await late.end();
  await until(() => server.parts.pairings.size === 0, 'the end of all pairings');
  const feed = await openFeed(server);
  await feed.next('hello');
  expect((await feed.list({ of: 'pairing', outcome: 'failed' })).total).toBe(200);
  for (const { epoch } of [early, late])
    expect((await feed.list({ of: 'pairing', outcome: 'failed', query: String(epoch) })).total).toBe(1);
});

it('drops the record of a pairing that goes well while nobody looks, and of one that its clients left', async () => {
  const testServer = await startTestServer();
  const [a, b] = await testServer.connectPair();
  const well = newestEpoch(testServer);
  a.send({ type: 'offer', sdp });
  await b.next('offer');
  b.send({ type: 'answer', sdp });
  await a.next('answer');
  for (const client of [a, b]) client.send({ type: 'report', state: 'connected' });
  await Promise.all([a.settled(), b.settled()]);
  const [c, d] = await testServer.connectPair();
  const left = newestEpoch(testServer);
  await Promise.all([c.close(), d.close()]);
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  // Opened again, its record begins where it is now.
  expect((await feed.record(well)).lines.filter(isStep)).toEqual([]);
  feed.send({ type: 'watch', epoch: left });
  expect(await feed.next('not_found')).toEqual({ type: 'not_found', epoch: left });
});

it('shows a pairing that begins while its file is looked for, and does not say then that there is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pairlane-records-'));
  let found = () => {};
  const read = jest.spyOn(RecordIndex.prototype, 'read').mockImplementation(
    () =>
      new Promise((resolve) => {
        found = () => resolve(undefined);
      }),
  );
  try {
    const testServer = await startTestServer({ record: folder });
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const { epochs } = testServer.server.parts.signaling.pairings;
    const [before, last] = [epochs.next(), epochs.next()];
    const epoch = last + (last - before);
    feed.send({ type: 'watch', epoch });
    await until(() => read.mock.calls.length === 1);
    const [a, b] = await testServer.connectPair();
    expect(newestEpoch(testServer)).toBe(epoch);
    found();
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    await feed.list({ of: 'session' });
    const told = feed.inbox.map(({ type }) => type).filter((type) => /record|not_found|line/.test(type));
    expect(told).toEqual(['record', ...told.slice(1).map(() => 'line')]);
    await testServer.server.stop();
  } finally {
    read.mockRestore();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('writes a pairing into its file to its end, though 40 newer ones connect while somebody looks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pairlane-records-'));
  try {
    const testServer = await startTestServer({ record: folder });
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const connect = async () => {
      const [a, b] = await testServer.connectPair();
      a.send({ type: 'offer', sdp });
      await b.next('offer');
      b.send({ type: 'answer', sdp });
      await a.next('answer');
      for (const client of [a, b]) client.send({ type: 'report', state: 'connected' });
      await Promise.all([a.settled(), b.settled()]);
      return [a, b] as const;
    };
    const [first] = await connect();
    const epoch = newestEpoch(testServer);
    for (let i = 0; i < 40; i += 1) await connect();
    first.send({ type: 'unpair' });
    await first.settled();
    await testServer.server.stop();
    const file = readdirSync(folder).find((name) => name.endsWith(`-${epoch}.jsonl`)) as string;
    expect(readFileSync(join(folder, file), 'utf8')).toContain('UNPAIR_RECEIVED');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('calls a pairing stuck that is not connected after ten seconds', async () => {
  const testServer = await startTestServer();
  await testServer.connectPair();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  expect((await feed.list({ of: 'pairing', outcome: 'open' })).total).toBe(1);
  testServer.clock.advance(10_001);
  expect((await feed.list({ of: 'pairing', outcome: 'stuck' })).total).toBe(1);
  expect((await feed.list({ of: 'pairing', outcome: 'open' })).total).toBe(0);
});

it('lists, searches and opens the records of --record DIR, also those of an earlier server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pairlane-records-'));
  try {
    const earlier = await startTestServer({ record: folder });
    const [a, b] = await earlier.connectPair();
    const epoch = newestEpoch(earlier);
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    await Promise.all([a.close(), b.close()]);
    await earlier.server.stop();
    writeFileSync(join(folder, 'pairing-2001-01-01T00-00-00.000Z-1.jsonl'), 'no record\n');

    const later = await startTestServer({ record: folder });
    const feed = await openFeed(later.server);
    await feed.next('hello');
    let listed = await feed.list({ of: 'pairing', query: String(epoch) });
    while (listed.total === 0) listed = await feed.list({ of: 'pairing', query: String(epoch) });
    expect(listed.rows).toMatchObject([
      { id: a.id, peer_id: b.id, epoch, state: 'disconnected', outcome: { kind: 'failed' } },
    ]);
    expect((await feed.list({ of: 'pairing' })).total).toBe(1);
    expect((await feed.list({ of: 'pairing', outcome: 'left' })).total).toBe(0);
    expect((await feed.record(epoch)).lines.at(-1)).toMatchObject({ end: 'over' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
