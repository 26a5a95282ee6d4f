/** What a node answers another one that asks for a session, and what it remembers of a session that has gone. */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessage, NodeMessageOf } from '../../../../src/protocol/cluster/index.ts';
import { closeCodes } from '../../../../src/protocol/index.ts';
import type { Cluster } from '../../../../src/server/cluster/cluster.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import { nobodyOn, threeNodes } from '../../../support/servers/test-cluster.ts';
import { pairUp } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

/** The first of three nodes, and what it says to others from now on; none of that arrives. */
async function nodeOne(options: Parameters<typeof threeNodes>[0] = {}) {
  const nodes = await threeNodes(options);
  const { one } = nodes;
  const { cluster, remotePairings, sessions } = one.server.parts;
  const { links, events } = cluster as Cluster;
  const sent: object[] = [];
  links.send = (to: number, message: NodeMessage) => void sent.push({ to, ...message });
  const told = () => sent.splice(0);
  const atStart = events.newest.length;
  return {
    ...{ ...nodes, told, sessions, cluster: cluster as Cluster, locations: remotePairings.locations },
    asks: (node: number, { id, token = 'none' }: { id: string; token?: string }, received = 0) => {
      cluster?.received(node, { type: 'move', number: 7, id, token, received });
      return told();
    },
    events: () => events.newest.slice(atStart).map(({ kind, node, id }) => [kind, node, id]),
  };
}

const refusal = { to: 2, type: 'not_moved', number: 7, may_restore: false };

describe('a session that another node asks for', () => {
  it('goes there with all that is its client’s, and this node remembers where it went', async () => {
    const { one, asks, sessions, locations, events } = await nodeOne();
    const client = await one.connectResumable();
    client.send({ type: 'create_key' });
    const { key } = await client.next('key');
    const answer = asks(2, client);
    const keys = [{ key: String(key).replaceAll('-', ''), ttl_ms: 10 * 60_000, uses: 1 }];
    expect(answer).toEqual([
      { to: 2, type: 'moved', number: 7, session: expect.objectContaining({ keys, generation: 0 }) },
    ]);
    expect(sessions.has(client.id)).toBe(false);
    // Until that node says so, it may not have arrived.
    expect(locations.get(client.id)).toEqual({ node: 2, generation: 1, isConfirmed: false });
    expect(events()).toEqual([['went', 2, client.id]]);
    expect((await client.whenClosed()).code).toBe(closeCodes.takenOver);
    expect(asks(3, client)).toEqual([{ ...refusal, to: 3, node: 2 }]);
  });

  it('goes without the pairings in which most waits, if all together is more than a bus carries', async () => {
    const { one, asks } = await nodeOne({ maxMessageBytes: 4 * 1024 * 1024, maxBytesPerSecond: 0 });
    const client = await one.connectResumable(20);
    const peers = await Promise.all(Array.from({ length: 8 }, () => one.connectResumable()));
    const epochs: number[] = [];
    for (const peer of peers) epochs.push(await pairUp(client, peer));
    client.socket.terminate();
    for (const [n, peer] of peers.entries()) {
      await peer.next('peer_away');
      // Twice as long in the client's message, and again in that between the nodes.
      peer.send({ type: 'signal', data: '\\'.repeat(1_000_000 + n * 1_000) });
      await peer.settled();
    }
    const moved = asks(2, client, client.delivery.received).at(-1) as NodeMessageOf<'moved'>;
    expect(moved.type).toBe('moved');
    expect(JSON.stringify(moved).length).toBeLessThan(24 * 1024 * 1024);
    const [kept, { length: left }] = [moved.session.pairings, moved.session.unacked];
    expect(kept.map(({ epoch }) => epoch)).toEqual(epochs.slice(0, kept.length));
    expect([kept.length > 3, kept.length < 8, left >= kept.length]).toEqual([true, true, true]);
    for (const peer of peers.slice(kept.length))
      expect(await peer.next('peer_disconnected')).toMatchObject({ reason: 'overfull' });
  });

  it('stays where its client has another secret, and that node is not told of any other', async () => {
    const { one, asks, sessions, events } = await nodeOne();
    const [client, other] = [await one.connectResumable(), await one.connectResumable()];
    expect(asks(2, { id: client.id, token: other.token })).toEqual([refusal]);
    expect([sessions.has(client.id), events()]).toEqual([true, []]);
  });

  it('has no request under way any more, as its answer would come here', async () => {
    const { one, asks } = await nodeOne();
    const [asker, idle] = [await one.connectResumable(), await one.connectResumable()];
    asker.send({ type: 'pair_request', target_id: nobodyOn(2) });
    await until(
      () => one.server.parts.sessions.get(asker.id)?.pendingPairRequest !== undefined,
      'the request',
    );
    const unackedOf = (answers: object[]) =>
      answers.flatMap((answer) => (answer as NodeMessageOf<'moved'>).session?.unacked ?? []);
    const [refused, untouched] = [asker, idle].map((client) =>
      unackedOf(asks(2, client)).filter(({ text }) => text.includes('"error"')),
    );
    expect(refused?.map(({ text }) => JSON.parse(text))).toMatchObject([
      { code: 'unavailable', for: 'pair_request' },
    ]);
    expect(untouched).toEqual([]);
  });

  it('stays here, and nothing is said, if that node is lost by now', async () => {
    const { one, asks, sessions } = await nodeOne();
    const client = await one.connectResumable();
    expect(asks(4, client)).toEqual([]);
    expect(sessions.has(client.id)).toBe(true);
  });

  it('is given up to a node that has it, too, unless that is this node', async () => {
    const { one, cluster, told, sessions, events } = await nodeOne();
    const client = await one.connectResumable();
    const hosting = { type: 'hosting' as const, sessions: [{ id: client.id, generation: 1 }] };
    cluster.received(2, { ...hosting, at: 1 });
    expect([sessions.has(client.id), events(), told()]).toEqual([true, [], []]);
    cluster.received(2, hosting);
    expect([sessions.has(client.id), events()]).toEqual([false, [['went', 2, client.id]]]);
  });

  it('that was a stale copy is nowhere: where its client is will be known when it has come', async () => {
    const { one, cluster, told, sessions, locations, events } = await nodeOne();
    const client = await one.connectResumable();
    cluster.dropStale(sessions.get(client.id) as ServerSession);
    expect([sessions.has(client.id), locations.get(client.id)]).toEqual([false, undefined]);
    expect([events(), told()]).toEqual([[], []]);
  });
});

