/** Pairings of real servers' clients; the links to the other nodes are the test's own, which says what those answer. */
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../src/server/cluster/cluster.ts';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { PairingReconciler } from '../../../../src/server/cluster/pairing/reconcile-pairings.ts';
import type { RemoteSession } from '../../../../src/server/cluster/pairing/remote-session.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import { linksTo, saidBy } from '../../../support/network/recorded-links.ts';
import { nobodyOn, pairAcross, twoNodes } from '../../../support/servers/test-cluster.ts';
import { pairUp } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

async function withOwnLinks() {
  const { one, a, b, advance } = await pairAcross();
  const { signaling, remotePairings, queue } = one.server.parts;
  const { links, sent } = linksTo(2, 3);
  const locations = new SessionLocations(1, queue);
  const reconciler = new PairingReconciler({ links, locations, signaling, remotePairings });
  const [remote] = remotePairings.of(b.id) as [RemoteSession];
  const about = { epoch: remote.pairing?.epoch ?? 0, from: b.id, to: a.id };
  const found = { type: 'reclaimed', ...about, is_resumable: true, is_away: false } as const;
  return { reconciler, remote, remotePairings, locations, sent, advance, a, b, about, found };
}

describe('the other side of a pairing', () => {
  it('is asked for at its node when its peer comes back, which has to say so if it does not have it', async () => {
    const { reconciler, remote, sent } = await withOwnLinks();
    reconciler.back(remote);
    expect(sent).toEqual([
      { node: 2, message: expect.objectContaining({ type: 'reclaim', to: remote.id, is_for_all: false }) },
    ]);
  });

  it('is asked for, when a link opens, at the node that has it, or at any while nobody knows its node', async () => {
    const { reconciler, remote, sent } = await withOwnLinks();
    const asked = () => sent.splice(0).map(({ node, message }) => ({ node, ...message }));
    const reclaim = { type: 'reclaim', to: remote.id };
    for (const node of [2, 3]) reconciler.opened(node);
    expect(asked()).toMatchObject([{ node: 2, ...reclaim, is_for_all: false }]);
    reconciler.seek(remote);
    expect(asked()).toMatchObject([{ node: 2, ...reclaim, is_for_all: false }]);
    remote.node = undefined;
    reconciler.opened(3);
    expect(asked()).toMatchObject([{ node: 3, ...reclaim, is_for_all: true }]);
    reconciler.seek(remote);
    expect(asked()).toMatchObject([2, 3].map((node) => ({ node, ...reclaim, is_for_all: true })));
  });

  it('is not here where a node asks that has the same side, or an older copy, or none is left', async () => {
    const { reconciler, remote, sent, about } = await withOwnLinks();
    const asks = { type: 'reclaim', ...about, is_resumable: true, is_away: false, is_for_all: true } as const;
    const isInitiator = remote.side === 'initiator';
    const ended = { node: 3, message: { type: 'ended', epoch: about.epoch, from: about.to, to: about.from } };
    remote.generation = 1;
    for (const [initiator, generation, side] of [
      [!isInitiator, 1, remote],
      [isInitiator, 0, remote],
      [isInitiator, 1, undefined],
    ] as const) {
      reconciler.reclaimed(3, { ...asks, initiator, generation }, side);
      expect(sent.splice(0)).toMatchObject([ended]);
    }
    expect(remote.node).toBe(2);
    reconciler.reclaimed(3, { ...asks, initiator: isInitiator, generation: 1 }, remote);
    expect([sent, remote.node]).toEqual([[], 3]);
  });

  it('is at the node to which it came back last, whatever a node says that had it earlier', async () => {
    const { reconciler, remote, about, found } = await withOwnLinks();
    reconciler.confirmed(remote, 3, { ...found, generation: 2 });
    reconciler.moved(remote, { type: 'moving', ...about, node: 2, generation: 1 });
    reconciler.confirmed(remote, 2, { ...found, generation: 1 });
    expect([remote.node, remote.generation]).toEqual([3, 2]);
    reconciler.moved(remote, { type: 'moving', ...about, node: 2, generation: 4 });
    reconciler.confirmed(remote, 3, { ...found, generation: 3 });
    expect([remote.node, remote.generation]).toEqual([2, 4]);
  });

  it('is gone when its node says so, except to a client that has come back since', async () => {
    const { remote, remotePairings, a, about } = await withOwnLinks();
    const ended = { type: 'ended', ...about, reason: 'timed_out' } as const;
    remote.localGeneration = 1;
    remotePairings.onEnded(2, { ...ended, generation: 0 });
    await a.settled();
    expect(a.inbox).toEqual([]);
    remotePairings.onEnded(2, { ...ended, generation: 1 });
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: remote.id, reason: 'timed_out' });
  });

  it('is gone when its node says so of a pairing whose clients both never came back', async () => {
    const { remotePairings, a, about } = await withOwnLinks();
    remotePairings.onEnded(2, { type: 'ended', ...about, reason: 'disconnected', generation: 0 });
    expect(await a.next('peer_disconnected')).toMatchObject({ reason: 'disconnected' });
  });

  type Test = Awaited<ReturnType<typeof withOwnLinks>>;
  it.each([
    ['is lost', ({ reconciler }: Test) => reconciler.lost(2)],
    [
      'says that it is moving',
      ({ reconciler, remote, about }: Test) =>
        reconciler.moved(remote, { type: 'moving', ...about, node: 2, generation: 1 }),
    ],
    [
      'is not known',
      ({ remote }: Test) => {
        remote.node = undefined;
      },
    ],
  ])('gets what is said to it while its node %s once it is found, and not before', async (_what, miss) => {
    const test = await withOwnLinks();
    const { reconciler, remote, remotePairings, found, b } = test;
    miss(test);
    const text = JSON.stringify({ type: 'candidate', candidate: null });
    remotePairings.relay(remote, text, undefined);
    expect(remote.unacked).toEqual([{ senderSeq: undefined, text }]);
    reconciler.confirmed(remote, 2, { ...found, generation: 1 });
    expect(remote.unacked).toEqual([]);
    await b.next('candidate');
  });

  it('is asked for at the node to which it went only by a side that was looking for it: that node asks for the others', async () => {
    const { reconciler, remote, sent } = await withOwnLinks();
    const about = { epoch: remote.pairing?.epoch ?? 0, from: remote.id, to: remote.peer?.id ?? '' };
    reconciler.moved(remote, { type: 'moving', ...about, node: 3, generation: 1 });
    expect([remote.value, sent]).toEqual(['moving', []]);
    reconciler.moved(remote, { type: 'moving', ...about, node: 2, generation: 2 });
    expect(sent).toEqual([
      { node: 2, message: expect.objectContaining({ type: 'reclaim', to: remote.id, is_for_all: false }) },
    ]);
  });
});

