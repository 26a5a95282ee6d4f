/** What a node's inspector says of the other nodes and of their clients. */
import { expect, it } from '@jest/globals';
import type { NodeMessage } from '../../../src/protocol/cluster/index.ts';
import { LocalBusHub } from '../../../src/server/cluster/bus/local-bus.ts';
import type { Cluster } from '../../../src/server/cluster/cluster.ts';
import { nodeSources } from '../../../src/server/cluster/inspector-sources.ts';
import { nodeView } from '../../../src/server/cluster/node-view.ts';
import type { Instance } from '../../../src/server/inspector/source.ts';
import { comesTo } from '../../support/network/cluster-assertions.ts';
import { nobodyOn, threeNodes, twoNodes } from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const clusterOf = ({ server }: TestServer) => server.parts.cluster as Cluster;

function viewOf(node: TestServer) {
  const { sessions, pairings, remotePairings } = node.server.parts;
  const { locations } = remotePairings;
  return nodeView({ cluster: clusterOf(node), locations, sessions, pairings, clock: node.clock });
}

/** What the inspector lists of one machine. */
function listed({ server }: TestServer, machine: string) {
  const { pairings, remotePairings, cluster } = server.parts;
  const sources = nodeSources({ pairings, remotePairings, cluster: cluster as Cluster });
  const source = sources.find((one) => one.machine === machine);
  const all = () => [...(source?.instances() ?? [])];
  return {
    rows: () => all().map((one) => source?.rowOf(one)),
    starts: () => all().map((one) => source?.startOf(one)),
    found: (query: string) => all().filter((one: Instance) => source?.isFound(one, query)).length,
  };
}

it('each node is seen with its pairings and the sessions that are there, and what happened with its time', async () => {
  const { one, two, three } = await threeNodes();
  const start = Date.UTC(2026, 0, 1);
  for (let n = 0; n < 2; n += 1) await pairUp(await one.connect(), await two.connect());
  await pairUp(await one.connect(), await three.connect());
  await one.connectPair();
  const moving = [await one.connectResumable(), await one.connectResumable()];
  one.clock.advance(2_000);
  for (const client of moving) await comesTo(three, client);
  const view = viewOf(one);
  expect(view).toMatchObject({ node: 1, is_bus_up: true, sessions: 5, hidden: 0 });
  expect(view.links).toEqual([
    { node: 2, state: 'open', since: start, pairings: 2, sessions: 0 },
    { node: 3, state: 'open', since: start, pairings: 1, sessions: 2 },
  ]);
  expect(view.events).toStrictEqual([
    { at: start, kind: 'opened', node: 2 },
    { at: start, kind: 'opened', node: 3 },
    ...moving.map(({ id }) => ({ at: start + 2_000, kind: 'went', node: 3, id })),
  ]);
});

it('of many links 64 are shown, those that are not open first, by the numbers of their nodes', async () => {
  const hub = new LocalBusHub();
  const { one } = await twoNodes(hub);
  const { links } = clusterOf(one);
  hub.hold(() => {});
  one.clock.advance(1_000);
  const open = (node: number) => links.send(node, { type: 'rooms_told' } satisfies NodeMessage);
  const shown = () => viewOf(one).links.map(({ node }) => node);
  const strangers = Array.from({ length: 64 }, (_, n) => n + 3);
  for (const node of strangers.slice(1).reverse()) open(node);
  expect([shown(), viewOf(one).hidden]).toEqual([[...strangers.slice(1), 2], 0]);
  expect(viewOf(one).links[0]).toEqual({
    ...{ node: 4, state: 'greeting', since: Date.UTC(2026, 0, 1) + 1_000 },
    ...{ pairings: 0, sessions: 0 },
  });
  open(3);
  expect([shown(), viewOf(one).hidden]).toEqual([strangers, 1]);
});

it('a client of another node is listed with its peer here and its node, and found by both ids', async () => {
  const { one, two } = await twoNodes();
  one.clock.advance(3_000);
  const [a, b] = [await one.connectResumable(), await two.connectResumable()];
  const epoch = await pairUp(a, b);
  const { rows, starts, found } = listed(one, 'remote-session');
  const row = { id: b.id, peer_id: a.id, epoch, elsewhere: 'id', node: 2 };
  expect([rows(), starts()]).toEqual([[row], [3_000]]);
  expect([a.id, b.id, b.id.slice(9), a.id.slice(9), 'nonsense'].map(found)).toEqual([1, 1, 1, 1, 0]);
});

it('a client that no node has heard of is listed without a node, and counted for none', async () => {
  const { one, two, kill, advance } = await twoNodes();
  const [a, nobody] = [await two.connectResumable(), nobodyOn(7)];
  a.pairing = { peer_id: nobody, epoch: 4, initiator: true };
  await kill(two);
  await advance(5_000);
  await comesTo(one, a);
  const { rows } = listed(one, 'remote-session');
  expect(rows()).toStrictEqual([{ id: nobody, elsewhere: 'id', peer_id: a.id, epoch: 4 }]);
  expect(viewOf(one).links.filter(({ pairings }) => pairings > 0)).toEqual([]);
});

it('a link is listed with the number of its node, by which alone it is found', async () => {
  const hub = new LocalBusHub();
  const { one } = await twoNodes(hub);
  one.clock.advance(1_000);
  await startTestServer({ node: 12, secret: 'of all nodes' }, { bus: hub.bus(12) });
  await until(() => clusterOf(one).links.isOpen(12), 'the link');
  const { rows, starts, found } = listed(one, 'node-link');
  expect([rows(), starts()]).toEqual([
    [{ id: '2' }, { id: '12' }],
    [0, 1_000],
  ]);
  expect(['2', '12', '1', ''].map(found)).toEqual([1, 1, 0, 0]);
});
