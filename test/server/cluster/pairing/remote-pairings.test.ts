/** Clients of two real servers that pair with each other, over real WebSockets. */
import { describe, expect, it } from '@jest/globals';
import type { RemoteSession } from '../../../../src/server/cluster/pairing/remote-session.ts';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { heard, says } from '../../../support/network/cluster-assertions.ts';
import {
  ask,
  HeldPairs,
  nobodyOn,
  pairAcross,
  pairingsOn,
  plainPairAcross,
  startTestCluster,
  twoNodes,
} from '../../../support/servers/test-cluster.ts';
import { pairUp, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

describe('a client of one node and a client of another', () => {
  it('have ids that begin with the number of their node', async () => {
    const { a, b } = await plainPairAcross();
    expect([a.id.slice(0, 8), b.id.slice(0, 8)]).toEqual(['00000001', '00000002']);
  });

  it('are paired, exchange what peers exchange, and both nodes see how far they are', async () => {
    const { one, two, a, b } = await plainPairAcross();
    a.send({ type: 'offer', sdp: 'an offer', extra: { travels: 'along' } });
    expect(await b.next('offer')).toEqual({
      type: 'offer',
      sdp: 'an offer',
      extra: { travels: 'along' },
      from_peer: true,
    });
    b.send({ type: 'answer', sdp: 'an answer' });
    expect((await a.next('answer')).sdp).toBe('an answer');
    b.send({ type: 'candidate', candidate: { candidate: 'one' } });
    expect((await a.next('candidate')).candidate).toEqual({ candidate: 'one' });
    for (const client of [a, b]) client.send({ type: 'report', state: 'connected' });
    await until(() => [one, two].every((node) => pairingsOn(node)[0] === 'connected'), 'connected');
    expect([...one.server.parts.sessions.values()][0]?.context.pairings[0]?.peerId).toBe(b.id);
  });

  it('exchange an offer that is longer than all that may wait for one of them, and are a pair afterwards', async () => {
    const limits = { maxMessageBytes: 4 * 1024 * 1024, maxBytesPerSecond: 0 };
    const { one, two } = await twoNodes(undefined, limits);
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    // It acks all that it has got, and nothing else waits for it than the offer.
    b.send({ type: 'candidate', candidate: null });
    await a.next('candidate');
    const sdp = '\\'.repeat(1024 * 1024);
    a.send({ type: 'offer', sdp });
    expect((await b.next('offer')).sdp).toBe(sdp);
    b.send({ type: 'answer', sdp: 'an answer' });
    expect((await a.next('answer')).sdp).toBe('an answer');
  });

  it('are told of the end that the other makes, and are free then', async () => {
    const { one, two, a, b } = await plainPairAcross();
    b.send({ type: 'unpair' });
    expect(await a.next('peer_disconnected')).toEqual({
      type: 'peer_disconnected',
      peer_id: b.id,
      reason: 'unpaired',
    });
    expect([pairingsOn(one), pairingsOn(two)]).toEqual([[], []]);
    await pairUp(b, a);
    await a.close();
    expect(await b.next('peer_disconnected')).toMatchObject({ peer_id: a.id, reason: 'disconnected' });
  });

  it('are refused what the order of a negotiation forbids', async () => {
    const { a, b } = await plainPairAcross();
    b.send({ type: 'answer', sdp: 'to nothing' });
    expect(await b.next('error')).toMatchObject({ code: 'no_offer', for: 'answer' });
    expect(a.inbox).toEqual([]);
  });

  it('are paired while one is away, and the one who asked is told so, and when it is back', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connectResumable(), await two.connect()];
    a.socket.terminate();
    await until(() => one.server.parts.sessions.get(a.id)?.isMissed === true, 'the loss');
    b.send(ask(a.id));
    expect(await b.next('paired')).toMatchObject({ peer_id: a.id });
    expect(await b.next('peer_away')).toEqual({ type: 'peer_away', peer_id: a.id });
    const back = await a.comeBack(one.server.url);
    expect(await back.next('paired')).toMatchObject({ peer_id: b.id });
    expect(await b.next('peer_back')).toEqual({ type: 'peer_back', peer_id: a.id });
  });

  it('keep their pairing when 256 messages wait for the other node, and who sends more is told peer_slow', async () => {
    const { hub, nodes } = await startTestCluster(2, { maxMessagesPerSecond: 0 });
    const [one, two] = nodes as [TestServer, TestServer];
    const [a, b] = [await one.connectResumable(), await two.connect()];
    await pairUp(a, b);
    const held = new HeldPairs(hub, '1 2');
    for (let n = 0; n < 257; n += 1) {
      a.send({ type: 'candidate', candidate: { candidate: `${n}` } });
      if (n % 50 === 0) await a.settled();
    }
    expect(await a.next('error')).toMatchObject({ code: 'peer_slow', for: 'candidate' });
    held.release();
    for (let n = 0; n < 256; n += 1)
      expect((await b.next('candidate')).candidate).toEqual({ candidate: `${n}` });
    expect([pairingsOn(one).length, pairingsOn(two).length]).toEqual([1, 1]);
  });

  it('are both told overfull, and keep their sessions, when more than --max-waiting-bytes waits between their nodes', async () => {
    const { hub, nodes } = await startTestCluster(2, {
      ...{ maxWaitingBytes: 1024 * 1024, maxBytesPerSecond: 0 },
    });
    const [one, two] = nodes as [TestServer, TestServer];
    const pairs: [RawClient, RawClient][] = [];
    for (const _ of 'ab') pairs.push([await one.connectResumable(), await two.connectResumable()]);
    for (const pair of pairs) await pairUp(...pair);
    const [[less, other], [most, peer]] = pairs as [(typeof pairs)[0], (typeof pairs)[0]];
    const held = new HeldPairs(hub, '1 2');
    const offer = { type: 'offer', sdp: 'x'.repeat(50_000) };
    for (let n = 0; n < 8; n += 1) less.send(offer);
    for (let n = 0; n < 14; n += 1) most.send(offer);
    const ended = { type: 'peer_disconnected', reason: 'overfull' };
    expect(await most.next('peer_disconnected')).toMatchObject({ ...ended, peer_id: peer.id });
    held.release();
    await peer.until(() => peer.inbox.some(({ type }) => type === 'peer_disconnected'), 'the end');
    expect(peer.inbox.at(-1)).toMatchObject({ ...ended, peer_id: most.id });
    for (let n = 0; n < 8; n += 1) await other.next('offer');
    most.inbox.length = 0;
    peer.inbox.length = 0;
    await pairUp(peer, most);
  });

  it('have the pairing ended once 257 reports of the one wait for the node of the other, which is lost', async () => {
    const cluster = await startTestCluster(2, { maxMessagesPerSecond: 0 });
    const [one, two] = cluster.nodes as [TestServer, TestServer];
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    cluster.sever(two);
    await cluster.advance(5_000);
    await a.next('peer_away');
    const report = { type: 'report', state: 'failed' };
    for (let n = 0; n < 256; n += 1) a.send(report);
    await a.settled();
    expect(a.inbox).toEqual([]);
    a.send(report);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'overfull' });
  });

  it('are told that the other is away, and back', async () => {
    const { two, a, b, one } = await pairAcross();
    a.socket.terminate();
    expect(await b.next('peer_away')).toEqual({ type: 'peer_away', peer_id: a.id });
    const back = await a.comeBack(one.server.url);
    expect(await b.next('peer_back')).toEqual({ type: 'peer_back', peer_id: back.id });
    back.send({ type: 'offer', sdp: 'after' });
    expect((await b.next('offer')).sdp).toBe('after');
    expect(pairingsOn(two)).toHaveLength(1);
  });

  it('are paired by a key of the one, and a wrong key is a guess', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    b.send({ type: 'create_key' });
    const { key } = await b.next('key');
    a.send({ type: 'pair_request', key: '0000-0000-0000' });
    expect(await a.next('error')).toMatchObject({ code: 'key_not_found', for: 'pair_request' });
    a.send({ type: 'pair_request', key });
    expect(await a.next('paired')).toMatchObject({ peer_id: b.id, initiator: true });
    expect(await b.next('paired')).toMatchObject({ peer_id: a.id, initiator: false });
    for (let guess = 0; guess < 19; guess += 1) {
      const other = await one.connect();
      other.send({ type: 'pair_request', key: '0000-0000-0000' });
      expect((await other.next('error')).code).toBe('key_not_found');
    }
    const last = await one.connect();
    last.send({ type: 'pair_request', key });
    expect((await last.next('error')).code).toBe('too_many_key_guesses');
  });
});