describe('a side of a pairing that a node asks about or names', () => {
  /** What a node is told that asks the first one for the other side of a pairing. */
  async function answers() {
    const { reconciler, locations, sent, advance, a, b, about } = await withOwnLinks();
    return {
      ...{ a, locations, advance, about: { ...about, from: b.id } },
      to: (id: string, isForAll: boolean) => {
        reconciler.reject(2, { epoch: 77, from: b.id, to: id, generation: 3 }, isForAll);
        return sent.splice(0);
      },
      ended: (id: string) => ({
        node: 2,
        message: { type: 'ended', epoch: 77, from: id, to: b.id, reason: 'disconnected', generation: 3 },
      }),
    };
  }

  it('is over when its client is here and has no such side, whoever else was asked', async () => {
    const { a, to, ended } = await answers();
    expect([to(a.id, false), to(a.id, true)]).toEqual([[ended(a.id)], [ended(a.id)]]);
  });

  it('may still come to a node that was started just now; later it is over, unless another node may have it', async () => {
    const { to, ended, advance, locations } = await answers();
    const nobody = nobodyOn(1);
    expect([to(nobody, false), to(nobody, true)]).toEqual([[], []]);
    await advance(31_000);
    expect([to(nobody, false), to(nobody, true)]).toEqual([[ended(nobody)], []]);
    locations.expected.add(nobody);
    expect(to(nobody, false)).toEqual([]);
  });

  it('is where its client went, except to the node that it went to', async () => {
    const { to, ended, advance, locations } = await answers();
    const gone = nobodyOn(1);
    locations.set(gone, { node: 3, generation: 5, isConfirmed: true });
    const moving = { type: 'moving', epoch: 77, from: gone, node: 3, generation: 5 };
    expect(to(gone, true)).toMatchObject([{ node: 2, message: moving }]);
    await advance(31_000);
    locations.set(gone, { node: 2, generation: 5, isConfirmed: true });
    expect([to(gone, true), to(gone, false)]).toEqual([[], [ended(gone)]]);
  });

  it('is over for a node that says it has it, when the request for it is over', async () => {
    const { one, b, advance } = await pairAcross();
    await advance(31_000);
    const told = saidBy(one.server.parts.cluster as Cluster);
    const [nobody, epoch] = [nobodyOn(1), 77];
    const about = { epoch, from: b.id, to: nobody, generation: 0 };
    const late = { type: 'reclaimed', ...about, is_resumable: true, is_away: false } as const;
    one.server.parts.remotePairings.onReclaimed(2, late);
    expect(told).toMatchObject([{ node: 2, message: { type: 'ended', epoch, from: nobody, to: b.id } }]);
  });
});

