/**
 * How the two sides of a pairing find each other again after their nodes had lost each other, or one client went to
 * another node: a side asks for the other (`reclaim`), at the node that had it last or at all nodes. If two nodes say
 * that they have a client, the one counts to which it came back later.
 */
import type { RemoteSessionEvent } from '../../../machines/index.ts';
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { UnackedFrame } from '../../signaling/client.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import type { SessionLocations } from '../migration/session-locations.ts';
import type { RemoteSession } from './remote-session.ts';

/** What the reconciler needs from the remote pairings. */
export interface ReconciledPairings {
  readonly remoteHost: { dispatch(remote: RemoteSession, event: RemoteSessionEvent): void };
  all(): RemoteSession[];
  tell(remote: RemoteSession, type: 'reclaimed', fields: ReclaimedFields): void;
  tellSignal(remote: RemoteSession, frame: UnackedFrame): void;
}

export interface PairingReconcilerDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly signaling: Signaling;
  readonly remotePairings: ReconciledPairings;
}

type ReclaimedFields = Pick<NodeMessageOf<'reclaimed'>, 'generation' | 'is_resumable' | 'is_away'>;
type About = Pick<NodeMessageOf<'reclaimed'>, 'epoch' | 'from' | 'to' | 'generation'>;
type Found = Pick<NodeMessageOf<'reclaimed'>, 'generation' | 'is_away'>;

export class PairingReconciler {
  readonly #deps: PairingReconcilerDeps;

  constructor(deps: PairingReconcilerDeps) {
    this.#deps = deps;
  }

  /**
   * The client of this node is back. Meanwhile it may have been elsewhere, and the other side may think that it still
   * is.
   */
  back(remote: RemoteSession): void {
    if (remote.node !== undefined) this.#reclaim(remote, remote.node, false);
  }

  /** The link to a node is open: sides that had a pairing with it, or do not know where their other side is, ask it. */
  opened(node: NodeId): void {
    for (const remote of this.#deps.remotePairings.all()) {
      if (remote.node === undefined) this.#reclaim(remote, node, true);
      else if (remote.node === node) this.#reclaim(remote, node, false);
    }
  }

  lost(node: NodeId): void {
    for (const remote of this.#deps.remotePairings.all())
      if (remote.node === node) this.#deps.remotePairings.remoteHost.dispatch(remote, { type: 'CUT_OFF' });
  }

  #reclaim(remote: RemoteSession, node: NodeId, isForAll: boolean): void {
    const { pairing, side } = remote;
    if (!pairing) return;
    const peer = pairing.other(side);
    this.#deps.links.send(node, {
      type: 'reclaim',
      epoch: pairing.epoch,
      from: peer.id,
      to: remote.id,
      generation: peer.generation,
      initiator: peer.side === 'initiator',
      is_resumable: peer.isResumable,
      is_away: peer.isMissed,
      is_for_all: isForAll,
    });
  }

  /**
   * A node asks for the side of a client of this node.
   * @param remote stands for that node's client here, if there is such a pairing
   */
  reclaimed(node: NodeId, message: NodeMessageOf<'reclaim'>, remote: RemoteSession | undefined): void {
    const { to, generation } = message;
    const session = this.#deps.signaling.directory.sessions.get(to);
    const isFitting = remote && (remote.side === 'initiator') === message.initiator;
    if (session && isFitting && generation >= remote.generation) {
      const [is_resumable, is_away] = [session.isResumable, session.isMissed];
      remote.node = node;
      this.#deps.remotePairings.tell(remote, 'reclaimed', {
        generation: session.generation,
        is_resumable,
        is_away,
      });
      this.#found(remote, node, message);
      return;
    }
    this.reject(node, message, message.is_for_all);
  }

  /**
   * A node has the side of a client that has no such side here, or no longer.
   * @param isForAll whether other nodes were asked, too: then a node without the client stays silent
   */
  reject(node: NodeId, { epoch, from, to, generation }: About, isForAll: boolean): void {
    const session = this.#deps.signaling.directory.sessions.get(to);
    const location = session ? undefined : this.#deps.locations.get(to);
    if (location && location.node !== node)
      this.#deps.links.send(node, {
        type: 'moving',
        ...{ epoch, from: to, to: from, node: location.node, generation: location.generation },
      });
    else if (session || !(isForAll || this.#mayCome(to)))
      this.#deps.links.send(node, {
        type: 'ended',
        ...{ epoch, from: to, to: from, reason: 'disconnected', generation },
      });
  }

  /** Whether a session that is not here may arrive soon: from another node, or with a client from before a restart. */
  #mayCome(id: string): boolean {
    return this.#deps.signaling.sessions.restoreWindow.isOpen || this.#deps.locations.expected.has(id);
  }

  /**
   * The other client went to another node, which asks for our side once it has the client. So it need not be asked,
   * except by a side that was looking for the other one: that side may have come here since, and be asked for where it
   * no longer is.
   */
  moved(remote: RemoteSession, { node, generation }: NodeMessageOf<'moving'>): void {
    if (generation < remote.generation) return;
    const isSought = !remote.isReachable;
    remote.node = node;
    remote.generation = generation;
    this.#deps.remotePairings.remoteHost.dispatch(remote, { type: 'MOVING' });
    if (isSought && this.#deps.links.isOpen(node)) this.#reclaim(remote, node, false);
  }

  /** The node that was asked has the other side. */
  confirmed(remote: RemoteSession, node: NodeId, message: NodeMessageOf<'reclaimed'>): void {
    if (message.generation >= remote.generation) this.#found(remote, node, message);
  }

  /** Asks for the other side where it was last, or else at all nodes. */
  seek(remote: RemoteSession): void {
    const { node } = remote;
    if (node !== undefined && this.#deps.links.isOpen(node)) this.#reclaim(remote, node, false);
    else for (const other of this.#deps.links.open) this.#reclaim(remote, other, true);
  }

  /** The other side is found: first resends what may have been lost on the way to it, before anything new. */
  #found(remote: RemoteSession, node: NodeId, { generation, is_away }: Found): void {
    remote.node = node;
    remote.generation = generation;
    this.#deps.remotePairings.remoteHost.dispatch(remote, { type: 'RECLAIMED', isAway: is_away });
    for (const frame of remote.unacked) this.#deps.remotePairings.tellSignal(remote, frame);
    remote.drop(({ senderSeq }) => senderSeq === undefined);
  }
}
