/** The call by which rooms and dialects bring two clients together that did not ask for it. */
import { expect, it } from '@jest/globals';
import type { RawClient } from '../../support/clients/raw-client.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const sessionOf = ({ server }: TestServer, { id }: RawClient) => {
  const session = server.parts.sessions.get(id);
  if (!session) throw new Error(`no session ${id}`);
  return session;
};

it('tells both clients, and the first makes the offer', async () => {
  const test = await startTestServer();
  const [a, b] = [await test.connect(), await test.connect()];
  const obstacle = test.server.parts.signaling.pair(sessionOf(test, a), sessionOf(test, b));
  expect(obstacle).toBeUndefined();
  expect(await a.next('paired')).toMatchObject({ peer_id: b.id, initiator: true });
  expect(await b.next('paired')).toMatchObject({ peer_id: a.id, initiator: false });
});

it('is open to a client for which exactly as much waits as may, and not to one for which more does', async () => {
  const test = await startTestServer();
  const [asker, target] = [await test.connect(), await test.connect()];
  const { client } = sessionOf(test, target);
  client.hasRoomFor = () => false;
  asker.send({ type: 'pair_request', target_id: target.id });
  expect(await asker.next('error')).toMatchObject({ code: 'peer_slow', for: 'pair_request' });
  client.hasRoomFor = (bytes) => bytes === 0;
  await pairUp(asker, target);
});

it('pairs nobody twice with the same client, nor with itself, nor a client that has as many peers as it may', async () => {
  const test = await startTestServer();
  const [a, b] = await test.connectPair();
  const c = await test.connect();
  const pair = (one: RawClient, other: RawClient) =>
    test.server.parts.signaling.pair(sessionOf(test, one), sessionOf(test, other));
  expect([pair(a, b), pair(b, a), pair(c, c), pair(c, a), pair(b, c)]).toEqual([
    'already_paired',
    'already_paired',
    'already_paired',
    'no_free_seat',
    'no_free_seat',
  ]);
  for (const client of [a, b, c]) {
    await client.settled();
    expect(client.inbox).toEqual([]);
  }
});
