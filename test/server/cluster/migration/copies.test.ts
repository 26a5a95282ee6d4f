/**
 * Sessions that move while what the nodes say to each other is late, or does not come at all: wherever its client turns
 * up, there is one session in the end, and nothing that was said to it or by it is lost or doubled.
 */
import { describe, expect, it } from '@jest/globals';
import type { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { comesTo, has, heard, says } from '../../../support/network/cluster-assertions.ts';
import { keepsTryingAt, startTestCluster, threeNodes } from '../../../support/servers/test-cluster.ts';
import { pairUp, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

/** Comes to a node and does not wait for the answer. @returns what hangs up */
async function triesAt({ server }: TestServer, client: ResumableClient): Promise<() => Promise<void>> {
  const gone = client.comeBackSilently(server.url);
  await gone.opened();
  const { id, token, delivery } = client;
  const { received, first } = delivery;
  gone.socket.send(JSON.stringify({ type: 'resume', id, token, received, first }));
  return () => gone.close();
}

/** Nodes whose clients answer no ping: only the test decides who is lost. */
async function quietNodes() {
  const cluster = await startTestCluster(3, { pingIntervalMs: 0 });
  const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
  return { ...cluster, one, two, three };
}

/** A pairing of a, on the first node, and b, on the third; then the others take the first for dead, and a comes to the second. */
async function parted() {
  const cluster = await quietNodes();
  const { one, two, three, sever, advance } = cluster;
  const [a, b] = [await one.connectResumable(), await three.connectResumable()];
  const epoch = await pairUp(a, b);
  a.pairing = { peer_id: b.id, epoch, initiator: true };
  b.pairing = { peer_id: a.id, epoch, initiator: false };
  says(a, '1');
  await b.until(() => heard(b).length === 1, 'the first');
  const mend = sever(one);
  await advance(5_000);
  const back = await keepsTryingAt(two, a, advance);
  expect([has(one, a), has(two, a)]).toEqual([true, true]);
  says(back, '2');
  says(b, 'I');
  await b.until(() => heard(b).length === 2, 'the second');
  await back.until(() => heard(back).length === 1, "b's");
  const heal = async () => {
    mend();
    await advance(10_000);
  };
  return { ...cluster, a, b, back, heal };
}

describe('a session that two nodes have, which had lost each other', () => {
  it('stays where its client came last, and the other copy is given up, its socket closed with 4409', async () => {
    const { one, two, three, a, b, back, heal } = await parted();
    await heal();
    expect((await a.whenClosed()).code).toBe(4409);
    expect([has(one, a), has(two, a)]).toEqual([false, true]);
    says(back, '3');
    says(b, 'II');
    await b.until(() => heard(b).length === 3, 'the third');
    await back.until(() => heard(back).length === 2, "b's second");
    expect([heard(b), heard(back)]).toEqual([
      ['1', '2', '3'],
      ['I', 'II'],
    ]);
    expect([one, two, three].map(({ server }) => server.parts.pairings.size)).toEqual([0, 1, 1]);
    expect(b.inbox.map(({ type }) => type)).not.toContain('peer_disconnected');
  });

  it('is found by its client at the node that has the older copy, too, while they are still parted', async () => {
    const { one, two, a, b, back, heal, advance } = await parted();
    const again = await keepsTryingAt(one, back, advance);
    expect(again.id).toBe(a.id);
    await heal();
    expect([has(one, a), has(two, a)]).toEqual([true, false]);
    says(again, '3');
    says(b, 'II');
    await b.until(() => heard(b).length === 3, 'the third');
    await again.until(() => heard(again).length === 2, "b's second");
    expect([heard(b), heard(again)]).toEqual([
      ['1', '2', '3'],
      ['I', 'II'],
    ]);
  });
});

describe('a client that leaves before its session has come', () => {
  it('and goes to a third node finds it there', async () => {
    const { hub, one, two, three } = await quietNodes();
    const a = await one.connectResumable();
    const b = await three.connectResumable();
    await pairUp(a, b);
    const held: (() => void)[] = [];
    const hangUp = await triesAt(two, a);
    // The answer is under way once the first node has it no longer.
    hub.hold((deliver) => (has(one, a) ? queueMicrotask(deliver) : held.push(deliver)));
    await until(() => !has(one, a), 'the move');
    await hangUp();
    says(b, '1');
    const coming = comesTo(three, a);
    await until(() => held.length > 2, 'the third node asks');
    hub.hold(undefined);
    for (const deliver of held) deliver();
    const back = await coming;
    expect(back.id).toBe(a.id);
    await back.until(() => heard(back).length === 1, 'what was said meanwhile');
    expect([one, two, three].map((node) => has(node, a))).toEqual([false, false, true]);
  });

  it('finds it when the answer took longer than 2 s, and the client was sent away meanwhile', async () => {
    const { hub, one, two, advance } = await quietNodes();
    const a = await one.connectResumable();
    const held: (() => void)[] = [];
    hub.hold((deliver) => held.push(deliver));
    const gone = a.comeBackSilently(two.server.url);
    await gone.opened();
    const { id, token, delivery } = a;
    const { received, first } = delivery;
    gone.socket.send(JSON.stringify({ type: 'resume', id, token, received, first }));
    await until(() => held.length > 0, 'the request');
    await advance(2_000);
    expect((await gone.whenClosed()).code).toBe(1013);
    hub.hold(undefined);
    for (const deliver of held) deliver();
    await until(() => has(two, a), 'the session');
    expect((await comesTo(two, a)).id).toBe(a.id);
    expect(has(one, a)).toBe(false);
  });

  it('is away for its peer as soon as that node says so, whether or not the one that gave it away is heard', async () => {
    const { hub, one, two, three } = await quietNodes();
    const [a, b] = [await one.connect(), await three.connectResumable()];
    await pairUp(a, b);
    const held = new Map<string, (() => void)[]>([
      ['3 1', []],
      ['3 2', []],
    ]);
    hub.hold((deliver, pair) => {
      const waiting = held.get(pair);
      if (waiting) waiting.push(deliver);
      else queueMicrotask(deliver);
    });
    const hangUp = await triesAt(two, b);
    await until(() => !has(three, b), 'the move');
    await hangUp();
    for (const deliver of held.get('3 2') ?? []) deliver();
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    // That it is on its way is no news any more.
    hub.hold(undefined);
    for (const deliver of held.get('3 1') ?? []) deliver();
    await comesTo(two, b);
    expect(await a.next('peer_back')).toMatchObject({ peer_id: b.id });
  });
});

describe('a client whose next node dies when it has heard no more from it than its new secret', () => {
  it('has said and heard everything once, in order, though both nodes are asked for it again', async () => {
    const { one, two, three, kill, advance } = await quietNodes();
    const [a, b] = [await one.connect(), await one.connectResumable()];
    const epoch = await pairUp(a, b);
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    says(b, 'I');
    await a.until(() => heard(a).length === 1, 'the first');
    b.socket.terminate();
    await a.next('candidate');
    await a.next('peer_away');
    says(a, '1');
    await a.settled();
    b.token = String((await b.comeBackUnheard(two.server.url)).resume);
    await a.next('peer_back');
    await a.next('peer_away');
    await kill(two);
    await advance(5_000);
    expect(b.delivery.first).toBe(1);
    const back = await keepsTryingAt(three, b, advance);
    says(back, 'II');
    await back.until(() => heard(back).length === 1, 'what was said to it');
    await a.until(() => heard(a).length === 1, 'the second');
    expect([heard(a), heard(back)]).toEqual([['II'], ['1']]);
  });
});

describe('a pairing with a client that cannot come back', () => {
  it('brings all that it says to one who moves meanwhile, once and in order', async () => {
    const { hub, one, two, three } = await threeNodes();
    const [a, b] = [await one.connect(), await two.connectResumable()];
    await pairUp(a, b);
    says(a, '1');
    await b.until(() => heard(b).length === 1, 'the first');
    const held: (() => void)[] = [];
    hub.hold((deliver) => held.push(deliver));
    says(a, '2');
    const coming = comesTo(three, b);
    await until(() => held.length > 1, 'message and move');
    says(a, '3');
    hub.hold(undefined);
    // The move is first, and the message finds nobody.
    for (const deliver of held.reverse()) deliver();
    const back = await coming;
    says(a, '4');
    await back.until(() => heard(back).length === 4, 'all');
    expect(heard(back)).toEqual(['1', '2', '3', '4']);
  });

  it('brings it nothing twice when the other one says again what it does not know to have arrived', async () => {
    const { one, two, kill, advance } = await quietNodes();
    const [a, b] = [await one.connect(), await two.connectResumable()];
    const epoch = await pairUp(a, b);
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    says(b, '1', '2');
    await a.until(() => heard(a).length === 2, 'both');
    // From now on it hears nothing, not even that the server has them.
    b.socket.terminate();
    await kill(two);
    await advance(5_000);
    expect(b.delivery.first).toBe(1);
    const back = await comesTo(one, b);
    says(back, '3');
    await a.until(() => heard(a).length === 3, 'the third');
    expect(heard(a)).toEqual(['1', '2', '3']);
  });
});
