/** What one client or node does costs the same however many others are there: no step walks them all. */
import { expect, it } from '@jest/globals';
import { LocalBusHub } from '../../src/server/cluster/bus/local-bus.ts';
import { sessionIdOn } from '../../src/server/node-id.ts';
import { idleClient } from '../../tools/idle-client.ts';
import { countVisits } from '../support/count-visits.ts';
import { ask } from '../support/servers/test-cluster.ts';
import { pairUp, startTestServer } from '../support/servers/test-server.ts';
import { until } from '../support/until.ts';

const SESSIONS = 100_000;

it('nothing that a client or another node does walks all of 100,000 sessions', async () => {
  const hub = new LocalBusHub();
  const start = (node: number) =>
    startTestServer({ node, secret: 'of all nodes', logLevel: 'error' }, { bus: hub.bus(node) });
  const [one, two] = [await start(1), await start(2)];
  const { parts } = one.server;
  const links = parts.cluster?.links;
  await until(() => links?.open.length === 1, 'the link between the nodes to be open');
  for (let n = 0; n < SESSIONS; n += 1) parts.signaling.sessions.open(sessionIdOn(1), idleClient);

  const [a, b, far] = [await one.connect(), await one.connect(), await two.connect()];
  const visits: Record<string, number> = {};
  const step = async (name: string, work: () => Promise<unknown>) => {
    visits[name] = await countVisits(work);
    await Promise.all([a.settled(), b.settled()]);
    for (const { inbox } of [a, b]) inbox.length = 0;
  };
  const pair = () => pairUp(a, b);
  const unpair = async () => {
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
  };
  await step('a client comes', () => one.connect());
  await step('it pairs by id', pair);
  await step('it says something', async () => {
    a.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
  });
  await step('it unpairs', unpair);
  await step('it makes a key', async () => {
    b.send({ type: 'create_key' });
    const { key } = await b.next('key');
    a.send({ type: 'pair_request', key });
    await Promise.all([a.next('paired'), b.next('paired')]);
  });
  await step('it unpairs again', unpair);
  await step('it guesses a key', async () => {
    a.send({ type: 'pair_request', key: '0000-0000-0000' });
    await a.next('error');
  });
  await step('it makes a room', async () => {
    a.send({ type: 'join_room', room: 'r', create: {} });
    await a.next('room_joined');
  });
  await step('it leaves the room', async () => {
    a.send({ type: 'leave_room', room: 'r' });
    await a.settled();
  });
  await step('a client of another node pairs and says something', async () => {
    far.send(ask(b.id));
    await Promise.all([b.next('paired'), far.next('paired')]);
    far.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
  });
  await step('that node goes', async () => {
    await two.server.stop();
    await b.next('peer_disconnected');
  });
  await step('another node comes', async () => {
    await start(3);
    await until(() => links?.isOpen(3) ?? false, 'its link to be open');
  });
  visits['a client goes'] = await countVisits(async () => {
    a.socket.terminate();
    await until(() => !parts.sessions.has(a.id), 'its session to end');
  });
  expect(Object.entries(visits).filter(([, count]) => count >= SESSIONS)).toEqual([]);
  expect(parts.sessions.size).toBeGreaterThan(SESSIONS);
});
