/** Failed pairings are what people come for: they outlast those that went well. */
import { expect, it } from '@jest/globals';
import { sdp } from '../../support/clients/signal-fixtures.ts';
import { openFeed } from '../../support/inspect-feed.ts';
import { newestEpoch, startTestServer } from '../../support/servers/test-server.ts';

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