describe('a client with several peers on another node', () => {
  it('keeps the others when one pairing ends, and nothing is kept of any once all have ended', async () => {
    const { one, two } = await twoNodes();
    const [a, b, hub] = [await one.connect(), await one.connect(), await two.connect(2)];
    for (const peer of [a, b]) await pairUp(peer, hub);
    const { remotePairings } = one.server.parts;
    const [first, second] = remotePairings.of(hub.id) as [RemoteSession, RemoteSession];
    a.send({ type: 'unpair' });
    await hub.next('peer_disconnected');
    expect(remotePairings.all()).toHaveLength(1);
    expect([remotePairings.of(hub.id)[0] === second, first.isDone, second.isDone]).toEqual([
      true,
      true,
      false,
    ]);
    b.send({ type: 'candidate', candidate: { candidate: 'still here' } });
    await hub.next('candidate');
    b.send({ type: 'unpair' });
    await hub.next('peer_disconnected');
    expect([remotePairings.all(), second.isDone]).toEqual([[], true]);
  });
});

describe('a client that comes to the node of its peer', () => {
  const [offer, answer] = [
    { type: 'offer', sdp: 'an offer' },
    { type: 'answer', sdp: 'an answer' },
  ];
  it.each([
    ['just begun', 'paired'],
    ['negotiating', 'negotiating'],
    ['connected', 'connected'],
  ])('is there what it was, in a pairing that is %s', async (_how, phase) => {
    const { one, two, a, b } = await pairAcross();
    if (phase !== 'paired') {
      a.send(offer);
      await b.next('offer');
    }
    if (phase === 'connected') {
      b.send(answer);
      await a.next('answer');
      for (const client of [a, b]) client.send({ type: 'report', state: 'connected' });
      await until(() => [one, two].every((node) => pairingsOn(node)[0] === 'connected'), 'connected');
    }
    const back = await b.comeBack(one.server.url);
    const phases = [a, back].map(({ id }) => one.server.parts.sessions.get(id)?.value);
    const expected = { present: expect.objectContaining({ pairings: phase }) };
    expect(phases).toEqual([expected, expected]);
    expect(one.server.parts.remotePairings.all()).toEqual([]);
  });
});

