/** Nobody is kept paired who does not want to be: whoever was left may not ask again by an id at once. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../support/clients/raw-client.ts';
import { twoNodes } from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer } from '../../support/servers/test-server.ts';

const ask = (asker: RawClient, target: RawClient) =>
  asker.send({ type: 'pair_request', target_id: target.id });

const REFUSED = {
  code: 'just_left',
  for: 'pair_request',
  message: 'That client has just left you; wait 10 seconds, or ask it for a key',
};

describe('a client that was left', () => {
  it.each(['unpair', 'reject'])('by %s may not ask for that client by its id for 10 s', async (type) => {
    const { connectPair, clock } = await startTestServer();
    const [a, b] = await connectPair();
    a.send({ type });
    await b.next('peer_disconnected');
    ask(b, a);
    expect(await b.next('error')).toMatchObject(REFUSED);
    clock.advance(9_999);
    ask(b, a);
    expect(await b.next('error')).toMatchObject(REFUSED);
    clock.advance(1);
    await pairUp(b, a);
  });

  it('may ask at once by a key of that client', async () => {
    const { connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    a.send({ type: 'create_key' });
    b.send({ type: 'pair_request', key: (await a.next('key')).key });
    expect(await b.next('paired')).toMatchObject({ peer_id: a.id });
  });

  it('is paired at once when the one who left asks, and may then leave and ask itself', async () => {
    const { connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    await pairUp(a, b);
    b.send({ type: 'unpair' });
    await a.next('peer_disconnected');
    await pairUp(b, a);
  });

  it('holds nobody else up, and may ask for everybody else', async () => {
    const { connect, connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    const [c, d] = [await connect(), await connect()];
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    await pairUp(b, c);
    await pairUp(d, a);
  });

  it('by a client of another node waits, too', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    await pairUp(b, a);
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    ask(b, a);
    expect(await b.next('error')).toMatchObject(REFUSED);
    await pairUp(a, b);
  });
});

it('300 peers that a client left within 10 s cost it what 256 do', async () => {
  const { connect, server, clock } = await startTestServer({ maxMessagesPerSecond: 0 });
  const a = await connect();
  const left: RawClient[] = [];
  for (let n = 0; n < 300; n += 1) {
    const b = await connect();
    await pairUp(b, a);
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    left.push(b);
  }
  const session = server.parts.sessions.get(a.id);
  expect(left.filter(({ id }) => session?.hasJustLeft(id))).toHaveLength(256);
  clock.advance(10_000);
  expect(left.filter(({ id }) => session?.hasJustLeft(id))).toHaveLength(0);
});
