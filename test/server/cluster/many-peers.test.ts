/** A client with several peers, over nodes: each of its pairings goes with it, and none is mixed up with another. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient, Received } from '../../support/clients/raw-client.ts';
import type { ResumableClient } from '../../support/clients/resumable-client.ts';
import { comesTo, has } from '../../support/network/cluster-assertions.ts';
import { ask, startTestCluster, threeNodes, twoNodes } from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const say = (client: RawClient, epoch: number, ...texts: string[]) => {
  for (const text of texts) client.send({ type: 'candidate', candidate: { candidate: text }, epoch });
};

/** What it heard in each pairing. */
const heardIn = ({ inbox }: RawClient, epoch: number) =>
  inbox
    .filter((message) => message.type === 'candidate' && message.epoch === epoch)
    .map(({ candidate }) => (candidate as { candidate: string }).candidate);

const heardAll = (client: RawClient, epoch: number, count: number) =>
  client.until(() => heardIn(client, epoch).length >= count, `${count} messages of pairing ${epoch}`);

/** A client of the first node with a peer on each of three nodes. */
async function hubOfThree() {
  const cluster = await threeNodes();
  const { nodes, one } = cluster;
  const hub = await one.connectResumable(4);
  const peers: ResumableClient[] = [];
  const epochs: number[] = [];
  for (const [n, node] of nodes.entries()) {
    const peer = await node.connectResumable(n === 0 ? undefined : 4);
    // Both ways of asking.
    epochs.push(n === 1 ? await pairUp(peer, hub) : await pairUp(hub, peer));
    peers.push(peer);
  }
  return { ...cluster, hub, peers, epochs };
}

const claim = (peer: RawClient, epoch: number | undefined, initiator: boolean) => ({
  peer_id: peer.id,
  epoch: epoch ?? 0,
  initiator,
});

describe('a client with a peer on each of three nodes', () => {
  it('moves with all of its pairings: what was said in each arrives once, in order, and in no other', async () => {
    const { hub, peers, epochs, one, two, three } = await hubOfThree();
    hub.socket.terminate();
    for (const peer of peers) await peer.next('peer_away');
    for (const [n, peer] of peers.entries()) say(peer, epochs[n] as number, `${n} a`, `${n} b`);
    for (const peer of peers) await peer.settled();
    const back = await comesTo(two, hub);
    for (const peer of peers) await peer.next('peer_back');
    for (const [n, peer] of peers.entries()) {
      say(peer, epochs[n] as number, `${n} c`);
      say(back, epochs[n] as number, `to ${n}`);
    }
    for (const [n, peer] of peers.entries()) {
      await heardAll(back, epochs[n] as number, 3);
      expect(heardIn(back, epochs[n] as number)).toEqual([`${n} a`, `${n} b`, `${n} c`]);
      await heardAll(peer, epochs[n] as number, 1);
      expect(heardIn(peer, epochs[n] as number)).toEqual([`to ${n}`]);
    }
    expect([has(one, hub), has(two, hub), has(three, hub)]).toEqual([false, true, false]);
    // On the node of its peer a pairing has one half.
    expect([one, two, three].map(({ server }) => server.parts.pairings.size)).toEqual([1, 3, 1]);
    expect(two.server.parts.sessions.get(hub.id)?.value).toMatchObject({
      present: { pairings: 'negotiating' },
    });
  });

  it('ends one of them by its epoch, and goes on with the others', async () => {
    const { hub, peers, epochs } = await hubOfThree();
    hub.send({ type: 'unpair', epoch: epochs[1] });
    expect(await (peers[1] as RawClient).next('peer_disconnected')).toMatchObject({ epoch: epochs[1] });
    (peers[2] as RawClient).send({ type: 'reject', reason: 'enough' });
    expect(await hub.next('peer_disconnected')).toMatchObject({
      epoch: epochs[2],
      reason: 'rejected',
      message: 'enough',
    });
    say(hub, epochs[0] as number, 'still here');
    await heardAll(peers[0] as RawClient, epochs[0] as number, 1);
  });

  it('has one pairing with each at most, whichever asks, by id or by key', async () => {
    const { hub, peers } = await hubOfThree();
    const far = peers[2] as RawClient;
    hub.send(ask(far.id));
    expect(await hub.next('error')).toMatchObject({ code: 'already_paired' });
    far.send(ask(hub.id));
    expect(await far.next('error')).toMatchObject({ code: 'already_paired' });
    hub.send({ type: 'create_key' });
    const { key } = await hub.next('key');
    far.send({ type: 'pair_request', key });
    expect(await far.next('error')).toMatchObject({ code: 'already_paired' });
  });

  it('comes back after the death of its node with those of its pairings that both name', async () => {
    const { hub, peers, epochs, two, three, kill, one, advance } = await hubOfThree();
    const [near, second, third] = peers as [ResumableClient, ResumableClient, ResumableClient];
    hub.pairings = [
      claim(near, epochs[0], true),
      claim(second, epochs[1], false),
      claim(third, epochs[2], true),
    ];
    say(hub, epochs[1] as number, 'before');
    await heardAll(second, epochs[1] as number, 1);
    await kill(one);
    await advance(5_000);
    await second.next('candidate');
    await second.next('peer_away');
    await third.next('peer_away');
    // On its old node it has missed both, too.
    hub.inbox.length = 0;
    const back = await comesTo(two, hub);
    expect(await back.next('peer_away')).toMatchObject({ peer_id: near.id, epoch: epochs[0] });
    say(back, epochs[1] as number, 'after');
    await heardAll(second, epochs[1] as number, 1);
    expect(heardIn(second, epochs[1] as number)).toEqual(['after']);
    say(third, epochs[2] as number, 'from afar');
    await heardAll(back, epochs[2] as number, 1);
    // The one that was on the same node comes back without a word of it.
    await comesTo(three, near);
    await advance(31_000);
    await back.until(
      () => back.inbox.some(({ type, epoch }) => type === 'peer_disconnected' && epoch === epochs[0]),
      'the end of the pairing that only one of the two names',
    );
  });
});

