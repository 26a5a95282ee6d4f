/** Pairings of real servers' clients; the links to the other nodes are the test's own, which says what those answer. */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessage } from '../../../../src/protocol/cluster/index.ts';
import type { Links } from '../../../../src/server/cluster/links.ts';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { PairingReconciler } from '../../../../src/server/cluster/pairing/reconcile-pairings.ts';
import type { RemoteSession } from '../../../../src/server/cluster/pairing/remote-session.ts';
import { pairAcross } from '../../../support/servers/test-cluster.ts';

async function withOwnLinks() {
  const { one, a, b } = await pairAcross();
  const { signaling, remotePairings, queue } = one.server.parts;
  const sent: { readonly node: number; readonly message: NodeMessage }[] = [];
  const links: Links = {
    open: [2, 3],
    inUse: [2, 3],
    isOpen: () => true,
    send: (node, message) => sent.push({ node, message }),
  };
  const locations = new SessionLocations(1, queue);
  const reconciler = new PairingReconciler({ links, locations, signaling, remotePairings });
  const [remote] = remotePairings.of(b.id) as [RemoteSession];
  const about = { epoch: remote.pairing?.epoch ?? 0, from: b.id, to: a.id };
  const found = { type: 'reclaimed', ...about, is_resumable: true, is_away: false } as const;
  return { reconciler, remote, remotePairings, sent, a, b, about, found };
}

describe('the other side of a pairing', () => {
  it('is asked for at its node when its peer comes back, which has to say so if it does not have it', async () => {
    const { reconciler, remote, sent } = await withOwnLinks();
    reconciler.back(remote);
    expect(sent).toEqual([
      { node: 2, message: expect.objectContaining({ type: 'reclaim', to: remote.id, is_for_all: false }) },
    ]);
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
