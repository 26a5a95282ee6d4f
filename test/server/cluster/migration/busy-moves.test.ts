/**
 * Sessions that go from a node to a busy one, on which they wait for their turns: new pair requests do not wait behind
 * them, and nothing else overtakes what it depends on.
 */
import { describe, expect, it } from '@jest/globals';
import { SimulatedClient } from '../../../support/clients/simulated-client.ts';
import {
  LossyNetwork,
  type SimulatedNode,
  startSimulatedNode,
} from '../../../support/network/cluster-simulation.ts';

const SESSIONS = 3;
/** Enough for each of them to have its turn. */
const TURNS = 20;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Two busy nodes. Clients of the first have come to the second, and their sessions are under way to it; a is on the
 * first, b on the second.
 */
async function underWay() {
  const network = new LossyNetwork();
  const one: SimulatedNode = await startSimulatedNode(1, network, true);
  const two: SimulatedNode = await startSimulatedNode(2, network, true);
  network.deliverAll();
  const [a, b] = [new SimulatedClient('a', true), new SimulatedClient('b', true)];
  const moving = Array.from({ length: SESSIONS }, (_, n) => new SimulatedClient(`client ${n}`, true));
  const clients = [a, b, ...moving];
  const flush = () => {
    for (const client of clients) client.flush();
  };
  b.connect(two);
  for (const client of [a, ...moving]) client.connect(one);
  const settle = async () => {
    for (let n = 0; n < TURNS; n += 1) {
      flush();
      network.deliverAll();
      await turn();
    }
    flush();
  };
  await settle();
  const leave = async () => {
    for (const client of moving) client.connect(two);
    flush();
    // What the first node says to the second stays under way.
    for (let n = 0; n < TURNS; n += 1) {
      network.deliverAll(2);
      await turn();
    }
  };
  const isAt = ({ server }: SimulatedNode, { id }: SimulatedClient) => server.parts.sessions.has(id);
  const stop = async () => {
    for (const { server } of [one, two]) await server.stop();
  };
  return { network, one, two, a, b, moving, flush, settle, leave, isAt, stop };
}

