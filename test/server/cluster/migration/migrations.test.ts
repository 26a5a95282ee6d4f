/** A client that comes back to another node than the one that has its session: all of it moves there. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { comesTo, has, heard, says } from '../../../support/network/cluster-assertions.ts';
import { pairingsOn, startTestCluster, threeNodes } from '../../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

describe('a client that comes back to another node', () => {
  it('has its id, and what waited for it, and the node that it left has nothing of it', async () => {
    const { one, two } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await one.connectResumable()];
    await pairUp(a, b);
    b.socket.terminate();
    await a.next('peer_away');
    says(a, '1', '2', '3');
    await a.settled();
    const back = await comesTo(two, b);
    expect(back.id).toBe(b.id);
    await a.next('peer_back');
    await back.until(() => heard(back).length === 3, 'what waited');
    expect(heard(back)).toEqual(['1', '2', '3']);
    expect([has(one, b), has(two, b)]).toEqual([false, true]);
    says(a, '4');
    says(back, 'I', 'II');
    await back.until(() => heard(back).length === 4, 'the next');
    await a.until(() => heard(a).length === 2, 'the answers');
    expect([heard(a), heard(back)]).toEqual([
      ['I', 'II'],
      ['1', '2', '3', '4'],
    ]);
  });

  it('and another one that does so at the same time have each its own session', async () => {
    const { one, two, hold } = await threeNodes();
    const [a, b, c] = [
      await one.connectResumable(),
      await one.connectResumable(),
      await one.connectResumable(),
    ];
    await pairUp(a, c);
    const held = hold();
    const coming = [comesTo(two, a), comesTo(two, b)];
    await until(() => held.count >= 2, 'both to be asked for');
    held.release();
    const back = await Promise.all(coming);
    expect(back.map(({ id }) => id)).toEqual([a.id, b.id]);
    says(c, 'for the first of them');
    await back[0]?.until(() => heard(back[0] as RawClient).length === 1, 'what its peer said');
    expect(heard(back[1] as RawClient)).toEqual([]);
  });

  it('takes over when its node has not missed it, and loses nothing that was on the way', async () => {
    const { one, two } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    says(a, '1', '2');
    says(b, 'I');
    const back = await comesTo(two, a);
    says(back, '3');
    await b.until(() => heard(b).length === 3, 'all');
    await back.until(() => heard(back).length === 1, 'all');
    expect(heard(b)).toEqual(['1', '2', '3']);
    // Both are on one node now, and still one pairing.
    expect([one.server.parts.pairings.size, two.server.parts.pairings.size]).toEqual([0, 1]);
    b.inbox.length = 0;
    await back.close();
    expect((await b.next('peer_disconnected')).peer_id).toBe(a.id);
  });

  it('has sent there what it sent here: no burst more for each node', async () => {
    const { one, two } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await one.connect()];
    await pairUp(a, b);
    for (let n = 0; n < 150; n += 1) a.send({ type: 'candidate', candidate: null });
    await a.until(() => a.delivery.unacked.length < 16, 'the acks');
    const back = await comesTo(two, a);
    for (let n = 0; n < 100; n += 1) back.send({ type: 'candidate', candidate: null });
    await back.until(() => back.inbox.some(({ code }) => code === 'too_many_messages'), 'a refusal');
  });

  it('that is paired by key only stays so, also when it is gone again before its session has moved', async () => {
    const { hold, one, two } = await threeNodes();
    const a = await ResumableClient.connect(one.server.url, { query: 'resume=1&pair=key' });
    const held = hold();
    const next = await a.knock(two.server.url);
    await until(() => held.count > 0, 'the request for the session');
    // Waits for the server's answer: it knows.
    await next.close();
    held.release();
    await until(() => has(two, a) && !has(one, a), 'the session');
    const asker = await two.connect();
    asker.send({ type: 'pair_request', target_id: a.id });
    expect(await asker.next('error')).toMatchObject({ for: 'pair_request' });
  });

  it('may go round and round, with its peer doing the same, and nothing is lost, doubled or out of order', async () => {
    const { nodes } = await threeNodes();
    const clients = {
      a: await (nodes[0] as TestServer).connectResumable(),
      b: await (nodes[1] as TestServer).connectResumable(),
    };
    await pairUp(clients.a, clients.b);
    const said = { a: [] as string[], b: [] as string[] };
    const say = (who: 'a' | 'b', count: number) => {
      for (let n = 0; n < count; n += 1) {
        said[who].push(`${who}${said[who].length}`);
        says(clients[who], said[who].at(-1) as string);
      }
    };
    for (let round = 0; round < 12; round += 1) {
      say('a', 3);
      say('b', 2);
      if (round % 2 === 0) await clients.a.settled();
      const [who, node] = [round % 3 === 1 ? ('b' as const) : ('a' as const), nodes[(round * 2) % 3]];
      clients[who] = await comesTo(node as TestServer, clients[who]);
      say(who, 1);
    }
    await clients.b.until(() => heard(clients.b).length >= said.a.length, "the last of a's");
    await clients.a.until(() => heard(clients.a).length >= said.b.length, "the last of b's");
    expect(heard(clients.b)).toEqual(said.a);
    expect(heard(clients.a)).toEqual(said.b);
    const remotePairings = nodes.reduce((sum, { server }) => sum + server.parts.pairings.size, 0);
    expect(remotePairings).toBeLessThanOrEqual(2);
    expect(nodes.reduce((sum, { server }) => sum + server.parts.sessions.size, 0)).toBe(2);
  });

  it('has a pairing that is connected there, as it was', async () => {
    const { one, two, three } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    a.send({ type: 'offer', sdp: 'an offer' });
    await b.next('offer');
    b.send({ type: 'answer', sdp: 'an answer' });
    await a.next('answer');
    for (const client of [a, b]) client.send({ type: 'report', state: 'connected' });
    await until(() => [one, two].every((node) => pairingsOn(node)[0] === 'connected'), 'connected');
    await comesTo(three, a);
    await until(() => has(three, a) && pairingsOn(three).length === 1, 'the pairing');
    expect([pairingsOn(two), pairingsOn(three)]).toEqual([['connected'], ['connected']]);
  });

  it('keeps its keys, and can be asked for by its id at any node', async () => {
    const { one, two, three } = await threeNodes();
    const a = await one.connectResumable();
    a.send({ type: 'create_key' });
    const { key } = await a.next('key');
    const back = await comesTo(two, a);
    const c = await three.connect();
    c.send({ type: 'pair_request', key });
    expect(await c.next('paired')).toMatchObject({ peer_id: a.id });
    await back.next('paired');
    back.send({ type: 'unpair' });
    await c.next('peer_disconnected');
    // By its id it is looked for where it began, and found where it is; from there, too.
    for (const node of [three, one, two]) await pairOnce(await node.connect(), back);
  });

  it('is refused with a wrong secret, and its session stays where it is', async () => {
    const { one, two } = await threeNodes();
    const a = await one.connectResumable();
    const thief = await a.comeBack(two.server.url, { token: 'a wrong one' });
    expect(thief.id).not.toBe(a.id);
    expect(await thief.next('error')).toMatchObject({ code: 'resume_failed', for: 'resume' });
    expect(has(one, a)).toBe(true);
  });

  it('is refused when its session is over', async () => {
    const { one, two, advance } = await threeNodes();
    const a = await one.connectResumable();
    a.socket.terminate();
    await until(() => one.server.parts.sessions.get(a.id)?.client.isOnline !== true, 'the loss');
    await advance(31_000);
    const back = await comesTo(two, a);
    expect(await back.next('error')).toMatchObject({ code: 'resume_failed' });
  });

  it('has the request refused that it had under way', async () => {
    const { hub, hold, one, two } = await threeNodes();
    const a = await one.connectResumable();
    const held = hold();
    a.send({ type: 'pair_request', target_id: '00000003-0000-4000-8000-000000000000' });
    await until(() => one.server.parts.sessions.get(a.id)?.pendingPairRequest !== undefined, 'the request');
    hub.hold(undefined);
    const back = await comesTo(two, a);
    expect(await back.next('error')).toMatchObject({ code: 'unavailable', for: 'pair_request' });
    held.deliver();
    await pairOnce(back, await two.connect());
  });

  it('is found when it leaves before its session has come, and comes again', async () => {
    const { hold, one, two, three } = await threeNodes();
    const a = await one.connectResumable();
    const b = await three.connectResumable();
    await pairUp(a, b);
    const held = hold();
    const gone = await a.knock(two.server.url);
    await until(() => held.count > 0, 'the request for the session');
    // Waits for the server's answer: it knows.
    await gone.close();
    held.release();
    await until(() => has(two, a), 'the session');
    says(b, '1');
    const back = await comesTo(one, a);
    await back.until(() => heard(back).length === 1, 'what was said meanwhile');
    expect([has(one, a), has(two, a)]).toEqual([true, false]);
  });
});

describe('a client of a node that died', () => {
  it('comes back to another with its id and pairing, and every message arrives once and in order', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const epoch = await pairUp(a, b);
    a.pairing = { peer_id: b.id, epoch, initiator: true };
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    says(a, '1', '2');
    says(b, 'I', 'II');
    await b.until(() => heard(b).length === 2, 'the first');
    await kill(two);
    says(a, '3');
    says(b, 'III');
    await b.settled();
    await advance(5_000);
    await a.until(() => a.inbox.some(({ type }) => type === 'peer_away'), 'peer_away');
    says(a, '4');
    const back = await comesTo(three, b);
    expect(back.id).toBe(b.id);
    says(back, 'IV');
    await a.until(() => heard(a).length === 4, "b's");
    await back.until(() => heard(back).length === 4, "a's");
    expect(heard(a)).toEqual(['I', 'II', 'III', 'IV']);
    expect(heard(back)).toEqual(['1', '2', '3', '4']);
    expect([one.server.parts.pairings.size, three.server.parts.pairings.size]).toEqual([1, 1]);
    expect(a.inbox.map(({ type }) => type)).not.toContain('peer_disconnected');
  });

  it.each([
    ['at a third, while the first stays', false, false],
    ['at a third, when the first dies as well', true, false],
  ])('before it heard that its session had come there has it again %s', async (_what, isFirstLost) => {
    const { one, two, three, kill, advance } = await threeNodes();
    const [a, b] = [await three.connectResumable(), await one.connectResumable()];
    const epoch = await pairUp(a, b);
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    says(a, '1');
    await b.until(() => heard(b).length === 1, "a's first");
    await b.settled();
    b.socket.terminate();
    await a.next('peer_away');
    expect(await b.comeBackUnheard(two.server.url)).toMatchObject({ id: b.id });
    await until(() => !has(one, b) && has(two, b), 'the session at the second node');
    await kill(two);
    if (isFirstLost) await kill(one);
    says(a, '2');
    await advance(5_000);
    const back = await comesTo(three, b);
    expect(back.id).toBe(b.id);
    await back.until(() => heard(back).length === 2, "a's second");
    says(back, 'I');
    await a.until(() => heard(a).length === 1, "b's");
    expect(heard(back)).toEqual(['1', '2']);
  });

  it('before it heard of it, together with the one before, has its session again, also where that began', async () => {
    const { nodes, kill, advance } = await startTestCluster(4);
    const [one, two, three, four] = nodes as [TestServer, TestServer, TestServer, TestServer];
    const [a, first] = [await four.connectResumable(), await one.connectResumable()];
    const epoch = await pairUp(a, first);
    const b = await comesTo(three, first);
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    b.socket.terminate();
    await until(() => a.inbox.at(-1)?.type === 'peer_away', 'the loss');
    await b.comeBackUnheard(two.server.url);
    await until(() => has(two, b) && !has(three, b), 'the session at the second node');
    await Promise.all([kill(two), kill(three)]);
    await advance(5_000);
    const back = await comesTo(four, b);
    expect(back.id).toBe(b.id);
    says(back, 'I');
    await a.until(() => heard(a).length === 1, "b's");
    expect([has(one, b), has(four, b)]).toEqual([false, true]);
  });

  it('finds its peer when that one was on the same node and went to a third', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await one.connectResumable()];
    const epoch = await pairUp(a, b);
    a.pairing = { peer_id: b.id, epoch, initiator: true };
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    says(a, '1');
    await kill(one);
    await advance(5_000);
    const [a2, b2] = [await comesTo(two, a), await comesTo(three, b)];
    says(a2, '2');
    says(b2, 'I');
    await b2.until(() => heard(b2).length === 2, "a's");
    await a2.until(() => heard(a2).length === 1, "b's");
    expect([heard(a2), heard(b2)]).toEqual([['I'], ['1', '2']]);
  });

  it('that says it was paired with one who does not is told that there is no such pairing', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    a.pairing = { peer_id: b.id, epoch: 4, initiator: true };
    await kill(one);
    await advance(5_000);
    const back = await comesTo(three, a);
    expect(await back.next('peer_away')).toMatchObject({ peer_id: b.id });
    expect(await back.next('peer_disconnected')).toMatchObject({ peer_id: b.id });
    expect(b.inbox).toEqual([]);
  });

  it('that says it was paired with one who is here, and does not say so, is told at once', async () => {
    const { one, three, kill, advance } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await three.connectResumable()];
    a.pairing = { peer_id: b.id, epoch: 4, initiator: true };
    await kill(one);
    await advance(5_000);
    const back = await comesTo(three, a);
    expect(await back.next('peer_disconnected')).toMatchObject({ peer_id: b.id });
    expect([back.inbox, b.inbox]).toEqual([[], []]);
  });

  it('that says it was paired twice with the same one has one of the pairings', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    const [a, b] = [await one.connectResumable(4), await two.connectResumable(4)];
    const epoch = await pairUp(a, b);
    a.pairings = [epoch, epoch + 1].map((epoch) => ({ peer_id: b.id, epoch, initiator: true }));
    await kill(one);
    await advance(5_000);
    const back = await comesTo(three, a);
    await back.until(() => back.inbox.some(({ type }) => type === 'peer_disconnected'), 'the refusal');
    const ended = back.inbox.filter(({ type }) => type === 'peer_disconnected');
    expect(ended).toEqual([expect.objectContaining({ peer_id: b.id, epoch: epoch + 1 })]);
    const session = three.server.parts.sessions.get(a.id);
    expect(session?.context.pairings.map((pairing) => pairing.epoch)).toEqual([epoch]);
  });
});

async function pairOnce(asker: RawClient, target: RawClient): Promise<void> {
  await pairUp(asker, target);
  asker.send({ type: 'unpair' });
  await target.next('peer_disconnected');
}

describe('a node that is restarted', () => {
  it('does not end the pairings of clients that have not come back to it yet', async () => {
    const { one, two, kill, hub, advance } = await threeNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const epoch = await pairUp(a, b);
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    await kill(two);
    const again = await startTestServer({ secret: 'of all nodes', node: 2 }, { bus: hub.bus(2) });
    // Its link is another one, with a higher number: its clock is later than its predecessor's.
    again.clock.advance(60);
    await until(() => one.server.parts.cluster?.links.isOpen(2) === true, 'the link');
    await advance(1_000);
    says(a, '1');
    const back = await b.comeBack(again.server.url);
    await back.until(() => heard(back).length === 1, "a's");
    says(back, 'I');
    await a.until(() => heard(a).length === 1, "b's");
    expect(a.inbox.map(({ type }) => type)).not.toContain('peer_disconnected');
  });

  it('or dies leaves a client its session, though a socket on which it came back was lost with the answer', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    // The first node is told where the session is, as it began there.
    const [a, first] = [await one.connectResumable(), await one.connectResumable()];
    const epoch = await pairUp(a, first);
    const b = await comesTo(two, first);
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    says(a, '1');
    await b.until(() => heard(b).length === 1, "a's first");
    await b.settled();
    await kill(two);
    await advance(5_000);
    await a.next('peer_away');
    for (const said of ['2', '3']) {
      expect(await b.comeBackUnheard(three.server.url)).toMatchObject({ id: b.id, restarted: true });
      await a.next('peer_back');
      says(a, said);
      await a.next('peer_away');
    }
    const back = await comesTo(one, b);
    expect(back.id).toBe(b.id);
    await back.until(() => heard(back).length === 3, "a's others");
    says(back, 'I');
    await a.until(() => heard(a).length === 1, "b's");
    expect([heard(back), has(three, b)]).toEqual([['1', '2', '3'], false]);
  });
});
