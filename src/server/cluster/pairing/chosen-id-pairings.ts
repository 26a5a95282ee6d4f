/**
 * Pairings of clients that chose their ids, at two nodes. Nobody asks for one: the first frame forms it at its sender's
 * node, and the same frame at the other. So both nodes may form one at the same time: the one with the lower epoch
 * stands. A frame of a pairing that is over is still passed on, and the sender's node is told.
 *
 * A client that takes its id to another node has a new session there. The nodes of its peers form its pairings again,
 * and tell that node.
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

/** A client here that is paired with one that takes its id to another node. */
export interface Partner {
  readonly session: ServerSession;
  readonly chosen: ChosenIds;
  /** Ends the pairing with the client's session of before. */
  end(): void;
}

/** Where a client has come, at this node if none is named. */
export interface Arrival {
  readonly session: string;
  readonly node?: NodeId;
}

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
    // Its other side may not know of this one.
    if (own?.pairing) signaling.pairings.end(own.pairing, own.side, 'disconnected');
    const remote = this.partyFor(from, node, { ...chosen, isTold: true });
    signaling.pair(remote, recipient, {}, epoch);
    return remote;
  }

  /**
   * The clients here that are paired with that session.
   * @param id of the session's client
   */
  partnersOf(sessionId: string, id: string): Partner[] {
    const { remotePairings, signaling } = this.#deps;
    const { sessions } = signaling.directory;
    const gone = sessions.get(sessionId);
    const seats: readonly Party[] = gone?.seats ?? remotePairings.of(sessionId);
    return seats.flatMap(({ pairing, side }) => {
      const session = pairing && sessions.get(pairing.other(side).id);
      if (!session) return [];
      const remote = remotePairings.of(sessionId).find((one) => one.pairing === pairing);
      const scope = gone && id.slice(0, id.length - gone.publicId.length);
      const chosen = remote?.chosen ?? {
        theirs: id,
        ours: `${scope}${session.publicId}`,
        knownAs: gone?.publicId ?? '',
      };
      // The node that the client has left may not know that yet, or keep it after all: it is told, too.
      return [{ session, chosen, end: () => signaling.pairings.end(pairing, side, 'disconnected') }];
    });
  }

  /**
   * Pairs the partner, as the initiator, with its peer's new session.
   * @returns the pairing's number, for the client's node
   */
  goOn({ session: partner, chosen, end }: Partner, { session, node }: Arrival): number | undefined {
    const { signaling } = this.#deps;
    end();
    if (partner.isDone || partner.isPairedWith(session)) return undefined;
    const other =
      node === undefined
        ? signaling.directory.sessions.get(session)
        : this.partyFor(session, node, { ...chosen, isTold: true });
    if (!other) return undefined;
    signaling.pair(partner, other);
    return partner.seats.find(({ peer }) => peer?.id === session)?.epoch;
  }

  /** The node is told that there is no such pairing here. */
  refused(node: NodeId, { epoch, from, to }: Pick<Named, 'epoch' | 'from' | 'to'>): void {
    const { links, signaling } = this.#deps;
    if (signaling.directory.sessions.get(to)?.seatIn(epoch)) return;
    links.send(node, { type: 'ended', epoch, from: to, to: from, reason: 'disconnected' });
  }
}