describe('a session that is not here', () => {
  it.each([
    ['began at another node, which may have it', 3, { node: 3 }],
    ['began at the node that asks', 2, {}],
    ['began here', 1, {}],
  ])('is elsewhere as far as this node knows: it %s', async (_where, began, more) => {
    const { asks } = await nodeOne();
    expect(asks(2, { id: nobodyOn(began) })).toEqual([{ ...refusal, ...more }]);
  });

  it('is, if it was handed over, where it went, which the node that it went to need not be told', async () => {
    const { asks, locations } = await nodeOne();
    locations.set(nobodyOn(1), { node: 3, generation: 1, isConfirmed: false });
    expect([2, 3].map((node) => asks(node, { id: nobodyOn(1) }))).toEqual([
      [{ ...refusal, node: 3 }],
      [{ ...refusal, to: 3 }],
    ]);
  });

  it('may have been lost with the earlier process of this node that gave the secret, for 30 s from the start', async () => {
    const { one, two, asks, advance } = await nodeOne();
    const [ours, foreign] = [await one.connectResumable(), await two.connectResumable()];
    await ours.close();
    await until(() => !one.server.parts.sessions.has(ours.id), 'the end');
    // A process tells its own secrets from those of another one that has the same key.
    const mayRestore = () =>
      [ours, foreign].map((of) => (asks(2, of)[0] as NodeMessageOf<'not_moved'>).may_restore);
    expect(mayRestore()).toEqual([false, true]);
    await advance(30_000);
    expect(mayRestore()).toEqual([false, true]);
    one.clock.advance(1);
    expect(mayRestore()).toEqual([false, false]);
  });
});
