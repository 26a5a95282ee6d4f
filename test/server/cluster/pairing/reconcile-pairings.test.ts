/** Pairings of real servers' clients; the links to the other nodes are the test's own, which says what those answer. */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessage } from '../../../../src/protocol/cluster/index.ts';
import type { Links } from '../../../../src/server/cluster/links.ts';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { PairingReconciler } from '../../../../src/server/cluster/pairing/reconcile-pairings.ts';
import type { RemoteSession } from '../../../../src/server/cluster/pairing/remote-session.ts';
import { pairAcross } from '../../../support/servers/test-cluster.ts';

async function withOwnLinks() {
  const { one, b } = await pairAcross();
  const { signaling, remotePairings, queue } = one.server.parts;
  const sent: { readonly node: number; readonly message: NodeMessage }[] = [];
  const links: Links = {
    open: [2, 3],
    isOpen: () => true,
    send: (node, message) => sent.push({ node, message }),
  };
  const locations = new SessionLocations(1, queue);
  const reconciler = new PairingReconciler({ links, locations, signaling, remotePairings });
  const [remote] = remotePairings.of(b.id) as [RemoteSession];
  return { reconciler, remote, sent };
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
    const { reconciler, remote } = await withOwnLinks();
    const { pairing, peer } = remote;
    const about = { epoch: pairing?.epoch ?? 0, from: remote.id, to: peer?.id ?? '' };
    const found = { type: 'reclaimed', ...about, is_resumable: true, is_away: false } as const;
    reconciler.confirmed(remote, 3, { ...found, generation: 2 });
    reconciler.moved(remote, { type: 'moving', ...about, node: 2, generation: 1 });
    reconciler.confirmed(remote, 2, { ...found, generation: 1 });
    expect([remote.node, remote.generation]).toEqual([3, 2]);
  });
});
