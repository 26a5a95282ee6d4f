/** Nodes as they are run: real processes over a real broker, or over the relay network; what is killed is killed -9. */

import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/free-port.ts';
import { isClean } from '../../tools/history.ts';
import { NodeCluster } from '../../tools/node-cluster.ts';
import { NodeProcess, runningNodes } from '../../tools/node-process.ts';
import { type ReceivedMessage, SteadyClient } from '../../tools/steady-client.ts';
import { pairUp, SteadyPairs } from '../../tools/steady-pairs.ts';
import '../support/servers/nats-server.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

const PER_SECOND = 50;
const DRAIN_MS = 2_000;

const made: { close(): void }[] = [];

function closing<T extends { close(): void }>(thing: T): T {
  made.push(thing);
  return thing;
}

afterEach(async () => {
  for (const thing of made.splice(0)) thing.close();
  await Promise.all([...runningNodes].map((node) => node.kill()));
});

const at = ({ url }: NodeProcess) => ({ chooseUrl: () => url });

const clientOf = (node: NodeProcess) => closing(new SteadyClient(at(node))).start();

const startNodes = async (count: number, ...args: string[]) => {
  const cluster = await NodeCluster.start(count, ...args);
  return { ...cluster, nats: cluster.nats, nodes: cluster.nodes as [NodeProcess, NodeProcess, NodeProcess] };
};

async function expectRefused(client: SteadyClient, target_id: string, why: string): Promise<void> {
  client.request({ type: 'pair_request', target_id });
  expect((await nextMessage(client, 'error')).code).toBe(why);
}

async function nextMessage(client: SteadyClient, type: string): Promise<ReceivedMessage> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const [message] = (await once(client, 'message', { signal })) as [ReceivedMessage];
    if (message.type === type) return message;
  }
}

/** So many messages more have been heard by everybody. */
async function moreHeard(pairs: SteadyPairs, count: number): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  await Promise.all(
    pairs.clients.map(async (client) => {
      for (let n = 0; n < count; n += 1) await once(client, 'heard', { signal });
    }),
  );
}

async function expectClean(pairs: SteadyPairs): Promise<void> {
  pairs.hush();
  await pairs.settled(PATIENCE_MS);
  expect(pairs.problems).toEqual([]);
  expect(pairs.verdict).toMatchObject({ lost: 0, doubled: 0, outOfOrder: 0, invented: 0, endedPairings: 0 });
  expect(pairs.verdict.received).toBe(pairs.verdict.sent);
  expect(isClean(pairs.verdict)).toBe(true);
}

async function readiness({ url }: NodeProcess): Promise<{ status: number; text: string }> {
  const answer = await fetch(new URL('/readyz', url.replace('ws:', 'http:')));
  return { status: answer.status, text: await answer.text() };
}