it('a pairing of two nodes brings metadata along, to the one who was asked', async () => {
  const { one, two } = await twoNodes();
  const [a, b] = [await one.connect(4), await two.connect(4)];
  a.send({ ...ask(b.id), metadata: { name: 'a', n: [1, null] } });
  expect((await b.next('paired')).metadata).toEqual({ name: 'a', n: [1, null] });
  expect(await a.next('paired')).not.toHaveProperty('metadata');
});

it('two that ask for each other at once, one by id and one by key, have each other once at most', async () => {
  const { one, two, hold } = await twoNodes();
  const [a, b] = [await one.connect(4), await two.connect(4)];
  b.send({ type: 'create_key' });
  const { key } = await b.next('key');
  const held = hold();
  a.send({ type: 'pair_request', key });
  b.send(ask(a.id));
  await until(() => held.count >= 2, 'both requests');
  held.release();
  const outcome = async (client: RawClient): Promise<Received> => {
    await client.until(() => client.inbox.length > 0, 'an answer');
    return client.inbox[0] as Received;
  };
  await Promise.all([outcome(a), outcome(b)]);
  await Promise.all([a.settled(), b.settled()]);
  const sizes = [one, two].map(({ server }) => server.parts.pairings.size);
  expect(sizes).toEqual([sizes[0], sizes[0]]);
  expect(sizes[0]).toBeLessThanOrEqual(1);
});

describe('a signal for a peer of another node that never comes back for it', () => {
  it('holds up no ack of its sender once their pairing is over', async () => {
    const { one, two } = await twoNodes();
    const [hub, gone] = [await one.connectResumable(4), await two.connectResumable()];
    const epoch = await pairUp(hub, gone);
    gone.socket.terminate();
    await hub.next('peer_away');
    say(hub, epoch, 'lost');
    await hub.settled();
    hub.send({ type: 'unpair', epoch });
    hub.send({ type: 'create_key' });
    await hub.next('key');
    expect(hub.delivery.unacked).toEqual([]);
  });
});

it('a server that was restarted makes each pairing again that both name, and tells of the others', async () => {
  const options = { secret: 'a secret that both servers have' };
  const [before, after] = [await startTestServer(options), await startTestServer(options)];
  const hub = await before.connectResumable(3);
  const [one, two] = [await before.connectResumable(), await before.connectResumable(3)];
  const epochs = [await pairUp(hub, one), await pairUp(two, hub)] as const;
  hub.pairings = [claim(one, epochs[0], true), claim(two, epochs[1], false)];
  one.pairing = claim(hub, epochs[0], false);
  const again = await hub.comeBack(after.server.url);
  expect(await again.next('peer_away')).toMatchObject({ epoch: epochs[0] });
  expect(await again.next('peer_away')).toMatchObject({ epoch: epochs[1] });
  const oneAgain = await one.comeBack(after.server.url);
  expect(await again.next('peer_back')).toMatchObject({ epoch: epochs[0] });
  // It names none.
  await two.comeBack(after.server.url);
  expect(await again.next('peer_disconnected')).toMatchObject({ peer_id: two.id, epoch: epochs[1] });
  say(again, epochs[0], 'hello');
  expect(await oneAgain.next('candidate')).toMatchObject({ candidate: { candidate: 'hello' } });
});

it('a session restored with more pairings than it may have has as many as it may, and is told of the rest', async () => {
  const options = { secret: 'a secret that both servers have' };
  const before = await startTestServer(options);
  const after = await startTestServer({ ...options, maxPeersPerClient: 1 });
  const hub = await before.connectResumable(3);
  const [one, two] = [await before.connectResumable(), await before.connectResumable()];
  const epochs = [await pairUp(hub, one), await pairUp(hub, two)] as const;
  hub.pairings = [claim(one, epochs[0], true), claim(two, epochs[1], true)];
  const again = await hub.comeBack(after.server.url);
  expect(await again.next('peer_away')).toMatchObject({ epoch: epochs[0] });
  expect(await again.next('peer_disconnected')).toMatchObject({ peer_id: two.id, epoch: epochs[1] });
  await again.settled();
  expect(again.inbox).toEqual([]);
});

it('a drained node ends no pairing of a client with peers on another: each goes on where it comes to', async () => {
  const { nodes, advance } = await startTestCluster(2, { drainMs: 10_000 });
  const [one, two] = nodes as [TestServer, TestServer];
  const hub = await one.connectResumable(4);
  const [near, far] = [await one.connectResumable(4), await two.connectResumable(4)];
  const epochs = [await pairUp(hub, near), await pairUp(hub, far)] as const;
  void one.server.drain();
  await advance(5_000);
  const sentAway = async (client: ResumableClient) => {
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
    client.inbox.length = 0;
    return comesTo(two, client);
  };
  const [hubAgain, nearAgain] = [await sentAway(hub), await sentAway(near)];
  say(hubAgain, epochs[0], 'to near');
  say(hubAgain, epochs[1], 'to far');
  await heardAll(nearAgain, epochs[0], 1);
  await heardAll(far, epochs[1], 1);
  expect([...hubAgain.inbox, ...far.inbox].filter(({ type }) => type === 'peer_disconnected')).toEqual([]);
});
