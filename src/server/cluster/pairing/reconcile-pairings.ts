/**
 * How the two halves of a pairing find each other again, after their nodes had lost each other, or one client went to
 * another node: a half asks for the other (`reclaim`), at the node that had it last or at all of them. Of two that say
 * they have a client, the one counts to which it came back later.
 */
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { SessionLocation } from '../migration/session-locations.ts';
import type { NodeLinks } from '../node-links.ts';
import type { RemotePairings } from './remote-pairings.ts';
import type { RemoteSession } from './remote-session.ts';

/** What the halves need to know of the cluster. */
export interface OtherNodes {
  readonly links: NodeLinks;
  /** Where a session went that was here. */
  readonly locationOf: (sessionId: string) => SessionLocation | undefined;
  /** Whether a session is on its way here. */
  readonly isExpected: (sessionId: string) => boolean;
}

export interface PairingReconcilerDeps {
  /** Undefined for a server that is alone. */
  readonly cluster: () => OtherNodes | undefined;
  readonly sessions: ReadonlyMap<string, ServerSession>;
  /** Whether clients of an earlier process of this node may still come back. */
  readonly mayRestore: () => boolean;
}

type About = Pick<NodeMessageOf<'reclaimed'>, 'epoch' | 'from' | 'to' | 'generation'>;
type Found = Pick<NodeMessageOf<'reclaimed'>, 'generation' | 'is_away'>;

export class PairingReconciler {
  readonly #deps: PairingReconcilerDeps;
  readonly #remotePairings: Pick<RemotePairings, 'all' | 'tell' | 'remoteHost'>;

  constructor(
    deps: PairingReconcilerDeps,
    remotePairings: Pick<RemotePairings, 'all' | 'tell' | 'remoteHost'>,
  ) {
    this.#deps = deps;
    this.#remotePairings = remotePairings;
  }

  get #links(): NodeLinks | undefined {
    return this.#deps.cluster()?.links;
  }

  /** Our client is back. Meanwhile it may have been elsewhere, and the other half may think that it still is. */
  back(remote: RemoteSession): void {
    if (remote.node !== undefined) this.#reclaim(remote, remote.node, false);
  }

  /** A node is there: who had a pairing with it, or does not know where the other half is, asks. */
  opened(node: NodeId): void {
    for (const remote of this.#remotePairings.all()) {
      if (remote.node === undefined) this.#reclaim(remote, node, true);
      else if (remote.node === node) this.#reclaim(remote, node, false);
    }
  }

  lost(node: NodeId): void {
    for (const remote of this.#remotePairings.all())
      if (remote.node === node) this.#remotePairings.remoteHost.dispatch(remote, { type: 'CUT_OFF' });
  }

  #reclaim(remote: RemoteSession, node: NodeId, isForAll: boolean): void {
    const { localSession: peer, pairing } = remote;
    if (!peer || !pairing) return;
    this.#links?.send(node, {
      type: 'reclaim',
      epoch: pairing.epoch,
      from: peer.id,
      to: remote.id,
      generation: peer.generation,
      initiator: peer.side === 'initiator',
      is_resumable: peer.delivery !== undefined,
      is_away: peer.isMissed,
      is_for_all: isForAll,
    });
  }

  /**
   * A node asks for the half of a client of ours.
   * @param remote the one that stands for its client here, when there is such a pairing
   */
  reclaimed(node: NodeId, message: NodeMessageOf<'reclaim'>, remote: RemoteSession | undefined): void {
    const { to, generation } = message;
    const session = this.#deps.sessions.get(to);
    const isFitting = remote && (remote.side === 'initiator') === message.initiator;
    if (session && isFitting && generation >= remote.generation) {
      const [is_resumable, is_away] = [session.delivery !== undefined, session.isMissed];
      remote.node = node;
      this.#remotePairings.tell(remote, 'reclaimed', {
        generation: session.generation,
        is_resumable,
        is_away,
      });
      this.#found(remote, node, message);
      return;
    }
    this.rejected(node, message, message.is_for_all);
  }

  /**
   * A node has the half of a client of ours that has none here, or none any more.
   * @param isForAll whether other nodes were asked, too: who does not have the client is silent
   */
  rejected(node: NodeId, { epoch, from, to, generation }: About, isForAll: boolean): void {
    const session = this.#deps.sessions.get(to);
    const note = session ? undefined : this.#deps.cluster()?.locationOf(to);
    if (note && note.node !== node)
      this.#links?.send(node, {
        type: 'moving',
        ...{ epoch, from: to, to: from, node: note.node, generation: note.generation },
      });
    else if (session || !(isForAll || this.#mayCome(to)))
      this.#links?.send(node, {
        type: 'ended',
        ...{ epoch, from: to, to: from, reason: 'disconnected', generation },
      });
  }

  /** Whether a session may be here soon that is not: on its way from another node, or its client from before a restart. */
  #mayCome(id: string): boolean {
    return this.#deps.mayRestore() || this.#deps.cluster()?.isExpected(id) === true;
  }

  /** The other client went to another node. That one says so itself, unless it asked for us where we are not. */
  moved(remote: RemoteSession, { node, generation }: NodeMessageOf<'moving'>): void {
    if (generation < remote.generation) return;
    remote.node = node;
    remote.generation = generation;
    this.#remotePairings.remoteHost.dispatch(remote, { type: 'MOVING' });
    if (this.#links?.isOpen(node)) this.#reclaim(remote, node, false);
  }

  /** The node that was asked has the other half. */
  confirmed(remote: RemoteSession, node: NodeId, message: NodeMessageOf<'reclaimed'>): void {
    if (message.generation >= remote.generation) this.#found(remote, node, message);
  }

  /** Asks for the other half where it was last, or else everywhere. */
  seek(remote: RemoteSession): void {
    const { node } = remote;
    if (node !== undefined && this.#links?.isOpen(node)) this.#reclaim(remote, node, false);
    else for (const other of this.#links?.open ?? []) this.#reclaim(remote, other, true);
  }

  /** The other half is there: what may have been lost on the way to it goes first, and what comes next after that. */
  #found(remote: RemoteSession, node: NodeId, { generation, is_away }: Found): void {
    remote.node = node;
    remote.generation = generation;
    this.#remotePairings.remoteHost.dispatch(remote, { type: 'RECLAIMED', isAway: is_away });
    for (const { text, senderSeq } of remote.unacked)
      this.#remotePairings.tell(remote, 'signal', {
        text,
        ...(senderSeq !== undefined && { sender_seq: senderSeq }),
      });
    remote.drop(({ senderSeq }) => senderSeq === undefined);
  }
}