describe('a client whose node died, and that comes to the node of its peer', () => {
  it('gets what was said to it meanwhile, and its peer the acks; a report of its peer is not for it', async () => {
    const { one, two, kill, advance, a, b, epoch } = await pairAcross();
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    await kill(two);
    await advance(5_000);
    // Its node, which still has its socket, has missed the other one, too.
    await Promise.all([a.next('peer_away'), b.next('peer_away')]);
    says(a, '1');
    a.send({ type: 'report', state: 'failed' });
    says(a, '2');
    await a.settled();
    const waiting = () => a.delivery.unacked.filter(({ message }) => message.includes('candidate')).length;
    expect(waiting()).toBe(2);
    const back = await b.comeBack(one.server.url);
    await back.until(() => heard(back).length === 2, 'what waited');
    expect(heard(back)).toEqual(['1', '2']);
    expect(back.inbox.map(({ type }) => type)).toEqual(['candidate', 'candidate']);
    // What it sends says what it has, and the answer to its peer's next message says so to that one.
    await back.settled();
    await a.settled();
    expect(waiting()).toBe(0);
  });
});

describe('wrong keys beside other nodes', () => {
  it('are refused above 20 of one address, though all are sent before any node has answered', async () => {
    const { one, hold } = await twoNodes();
    const guessers = await Promise.all(Array.from({ length: 30 }, () => one.connect()));
    const held = hold();
    for (const guesser of guessers) guesser.send({ type: 'pair_request', key: '0000-0000-0000' });
    const isRefused = ({ inbox }: RawClient) => inbox[0]?.code === 'too_many_key_guesses';
    await until(() => guessers.filter(isRefused).length === 10, 'ten refusals at once');
    held.release();
    const codes = await Promise.all(guessers.map(async (guesser) => (await guesser.next('error')).code));
    expect(codes.filter((code) => code === 'key_not_found')).toHaveLength(20);
  });
});

