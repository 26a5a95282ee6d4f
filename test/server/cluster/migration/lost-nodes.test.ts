/** How long a session can come back after the node that had it is lost, and where else it is looked for. */
import { describe, expect, it } from '@jest/globals';
import { LostNodes } from '../../../../src/server/cluster/migration/lost-nodes.ts';
import type { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { comesTo } from '../../../support/network/cluster-assertions.ts';
import { startTestCluster } from '../../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const GRACE_MS = 30_000;

async function threeNodes() {
  const cluster = await startTestCluster(3, { pingIntervalMs: 0 });
  const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
  return { ...cluster, one, two, three };
}

const isLost = ({ server }: TestServer, node: number) => server.parts.cluster?.links.isOpen(node) === false;

async function expectRefused(client: ResumableClient, back: ResumableClient): Promise<void> {
  expect(await back.next('error')).toMatchObject({ code: 'resume_failed', for: 'resume' });
  expect(back.id).not.toBe(client.id);
}

describe('what is kept of lost nodes', () => {
  it('is forgotten once none of their sessions can come back', () => {
    const time = { now: 0 };
    const lost = new LostNodes(time, GRACE_MS);
    for (let node = 1; node <= 100; node += 1) lost.lost(node);
    time.now = GRACE_MS;
    lost.lost(101);
    expect([lost.size, lost.isWithinGrace(1)]).toEqual([101, true]);
    time.now = GRACE_MS + 1;
    expect(lost.isWithinGrace(1)).toBe(false);
    lost.lost(102);
    expect(lost.size).toBe(2);
  });
});

describe('a session of a node that was lost', () => {
  it('is given back by another node within 30 s of the loss, and refused after that', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    const [early, late] = [await two.connectResumable(), await two.connectResumable()];
    await advance(60_000);
    await kill(two);
    await until(
      () => isLost(three, 2),
      undefined,
      () => advance(500),
    );
    await advance(GRACE_MS - 500);
    expect((await comesTo(three, early)).id).toBe(early.id);
    await advance(1_000);
    await expectRefused(late, await comesTo(three, late));
    await expectRefused(late, await comesTo(one, late));
  });

  it('is given back within 30 s of its start by a node that never knew the lost one, and refused after that', async () => {
    const { hub, two, kill } = await threeNodes();
    const [early, late] = [await two.connectResumable(), await two.connectResumable()];
    await kill(two);
    const four = await startTestServer({ secret: 'of all nodes', node: 4 }, { bus: hub.bus(4) });
    four.clock.advance(GRACE_MS - 500);
    expect((await comesTo(four, early)).id).toBe(early.id);
    four.clock.advance(1_000);
    await expectRefused(late, await comesTo(four, late));
  });

  it('is refused for a secret that was not issued for it, however soon', async () => {
    const { two, three, kill, advance } = await threeNodes();
    const [client, other] = [await two.connectResumable(), await two.connectResumable()];
    await kill(two);
    await until(
      () => isLost(three, 2),
      undefined,
      () => advance(500),
    );
    await expectRefused(client, await client.comeBack(three.server.url, { token: other.token }));
  });

  it.each([
    ['where it began', 1],
    ['at a third', 3],
  ])('to which it had moved long ago comes back %s', async (_where, node) => {
    const { nodes, one, two, three, kill, advance } = await threeNodes();
    const client = await comesTo(two, await one.connectResumable());
    await advance(60_000);
    await kill(two);
    await until(
      () => isLost(one, 2) && isLost(three, 2),
      undefined,
      () => advance(500),
    );
    expect((await comesTo(nodes[node - 1] as TestServer, client)).id).toBe(client.id);
  });

  it('to which it had moved long ago comes back to its next process', async () => {
    const { hub, one, two, kill, advance } = await threeNodes();
    const client = await comesTo(two, await one.connectResumable());
    await advance(60_000);
    await kill(two);
    await until(
      () => isLost(one, 2),
      undefined,
      () => advance(500),
    );
    const again = await startTestServer({ secret: 'of all nodes', node: 2 }, { bus: hub.bus(2) });
    await until(() => again.server.parts.cluster?.links.isOpen(1) === true, 'the link');
    expect((await client.comeBack(again.server.url)).id).toBe(client.id);
  });
});

describe('a session that began on a node that has been dead for long', () => {
  it('is found on the node that has it, and moves with all that waits', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    const client = await comesTo(two, await one.connectResumable());
    await kill(one);
    await advance(60_000);
    const peer = await two.connect();
    await pairUp(peer, client);
    client.socket.terminate();
    await peer.next('peer_away');
    peer.send({ type: 'unpair' });
    await peer.settled();
    const back = await comesTo(three, client);
    expect(back.id).toBe(client.id);
    expect(await back.next('peer_disconnected')).toMatchObject({ peer_id: peer.id });
    expect(two.server.parts.sessions.has(client.id)).toBe(false);
  });

  it('is refused when it is over on the node that had it, even if the other has just been lost', async () => {
    const { one, two, three, kill, advance } = await threeNodes();
    const client = await comesTo(two, await one.connectResumable());
    client.socket.terminate();
    await until(() => two.server.parts.sessions.get(client.id)?.client.isOnline !== true, 'the loss');
    await advance(GRACE_MS + 1_000);
    await kill(one);
    await until(
      () => isLost(three, 1),
      undefined,
      () => advance(500),
    );
    await expectRefused(client, await comesTo(three, client));
  });
});
