/**
 * Pairings of clients that chose their ids, at two nodes. Nobody asks for one: the first frame forms it at its sender's
 * node, and the same frame at the other. So both nodes may form one at the same time: the one with the lower epoch
 * stands. A frame of a pairing that is over is still passed on, and the sender's node is told.
 */
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { Party } from '../../signaling/pairing.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import type { RemotePairings } from './remote-pairings.ts';
import type { ChosenIds, RemoteSession } from './remote-session.ts';

export interface ChosenIdPairingsDeps {
  readonly links: Links;
  readonly remotePairings: RemotePairings;
  readonly signaling: Signaling;
}

type Named = NonNullable<NodeMessageOf<'said'>['pairing']>;

export class ChosenIdPairings {
  readonly #deps: ChosenIdPairingsDeps;

  constructor(deps: ChosenIdPairingsDeps) {
    this.#deps = deps;
  }

  /** The party that stands for a client of another node. */
  partyFor(sessionId: string, node: NodeId, chosen: ChosenIds): RemoteSession {
    const { remotePairings, signaling } = this.#deps;
    // Clients of this wire may come back to any node, as long as that one waits for them.
    const isResumable = signaling.sessions.settings.resumeGraceMs > 0;
    const remote = remotePairings.create(sessionId, node, isResumable);
    remote.chosen = chosen;
    return remote;
  }

  /**
   * A frame of that pairing came.
   * @returns the party that stands for its sender; undefined if the recipient has no pairing with it
   */
  joined(
    node: NodeId,
    recipient: ServerSession,
    { epoch, from, to, is_new: isNew }: Named,
    chosen: ChosenIds,
  ): Party | undefined {
    const own = recipient.seats.find(({ peer }) => peer?.id === from);
    if (own?.epoch === epoch) return own.peer;
    const isFormed = isNew && recipient.id === to && (!own || epoch < own.epoch);
    if (!isFormed) {
      this.refused(node, { epoch, from, to });
      return own?.peer;
    }
    const { signaling } = this.#deps;
    if (own?.pairing && own.peer) signaling.pairings.lose(own.pairing, own.peer.side, 'disconnected');
    const remote = this.partyFor(from, node, { ...chosen, isTold: true });
    const obstacle = signaling.pair(remote, recipient, {}, epoch);
    return obstacle === undefined ? remote : undefined;
  }

  /** The node is told that there is no such pairing here. */
  refused(node: NodeId, { epoch, from, to }: Pick<Named, 'epoch' | 'from' | 'to'>): void {
    const { links, signaling } = this.#deps;
    if (signaling.directory.sessions.get(to)?.seatIn(epoch)) return;
    links.send(node, { type: 'ended', epoch, from: to, to: from, reason: 'disconnected' });
  }
}
