/** Peers tell how their connections come up, and a record holds it: kinds, states and counts, never an address. */
import { expect, it } from '@jest/globals';
import { type Evidence, isEvidence } from '../../../src/protocol/index.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { sdp } from '../../support/clients/signal-fixtures.ts';
import { openFeed } from '../../support/inspect-feed.ts';
import { testPeer } from '../../support/peers/werift-peers.ts';
import { newestEpoch, startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

it('has from two real peers the selected pair, answered checks, DTLS and SCTP, and no address', async () => {
  const testServer = await startTestServer();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const [first, second] = [await testPeer(testServer.server.url), await testPeer(testServer.server.url)];
  await first.pair({ id: second.id as string });
  await Promise.all([first.opened(), second.opened()]);
  const epoch = newestEpoch(testServer);
  const told = (record: Awaited<ReturnType<typeof feed.record>>, side: string) =>
    record.lines.filter(isEvidence).filter((line) => line.side === side);
  let record = await feed.record(epoch);
  const isUp = (side: string) => told(record, side).some(({ evidence }) => evidence.sctp === 'connected');
  while (!isUp('initiator') || !isUp('responder')) record = await feed.record(epoch);
  for (const side of ['initiator', 'responder']) {
    // Beside these comes how it goes from then on.
    const evidence = told(record, side).findLast(({ evidence }) => evidence.flow === undefined)?.evidence;
    expect(evidence).toMatchObject({ dtls: 'connected', sctp: 'connected' });
    const selected = evidence?.pairs?.filter((pair) => pair.selected);
    expect(selected).toEqual([expect.objectContaining({ protocol: 'udp', state: 'succeeded' })]);
  }
  expect(JSON.stringify(record)).not.toMatch(/\d+\.\d+\.\d+\.\d+|[0-9a-f]+:[0-9a-f]+:[0-9a-f]+:/);
});

it('comes, too, of peers that were connected before anybody looked: how far they came, and how it goes', async () => {
  const testServer = await startTestServer();
  const { url, parts } = testServer.server;
  const isUp = ({ dtls, sctp, pairs }: Evidence) =>
    dtls === 'connected' && sctp === 'connected' && pairs?.some(({ selected }) => selected);
  // A peer tells nothing more by itself once it has told that it is up.
  const up = new Set<unknown>();
  const { inspector } = parts;
  const given = inspector.evidenceGiven.bind(inspector);
  inspector.evidenceGiven = (session, epoch, evidence) => {
    if (isUp(evidence)) up.add(session);
    given(session, epoch, evidence);
  };
  const [first, second] = [await testPeer(url), await testPeer(url)];
  await first.pair({ id: second.id as string });
  await Promise.all([first.opened(), second.opened()]);
  await until(() => up.size >= 2);
  const epoch = newestEpoch(testServer);
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  let record = await feed.record(epoch);
  const hasAll = (side: string) => {
    const told = record.lines.filter(isEvidence).filter((line) => line.side === side);
    return told.some(({ evidence }) => evidence.flow) && told.some(({ evidence }) => isUp(evidence));
  };
  while (!hasAll('initiator') || !hasAll('responder')) record = await feed.record(epoch);
});

it('refuses what is of no known set or too long, and keeps of the rest what it knows', async () => {
  const testServer = await startTestServer();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const [a] = await testServer.connectPair();
  const epoch = newestEpoch(testServer);
  const pair = {
    local: 'host',
    remote: 'relay',
    protocol: 'udp',
    state: 'waiting',
    pairs: 1,
    sent: 0,
    answered: 0,
  };
  a.send({ type: 'evidence', ice: 'my own words' });
  a.send({ type: 'evidence', pairs: new Array(33).fill(pair) });
  a.send({ type: 'evidence', pairs: [{ ...pair, address: '192.0.2.1' }], words: 'my own words' });
  a.send({ type: 'evidence', epoch: epoch + 1, ice: 'failed' });
  await a.settled();
  const lines = (await feed.record(epoch)).lines.filter(isEvidence);
  expect(lines).toEqual([{ t: expect.any(Number), side: 'initiator', evidence: { pairs: [pair] } }]);
});

it.each([
  ['only of a client that can', true],
  ['of nobody with --no-inspect', false],
])('is asked %s', async (_whom, inspect) => {
  const testServer = await startTestServer({ inspect });
  const a = await RawClient.connect(`${testServer.server.url}?evidence=1`);
  const b = await testServer.connect();
  a.send({ type: 'pair_request', target_id: b.id });
  expect((await a.next('paired')).evidence).toBe(inspect ? true : undefined);
  expect((await b.next('paired')).evidence).toBeUndefined();
  await a.close();
});

it('tells a page how long the steps usually take, once five pairings went well, also those that nobody watched', async () => {
  const testServer = await startTestServer();
  const connectOne = async () => {
    const [a, b] = await testServer.connectPair();
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    b.send({ type: 'answer', sdp });
    await a.next('answer');
    for (const client of [a, b]) {
      client.send({ type: 'report', state: 'connected' });
      await client.settled();
    }
    return newestEpoch(testServer);
  };
  for (let i = 0; i < 5; i += 1) await connectOne();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  feed.send({ type: 'watch', epoch: await connectOne() });
  const { usual } = await feed.next('record');
  expect(Object.keys(usual ?? {})).toEqual(
    expect.arrayContaining(['Paired', 'Offer', 'Answer', 'Connected']),
  );
});

it('tells how it goes while somebody looks at it, from two real peers', async () => {
  const testServer = await startTestServer();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const [first, second] = [await testPeer(testServer.server.url), await testPeer(testServer.server.url)];
  await first.pair({ id: second.id as string });
  await Promise.all([first.opened(), second.opened()]);
  feed.send({ type: 'watch', epoch: newestEpoch(testServer) });
  for (const side of ['initiator', 'responder'] as const) {
    const { line } = await feed.next(
      'line',
      ({ line }) => isEvidence(line) && line.side === side && line.evidence.flow !== undefined,
    );
    expect(isEvidence(line) && line.evidence).toEqual({
      flow: expect.objectContaining({ buffered: expect.any(Number), sent: expect.any(Number) }),
    });
  }
});

it.each([
  ['of a client that can', '2', true],
  ['of no other', '1', false],
])('is asked how it goes %s, once it is connected and somebody looks', async (_whom, level, isAsked) => {
  const testServer = await startTestServer();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const a = await RawClient.connect(`${testServer.server.url}?evidence=${level}`);
  const b = await testServer.connect();
  a.send({ type: 'pair_request', target_id: b.id });
  const { epoch } = await a.next('paired');
  await b.next('paired');
  feed.send({ type: 'watch', epoch });
  await feed.next('record');
  a.send({ type: 'offer', sdp });
  await b.next('offer');
  b.send({ type: 'answer', sdp });
  await a.next('answer');
  for (const client of [a, b]) {
    client.send({ type: 'report', state: 'connected' });
    await client.settled();
  }
  await a.settled();
  const told = a.inbox.filter(({ type }) => type === 'evidence');
  expect(told).toEqual(isAsked ? [{ type: 'evidence', epoch, seconds: expect.any(Number) }] : []);
  await a.close();
});
