/**
 * For the inspector, on a server that is one node of several: the clients of other nodes as this node sees them, and
 * its links.
 */
import type { ListRow } from '../../protocol/index.ts';
import { type Source, source } from '../inspector/source.ts';
import type { Party, ServerPairing } from '../signaling/pairing.ts';
import type { Cluster } from './cluster.ts';
import type { NodeLink } from './node-link.ts';
import type { RemotePairings } from './pairing/remote-pairings.ts';
import { RemoteSession } from './pairing/remote-session.ts';

export interface NodeMachines {
  readonly pairings: ReadonlySet<ServerPairing>;
  readonly remotePairings: Pick<RemotePairings, 'remoteHost'>;
  readonly cluster: Cluster;
}

/** A party of a pairing has one, and a peer. */
type PairedRemote = RemoteSession & { readonly pairing: ServerPairing; readonly peer: Party };

export function nodeSources({ pairings, remotePairings, cluster }: NodeMachines): Source[] {
  return [
    source<PairedRemote>({
      machine: 'remote-session',
      host: remotePairings.remoteHost,
      instances: () => [...pairings].flatMap(remotesOf),
      startOf: ({ pairing }) => pairing.startedAt,
      rowOf: ({ id, node, peer, pairing }) => ({
        id,
        ...whereabouts('id', node),
        peer_id: peer.id,
        epoch: pairing.epoch,
      }),
      isFound: ({ id, peer }, query) => id.includes(query) || peer.id.includes(query),
    }),
    source<NodeLink>({
      machine: 'node-link',
      host: cluster.links.host,
      instances: () => cluster.links.links.values(),
      startOf: ({ openedAt }) => openedAt,
      rowOf: ({ node }) => ({ id: String(node) }),
      isFound: ({ node }, query) => String(node) === query,
    }),
  ];
}

/** The parties of a pairing that are at another node: none or one. */
export function remotesOf({ parties }: ServerPairing): PairedRemote[] {
  return parties.filter((party): party is PairedRemote => party instanceof RemoteSession);
}

/** The columns of a row for a client at another node. */
export function whereabouts(
  elsewhere: 'id' | 'peer_id',
  node: number | undefined,
): Pick<ListRow, 'elsewhere' | 'node'> {
  return { elsewhere, ...(node !== undefined && { node }) };
}