describe('word of the end of a pairing, from before its client came back', () => {
  it.each([
    ['to its node, while its peer went to another', 'stays'],
    ['to another node than its peer', 'moves'],
  ])('%s, ends it no more', async (_where, which) => {
    const { one, two } = await twoNodes();
    const [a, b] = [await one.connectResumable(), await one.connectResumable()];
    const epoch = await pairUp(a, b);
    const back = await a.comeBack((which === 'moves' ? two : one).server.url);
    if (which === 'stays') await b.comeBack(two.server.url);
    const [here, there] = which === 'moves' ? ([two, 1] as const) : ([one, 2] as const);
    const { remotePairings } = here.server.parts;
    await until(() => remotePairings.of(b.id)[0]?.isReachable === true, 'the two sides to have each other');
    back.inbox.length = 0;
    const ended = { type: 'ended', epoch, from: b.id, to: a.id, reason: 'disconnected' } as const;
    remotePairings.onEnded(there, { ...ended, generation: 0 });
    await back.settled();
    expect(back.inbox).toEqual([]);
    remotePairings.onEnded(there, { ...ended, generation: 1 });
    expect(await back.next('peer_disconnected')).toMatchObject({ peer_id: b.id });
  });
});

it('a client that has just gone to another node is there, whatever comes late from where it was before', async () => {
  const { one } = await twoNodes();
  const [a, b] = [await one.connectResumable(), await one.connectResumable()];
  const epoch = await pairUp(a, b);
  const { sessions, remotePairings, cluster } = one.server.parts;
  const session = sessions.get(b.id) as ServerSession;
  const [seat] = session.seats;
  cluster?.outboundMigrations.superseded(session, 2);
  expect([session.seats, seat?.pairing]).toEqual([[], undefined]);
  const [remote] = remotePairings.of(b.id) as [RemoteSession];
  const moving = { type: 'moving', epoch, from: b.id, to: a.id, node: 3 } as const;
  remotePairings.onMoving(2, { ...moving, generation: 0 });
  expect(remote.node).toBe(2);
  remotePairings.onMoving(2, { ...moving, generation: 1 });
  expect(remote.node).toBe(3);
});