describe('sessions that come to a busy node', () => {
  it('have their turns one after the other, and a pair request that came behind them is answered before', async () => {
    const { network, two, a, b, moving, flush, settle, leave, isAt, stop } = await underWay();
    await leave();
    a.ask(b);
    flush();
    network.deliverAll();
    expect(a.pairing?.peer_id).toBe(b.id);
    expect(moving.map((client) => isAt(two, client))).toEqual([false, false, false]);
    await settle();
    expect(moving.map((client) => isAt(two, client))).toEqual([true, true, true]);
    await stop();
  });

  it('are there for whoever asks for them right behind them', async () => {
    const { network, a, moving, flush, leave, settle, stop } = await underWay();
    const last = moving.at(-1) as SimulatedClient;
    await leave();
    a.ask(last);
    flush();
    network.deliverAll();
    expect(a.pairing?.peer_id).toBe(last.id);
    await settle();
    expect(last.pairing?.peer_id).toBe(a.id);
    await stop();
  });

  it('are there for whoever asks for one of their keys right behind them', async () => {
    const { network, one, two, a, moving, leave, flush, settle, stop } = await underWay();
    const last = moving.at(-1) as SimulatedClient;
    const { directory, queue } = one.server.parts.signaling;
    const session = one.server.parts.sessions.get(last.id);
    if (!session) throw new Error('it has no session');
    const { key } = directory.keys.create(session, queue.now);
    await leave();
    a.askByKey(key);
    flush();
    network.deliverAll();
    expect(a.pairing?.peer_id).toBe(last.id);
    await settle();
    expect(two.server.parts.pairings.size).toBe(1);
    await stop();
  });

  it('wait on while subscribers of a topic come, go and are told something', async () => {
    const { network, one, two, moving, leave, settle, isAt, stop } = await underWay();
    await leave();
    const links = one.server.parts.cluster?.links;
    links?.send(two.id, { type: 'topics_joined', topics: ['a'], subscribers: [1] });
    links?.send(two.id, { type: 'published', topic: 'a', text: 'hello' });
    links?.send(two.id, { type: 'topics_left', topics: ['a'] });
    await turn();
    network.deliverAll();
    expect(moving.map((client) => isAt(two, client))).toEqual([false, false, false]);
    await settle();
    expect(moving.map((client) => isAt(two, client))).toEqual([true, true, true]);
    await stop();
  });

  it('are kept, with their pairings, when the node that they came from is lost before their turn', async () => {
    const { network, one, two, b, moving, leave, settle, isAt, stop } = await underWay();
    const ids = moving.map(({ id }) => id);
    const [first, second, third] = moving as [SimulatedClient, SimulatedClient, SimulatedClient];
    first.ask(second);
    third.ask(b);
    await settle();
    await leave();
    for (const client of [...moving, b]) client.say();
    while (network.underWay.some(({ to }) => to === 2))
      network.deliver(network.underWay.findIndex(({ to }) => to === 2));
    network.kill(1);
    for (let passed = 0; passed < 5_000; passed += 500) two.clock.advance(500);
    expect(two.server.parts.cluster?.links.open).toEqual([]);
    // They were told meanwhile to come again later.
    for (const client of moving) client.connect(two);
    await settle();
    expect(moving.map(({ id }) => id)).toEqual(ids);
    expect(moving.map((client) => [isAt(one, client), isAt(two, client)])).toEqual(
      moving.map(() => [false, true]),
    );
    expect(two.server.parts.pairings.size).toBe(2);
    expect([first, second, third, b].map(({ heard }) => [...heard.values()].flat())).toEqual(
      [second, first, b, third].map(({ said }) => [...said.values()].flat()),
    );
    await stop();
  });
});

describe('sessions that a node was asked for, and has not given away yet,', () => {
  /** The second node has asked the first for all of them. */
  async function askedFor() {
    const nodes = await underWay();
    for (const client of nodes.moving) client.connect(nodes.two);
    nodes.flush();
    for (let n = 0; n < TURNS; n += 1) await turn();
    return nodes;
  }

  it('are given away in turns, and a pair request that came behind is answered before', async () => {
    const { network, one, two, a, b, moving, flush, settle, isAt, stop } = await askedFor();
    b.ask(a);
    flush();
    network.deliverAll();
    expect(b.pairing?.peer_id).toBe(a.id);
    expect(moving.map((client) => isAt(one, client))).toEqual([true, true, true]);
    await settle();
    expect(moving.map((client) => [isAt(one, client), isAt(two, client)])).toEqual(
      moving.map(() => [false, true]),
    );
    await stop();
  });

  it('stay when the node that asked leaves: their clients come back to them', async () => {
    const { network, one, two, moving, flush, settle, isAt, stop } = await askedFor();
    const ids = moving.map(({ id }) => id);
    await two.server.stop();
    network.deliverAll();
    expect(one.server.parts.cluster?.links.open).toEqual([]);
    for (const client of moving) client.connect(one);
    flush();
    await settle();
    expect(moving.map(({ id }) => id)).toEqual(ids);
    expect(moving.map((client) => isAt(one, client))).toEqual(moving.map(() => true));
    await stop();
  });

  it('are given away before the node leaves', async () => {
    const { network, one, two, moving, settle, isAt, stop } = await askedFor();
    network.deliverAll();
    expect(moving.map((client) => isAt(one, client))).toEqual(moving.map(() => true));
    await one.server.parts.cluster?.stop();
    expect(moving.map((client) => isAt(one, client))).toEqual(moving.map(() => false));
    await settle();
    expect(moving.map((client) => isAt(two, client))).toEqual(moving.map(() => true));
    await stop();
  });
});