describe('a pair request across nodes', () => {
  it.each([
    ['nonsense', 'nobody'],
    ['of this node', nobodyOn(1)],
    ['without a node', '00000000-0000-4000-8000-000000000000'],
  ])('for an id that is %s is refused at once, without a word to the others', async (_what, id) => {
    const { hub, one, hold } = await twoNodes();
    const a = await one.connect();
    const held = hold();
    a.send(ask(id));
    expect(await a.next('error')).toMatchObject({ code: 'target_not_found', for: 'pair_request' });
    expect(held.count).toBe(0);
    hub.hold(undefined);
  });

  it.each([
    ['a client that its node does not have', 2],
    ['a client of a node that is not there', 77],
  ])('for %s is answered with `Target client not found`', async (_what, node) => {
    const { one } = await twoNodes();
    const a = await one.connect();
    a.send(ask(nobodyOn(node)));
    expect(await a.next('error')).toEqual({
      type: 'error',
      code: 'target_not_found',
      message: 'Target client not found',
      for: 'pair_request',
    });
    await pairUp(a, await one.connect());
  });

  it('for a client that is paired is refused, and leaves no half', async () => {
    const { one, two, a, b } = await plainPairAcross();
    const c = await two.connect();
    c.send(ask(a.id));
    expect(await c.next('error')).toMatchObject({ code: 'target_already_paired' });
    a.send(ask(c.id));
    expect(await a.next('error')).toMatchObject({ code: 'already_paired' });
    expect([pairingsOn(one), pairingsOn(two), b.inbox]).toEqual([['paired'], ['paired'], []]);
  });

  it('by both for each other at once makes one pairing, and the other request is refused', async () => {
    const { hold, one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    const held = hold();
    a.send(ask(b.id));
    b.send(ask(a.id));
    const isAsking = ({ server }: TestServer) =>
      [...server.parts.sessions.values()].some(({ pendingPairRequest: ask }) => ask);
    await until(() => isAsking(one) && isAsking(two), 'both requests');
    held.release();
    const [ofA, ofB] = await Promise.all([a.next('paired'), b.next('paired')]);
    expect([ofA.peer_id, ofB.peer_id]).toEqual([b.id, a.id]);
    expect(ofA.epoch).toBe(ofB.epoch);
    expect(ofA.initiator).toBe(!ofB.initiator);
    const peerIds = [one, two].map(
      ({ server }) => [...server.parts.sessions.values()][0]?.context.pairings[0]?.peerId,
    );
    expect(peerIds).toEqual([b.id, a.id]);
    const loser = ofA.initiator ? b : a;
    expect(await loser.next('error')).toMatchObject({ code: 'already_paired', for: 'pair_request' });
    expect([pairingsOn(one), pairingsOn(two)]).toEqual([['paired'], ['paired']]);
  });

  it('while another one is under way is refused; one by a third for the one who asks, too', async () => {
    const { hold, one, two } = await twoNodes();
    const [a, b, c] = [await one.connect(), await two.connect(), await one.connect()];
    const held = hold();
    a.send(ask(nobodyOn(2)));
    a.send(ask(b.id));
    expect(await a.next('error')).toMatchObject({ code: 'request_pending' });
    for (const message of [
      { type: 'offer', sdp: 'x' },
      { type: 'answer', sdp: 'x' },
      { type: 'candidate', candidate: null },
      { type: 'report', state: 'connected' },
      { type: 'unpair' },
    ]) {
      a.send(message);
      expect(await a.next('error')).toMatchObject({ code: 'not_paired', for: message.type });
    }
    c.send(ask(a.id));
    expect(await c.next('error')).toMatchObject({ code: 'target_already_paired' });
    held.release();
    expect(await a.next('error')).toMatchObject({ code: 'target_not_found' });
    await pairUp(c, a);
  });

  it('that is never answered is refused after 3 s, and its late answer leaves no half', async () => {
    const { hold, one, two, advance } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    const held = hold();
    a.send(ask(b.id));
    await until(() => held.count > 0, 'the request');
    one.clock.advance(3_050);
    expect(await a.next('error')).toMatchObject({ code: 'unavailable', for: 'pair_request' });
    held.release();
    expect(await b.next('paired')).toMatchObject({ peer_id: a.id });
    expect(await b.next('peer_disconnected')).toMatchObject({ peer_id: a.id });
    await advance(1_000);
    expect([pairingsOn(one), pairingsOn(two)]).toEqual([[], []]);
    await pairUp(a, b);
  });

  it('of a client that lost its socket meanwhile makes the pairing, and its peer hears of it when it comes back itself', async () => {
    const { hold, one, two } = await twoNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const isGone = ({ server }: TestServer, { id }: RawClient) =>
      server.parts.sessions.get(id)?.client.isOnline !== true;
    const held = hold();
    a.send(ask(b.id));
    await until(() => held.count > 0, 'the request');
    a.socket.terminate();
    await until(() => isGone(one, a), "the loss of a's socket");
    held.release();
    await b.next('paired');
    b.socket.terminate();
    await until(() => isGone(two, b), "the loss of b's socket");
    const back = await b.comeBack(two.server.url);
    expect(await back.next('peer_away')).toMatchObject({ peer_id: a.id });
    const asker = await a.comeBack(one.server.url);
    expect(await asker.next('paired')).toMatchObject({ peer_id: b.id });
    expect(await back.next('peer_back')).toMatchObject({ peer_id: a.id });
  });

  it('of a client that is gone when the answer comes leaves no half', async () => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    a.send(ask(b.id));
    await a.close();
    await b.next('paired');
    expect(await b.next('peer_disconnected')).toMatchObject({ peer_id: a.id });
    expect(pairingsOn(two)).toEqual([]);
  });
});
