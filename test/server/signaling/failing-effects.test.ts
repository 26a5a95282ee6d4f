/**
 * One failing effect ends what it belongs to, and nothing else. Something is made to throw in a server that runs, for
 * no message that a client can send is known to.
 */
import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../support/clients/raw-client.ts';
import { pairAcross } from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

/** The one who sends it is told, both are told of the end, both keep their sessions, and can pair anew. */
async function expectOnlyThePairingEnds(sender: RawClient, receiver: RawClient): Promise<void> {
  sender.send({ type: 'candidate', candidate: null });
  expect(await sender.next('error')).toMatchObject({ code: 'internal_error', for: 'candidate' });
  const ended = { type: 'peer_disconnected', reason: 'failed' };
  expect(await sender.next('peer_disconnected')).toMatchObject({ ...ended, peer_id: receiver.id });
  expect(await receiver.next('peer_disconnected')).toMatchObject({ peer_id: sender.id });
  await Promise.all([sender.settled(), receiver.settled()]);
  expect([sender.closed, receiver.closed]).toEqual([undefined, undefined]);
  await pairUp(receiver, sender);
}

function clientOf({ server }: TestServer, { id }: RawClient) {
  const client = server.parts.sessions.get(id)?.client;
  if (!client) throw new Error('it has no session');
  return client;
}

const fault = () => {
  throw new RangeError('made to fail');
};

describe('an effect that throws', () => {
  it('while it relays a message ends the pairing, answers the sender, and no session', async () => {
    const test = await startTestServer();
    const bystanders = await test.connectPair();
    const [sender, receiver] = await test.connectPair();
    clientOf(test, receiver).relay = fault;
    await expectOnlyThePairingEnds(sender, receiver);
    expect(test.server.parts.pairings.size).toBe(2);
    bystanders[0].send({ type: 'candidate', candidate: null });
    await bystanders[1].next('candidate');
    expect(test.log.find(({ effect }) => effect === 'relayToPeer')).toMatchObject({ level: 50 });
  });

  it('ends no session when its peer is on another node, and the other node knows', async () => {
    const { one, two, a, b } = await pairAcross();
    for (const pairing of one.server.parts.pairings) pairing.responder.deliver = fault;
    await expectOnlyThePairingEnds(a, b);
    expect([one, two].map(({ server }) => server.parts.pairings.size)).toEqual([1, 1]);
  });

  it('ends no session when it throws where the message arrives on the other node', async () => {
    const { one, two, a, b } = await pairAcross();
    clientOf(two, b).relay = fault;
    await expectOnlyThePairingEnds(a, b);
    expect([one, two].map(({ server }) => server.parts.pairings.size)).toEqual([1, 1]);
  });

  it('while a client hears that its peer on another node is away ends the pairing, and no session', async () => {
    const { one, two, a, b } = await pairAcross();
    const client = clientOf(one, a);
    const { notify } = client;
    client.notify = () => {
      client.notify = notify;
      fault();
    };
    b.socket.terminate();
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'failed' });
    const back = await b.comeBack(two.server.url);
    expect(await back.next('peer_disconnected')).toMatchObject({ peer_id: a.id });
    expect(one.log.filter(({ level }) => level === 50)).toMatchObject([
      { event: 'pairing_failed', effect: 'announceAway' },
    ]);
    await pairUp(back, a);
  });

  it('while the pairing ends leaves both unpaired', async () => {
    const test = await startTestServer();
    const [a, b] = await test.connectPair();
    const { notify } = clientOf(test, b);
    clientOf(test, b).notify = fault;
    a.send({ type: 'unpair' });
    expect(await a.next('error')).toMatchObject({ code: 'internal_error', for: 'unpair' });
    await a.settled();
    clientOf(test, b).notify = notify;
    await b.settled();
    expect(test.server.parts.pairings.size).toBe(0);
    await pairUp(b, a);
  });

  it('when an ack is passed on ends the session of the one who is to have it; the one who acked keeps its own', async () => {
    const test = await startTestServer();
    const [sender, receiver] = [await test.connectResumable(), await test.connectResumable()];
    await pairUp(sender, receiver);
    clientOf(test, sender).acked = fault;
    sender.send({ type: 'candidate', candidate: null });
    await receiver.next('candidate');
    // Its number acks what it has.
    receiver.send({ type: 'create_key' });
    expect(await sender.whenClosed()).toMatchObject({ code: 1011 });
    expect(await receiver.next('peer_disconnected')).toMatchObject({ peer_id: sender.id });
    await receiver.next('key');
    expect(test.log.filter(({ level }) => level === 50).map(({ event }) => event)).toEqual([
      'session_failed',
    ]);
  });
});
