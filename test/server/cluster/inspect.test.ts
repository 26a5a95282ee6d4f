/** A pairing whose clients are on two nodes, in the inspector of each. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { replay } from '../../../src/inspector/records/replay.ts';
import { isStep } from '../../../src/protocol/index.ts';
import { LocalBusHub } from '../../../src/server/cluster/bus/local-bus.ts';
import { startServer } from '../../../src/server/index.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { sdp } from '../../support/clients/signal-fixtures.ts';
import { openFeed } from '../../support/inspect-feed.ts';
import { pairUp } from '../../support/servers/test-server.ts';

const servers: Awaited<ReturnType<typeof startServer>>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function startNodes() {
  const hub = new LocalBusHub();
  for (const node of [1, 2])
    servers.push(await startServer({ port: 0, logLevel: 'silent', node }, { bus: hub.bus(node) }));
  return servers as [(typeof servers)[0], (typeof servers)[0]];
}

describe('a pairing across two nodes', () => {
  it('has a record on each, with the client of the other node as this one sees it, to the end', async () => {
    const nodes = await startNodes();
    const feeds = [await openFeed(nodes[0]), await openFeed(nodes[1])];
    for (const [i, feed] of feeds.entries())
      expect(await feed.next('hello')).toMatchObject({
        node: i + 1,
        machines: expect.arrayContaining(['remote-session', 'node-link']),
      });
    const a = await RawClient.connect(nodes[0].url);
    const b = await RawClient.connect(nodes[1].url);
    const epoch = await pairUp(a, b);
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    b.send({ type: 'unpair' });
    await a.next('peer_disconnected');
    await Promise.all([a.settled(), b.settled()]);
    for (const [i, remote] of (['remote_responder', 'remote_initiator'] as const).entries()) {
      const record = await (feeds[i] as (typeof feeds)[0]).record(epoch);
      const steps = record.lines.filter(isStep).map(({ of, event }) => `${of} ${event.type}`);
      expect(steps).toContain('pairing OFFER_RECEIVED');
      expect(steps).toContain(`${remote} RELEASED`);
      const ofRemote = record.lines.filter((line) => 'of' in line && line.of === remote);
      expect(ofRemote.map((line) => 'node' in line && line.node)).toEqual(ofRemote.map(() => 2 - i));
      expect(steps.some((step) => step.startsWith(i === 0 ? 'initiator ' : 'responder '))).toBe(true);
      expect(steps.filter((step) => step.startsWith(i === 0 ? 'responder ' : 'initiator '))).toEqual([]);
      expect(record.lines.at(-1)).toMatchObject({ end: 'over' });
      expect(replay(record).parting).toBeUndefined();
    }
  });

  it('is listed on each with the node of the other client, which is listed itself, and so is the link', async () => {
    const [one, two] = await startNodes();
    const a = await RawClient.connect(one.url);
    const b = await RawClient.connect(two.url);
    const epoch = await pairUp(a, b);
    for (const [server, elsewhere, remote, local, node] of [
      [one, 'peer_id', b, a, 2],
      [two, 'id', a, b, 1],
    ] as const) {
      const feed = await openFeed(server);
      await feed.next('hello');
      const pairing = { id: a.id, peer_id: b.id, epoch, elsewhere, node };
      expect((await feed.list({ of: 'pairing' })).rows).toEqual([expect.objectContaining(pairing)]);
      const client = { id: remote.id, peer_id: local.id, epoch, elsewhere: 'id', node, state: 'online' };
      expect((await feed.list({ of: 'remote-session' })).rows).toEqual([expect.objectContaining(client)]);
      const link = { id: String(node), state: 'open' };
      expect((await feed.list({ of: 'node-link' })).rows).toEqual([expect.objectContaining(link)]);
      expect((await feed.list({ of: 'node-link', query: '7' })).total).toBe(0);
      expect((await feed.list({ of: 'remote-session', query: local.id.slice(9) })).total).toBe(1);
      const { machines } = await feed.next('population', (told) => told.machines['node-link']?.total === 1);
      expect(machines['remote-session']?.counts).toMatchObject({ 'remote-session.online': 1 });
    }
  });
});
