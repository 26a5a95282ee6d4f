/** A session that has left its node and is not yet at the next: what its peer, on a third one, is told of it. */
import { describe, expect, it } from '@jest/globals';
import { SimulatedClient } from '../../../support/clients/simulated-client.ts';
import {
  LossyNetwork,
  type SimulatedNode,
  startSimulatedNode,
} from '../../../support/network/cluster-simulation.ts';
import { threeNodes } from '../../../support/servers/test-cluster.ts';
import { pairUp } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

describe('a session that is on its way to another node', () => {
  /** b goes from the second node to the third, whose request for the session is under way; a is on the first. */
  async function onItsWay() {
    const cluster = await threeNodes();
    const { hold, one, two, three } = cluster;
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    const held = hold();
    const next = await b.knock(three.server.url);
    await until(() => held.count > 0, 'the request for the session');
    return { ...cluster, a, b, next, held };
  }

  it('is away for its peer when that node dies before it has it, and gone after the grace', async () => {
    const { three, two, a, b, sever, held, advance } = await onItsWay();
    sever(three);
    held.release();
    await until(() => !two.server.parts.sessions.has(b.id), 'the departure');
    await a.settled();
    expect(a.inbox).toEqual([]);
    await advance(5_000);
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    await advance(31_000);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'timed_out' });
  });

  it('is away for its peer when it comes too late for its client to wait for it, and back when that is', async () => {
    const { three, two, a, b, next, held } = await onItsWay();
    held.deliver();
    await until(() => !two.server.parts.sessions.has(b.id), 'the departure');
    // The third node lets its client wait for 2 s.
    three.clock.advance(2_050);
    await next.whenClosed();
    held.release();
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    await b.comeBack(three.server.url);
    expect(await a.next('peer_back')).toMatchObject({ peer_id: b.id });
  });

  it('is away for its peer when its client has left that node again, and back when that is', async () => {
    const { three, a, b, next, held } = await onItsWay();
    // Waits for the server's answer: it knows.
    await next.close();
    held.release();
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    await b.comeBack(three.server.url);
    expect(await a.next('peer_back')).toMatchObject({ peer_id: b.id });
  });

  it('is gone for its peer after the grace when their nodes do not hear each other', async () => {
    const network = new LossyNetwork();
    const nodes = [1, 2, 3].map((node) => startSimulatedNode(node, network));
    const [one, two, three] = (await Promise.all(nodes)) as [SimulatedNode, SimulatedNode, SimulatedNode];
    const [a, b] = [new SimulatedClient('a', true), new SimulatedClient('b', true)];
    const run = () => {
      for (const client of [a, b]) client.flush();
      while (network.underWay[0]) {
        const { to, text } = network.underWay[0];
        if (new Set([1, 3]).has(to) && new Set([1, 3]).has(JSON.parse(text).node)) network.lose(0);
        else network.deliver(0);
        for (const client of [a, b]) client.flush();
      }
    };
    const wait = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 500) {
        for (const { clock } of [one, two, three]) clock.advance(500);
        run();
      }
    };
    a.connect(one);
    b.connect(two);
    wait(6_000);
    a.ask(b);
    run();
    expect(a.pairing?.peer_id).toBe(b.id);
    b.connect(three);
    run();
    expect([three, two].map(({ server }) => server.parts.sessions.has(b.id))).toEqual([true, false]);
    wait(29_000);
    expect(a.pairing?.peer_id).toBe(b.id);
    wait(2_000);
    expect(a.pairing).toBeUndefined();
    for (const { server } of [one, two, three]) await server.stop();
  });
});