const nobodyOn = (node: number) => `${node.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

describe('nodes over NATS', () => {
  it('pair clients with each other by id and by key, and know that somebody is not there', async () => {
    const { nodes } = await startNodes(2);
    const [one, two] = nodes;
    await Promise.all([one.logged(/Node 2 is there/), two.logged(/Node 1 is there/)]);
    const pairs = closing(new SteadyPairs());
    await pairs.add(at(one), at(two));
    const [a, b] = [await clientOf(one), await clientOf(two)];
    b.request({ type: 'create_key' });
    const { key } = await nextMessage(b, 'key');
    // A node that is not there, and a client that a node does not have. No answer in time would be `unavailable`.
    for (const id of [nobodyOn(77), nobodyOn(2)]) await expectRefused(a, id, 'target_not_found');
    await pairUp(a, b, { key });
    pairs.pairs.push([a, b]);
    pairs.talk(PER_SECOND);
    await moreHeard(pairs, 10);
    await expectClean(pairs);
  });

  it('lose, double and swap nothing when nodes are killed under load and come back', async () => {
    const { nodes } = await startNodes(3);
    const pairs = closing(new SteadyPairs());
    // Both on the node that is killed, one of them, and none; each comes back to its own node.
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 2],
    ] as const)
      await pairs.add(at(nodes[a]), at(nodes[b]));
    pairs.talk(PER_SECOND);
    for (const victims of [[nodes[0]], [nodes[0], nodes[1]]]) {
      await moreHeard(pairs, 10);
      await Promise.all(victims.map((node) => node.kill()));
      await Promise.all(victims.map((node) => node.restart()));
      await moreHeard(pairs, 10);
    }
    await expectClean(pairs);
  });

  it('take over the clients of a node that stays dead, with their pairings and all that waits', async () => {
    const { nodes } = await startNodes(3);
    const [one, two, three] = nodes;
    const pairs = closing(new SteadyPairs());
    const first = { chooseUrl: () => (one.isRunning ? one : two).url };
    await pairs.add(first, at(three));
    await pairs.add(first, { chooseUrl: () => (one.isRunning ? one : three).url });
    pairs.talk(PER_SECOND);
    await moreHeard(pairs, 10);
    await one.kill();
    await moreHeard(pairs, 10);
    await one.restart();
    for (const client of pairs.clients) client.drop();
    await moreHeard(pairs, 10);
    await expectClean(pairs);
  });

  it('drain on SIGTERM under load: clients move or wait, and nothing is lost, doubled or swapped', async () => {
    const { nodes } = await startNodes(2, '--drain-ms', String(DRAIN_MS));
    const [one, two] = nodes;
    const pairs = closing(new SteadyPairs());
    const balanced = { chooseUrl: () => (one.isRunning ? one : two).url };
    const moved = [...(await pairs.add(balanced, balanced)), (await pairs.add(balanced, at(two)))[0]];
    // These know but one node: they are sent away again, and find the next process.
    const stayed = [...(await pairs.add(at(one), at(one))), (await pairs.add(at(two), at(one)))[1]];
    const [plain, itsPeer] = [await RawClient.connect(one.url), await clientOf(two)];
    itsPeer.request({ type: 'pair_request', target_id: plain.id });
    await nextMessage(itsPeer, 'paired');
    pairs.talk(PER_SECOND);
    await moreHeard(pairs, 10);
    let isOver = false;
    const ending = one.stop().finally(() => {
      isOver = true;
    });
    expect(await nextMessage(itsPeer, 'peer_disconnected')).toMatchObject({ reason: 'disconnected' });
    expect(isOver).toBe(false);
    expect(await ending).toBe(0);
    expect(moved.map(({ url }) => url)).toEqual([two.url, two.url, two.url]);
    await one.restart();
    await Promise.all(stayed.map((client) => client.isBack()));
    await moreHeard(pairs, 10);
    await expectClean(pairs);
  });

  it('go on alone while NATS is away, say that others are out of reach, and find each other again', async () => {
    const { nats, nodes } = await startNodes(2);
    const [one, two] = nodes;
    const pairs = closing(new SteadyPairs());
    const [a, b] = [await pairs.add(at(one), at(one)), await pairs.add(at(one), at(two))];
    const [asker, asked] = [await clientOf(one), await clientOf(two)];
    pairs.talk(PER_SECOND);
    await moreHeard(pairs, 5);
    await nats.kill();
    await one.logged(/The bus between the nodes is lost/);
    expect(await readiness(one)).toMatchObject({ status: 503, text: expect.stringContaining('bus_away') });
    const heard = a[0].history.received.length;
    while (a[0].history.received.length < heard + 5) await once(a[0], 'heard');
    await expectRefused(asker, asked.id, 'unavailable');
    await nats.restart();
    while (b[1].history.received.length < b[0].history.sent) await once(b[1], 'heard');
    await pairUp(asker, asked);
    expect(await readiness(one)).toEqual({ status: 200, text: 'ready\n' });
    await expectClean(pairs);
  });
});

describe('nodes over the relay network, without a broker', () => {
  it('federate: clients of two sites pair, and the death of either node loses nothing', async () => {
    const relayPort = String(await freePort());
    const secret = ['--secret', 'of all nodes'];
    const one = await NodeProcess.start('--node', '1', '--relay-port', relayPort, ...secret);
    const two = await NodeProcess.start(
      ...['--node', '2', '--relay-connect', `127.0.0.1:${relayPort}`, ...secret],
    );
    const pairs = closing(new SteadyPairs());
    await pairs.add(at(one), at(two));
    await pairs.add(at(two), at(one));
    pairs.talk(PER_SECOND);
    for (const node of [two, one]) {
      await moreHeard(pairs, 10);
      await node.kill();
      await node.restart();
      await moreHeard(pairs, 10);
    }
    await expectClean(pairs);
  });

  it('tell a client whose peer was at the site that died, though that one carried their messages', async () => {
    const relayPort = String(await freePort());
    const one = await NodeProcess.start('--node', '1', '--relay-port', relayPort);
    const two = await NodeProcess.start('--node', '2', '--relay-connect', `127.0.0.1:${relayPort}`);
    const [a, b] = [await RawClient.connect(one.url), await RawClient.connect(two.url)];
    b.send({ type: 'pair_request', target_id: a.id });
    await b.next('paired');
    await one.kill();
    expect(await b.next('peer_disconnected')).toMatchObject({ peer_id: a.id });
  });
});
