/**
 * Pairings of clients that come from another node, or from before a restart. After a restart they come back from what
 * their clients say: that the id was its own a client proves with its secret; that two were paired counts only when
 * both say so. The first one back waits, paired with one that is cut off: what it sends waits there, and if the other
 * one never comes, or says otherwise, that is the end of the pairing, as for any peer that does not come back.
 */
import { isSessionId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { SessionLocations } from '../migration/session-locations.ts';
import { type PairingSnapshot, unackedFrames } from './pairing-snapshot.ts';
import type { RemotePairings } from './remote-pairings.ts';
import type { RemoteSession } from './remote-session.ts';

/** What a client says of its pairing, or the node that had it. */
export interface PairingClaim {
  readonly peer_id: string;
  readonly epoch: number;
  readonly initiator: boolean;
  /** The room that formed it. */
  readonly room?: string;
}

export interface PairingRestorerDeps {
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly locations: SessionLocations;
  readonly remotePairings: RemotePairings;
}

export class PairingRestorer {
  readonly #deps: PairingRestorerDeps;

  constructor(deps: PairingRestorerDeps) {
    this.#deps = deps;
  }

  /** Whether a pairing here knows of a later copy of the session, at another node. */
  knowsLaterCopy(id: string, than: number): boolean {
    const { remotePairings, locations } = this.#deps;
    return remotePairings.of(id).some(({ generation, node }) => node !== locations.here && generation > than);
  }

  /** A client is back on a server that had forgotten it: its pairings are made again, or ended where they are contested. */
  restoreClaimed(session: ServerSession, claims: readonly PairingClaim[]): void {
    const { remotePairings } = this.#deps;
    for (const remote of remotePairings.of(session.id)) {
      if (claims.some((claim) => isOf(remote, claim))) remotePairings.seat(session, remote);
      else remotePairings.lose(remote, 'disconnected');
    }
    for (const claim of claims) if (!session.seatIn(claim.epoch)) this.#restoreAlone(session, claim);
  }

  /** The first of the two to come back waits for the other. */
  #restoreAlone(session: ServerSession, claim: PairingClaim): void {
    const { sessions, remotePairings } = this.#deps;
    const { peer_id: peerId, epoch, initiator: isInitiator, room } = claim;
    if (peerId === session.id || !isSessionId(peerId)) return;
    // One that is here did not say that it was paired with this one.
    if (sessions.has(peerId) || session.isPairedWith(peerId) || !session.hasFreeSeat)
      tellGone(session, claim);
    else {
      const remote = remotePairings.create(peerId, undefined, true);
      remotePairings.restore(session, remote, {
        epoch,
        isInitiator,
        remoteIs: 'CUT_OFF',
        connected: [],
        details: { room },
      });
    }
  }

  /** Gives a session a pairing that it had: the side of it that waits here, or one that looks for the other side where it was. */
  restoreMoved(session: ServerSession, moved: PairingSnapshot): void {
    const { sessions, locations, remotePairings } = this.#deps;
    const { here } = locations;
    const own = remotePairings.of(session.id).find((remote) => isOf(remote, moved));
    if (own) {
      remotePairings.seat(session, own, unackedFrames(moved));
      return;
    }
    const { peer_id: peerId, epoch, initiator: isInitiator, connected } = moved;
    if (moved.node === here && sessions.has(peerId)) {
      // Its side was here, and ended meanwhile.
      tellGone(session, moved);
      for (const { sender_seq } of moved.unacked) session.client.acked(sender_seq);
      return;
    }
    const node = moved.node === here ? locations.get(peerId)?.node : moved.node;
    const remote = remotePairings.create(peerId, node, moved.is_resumable, moved.is_away);
    remote.lastSenderSeq = moved.last_sender_seq;
    remote.generation = moved.peer_generation;
    remote.keep(...unackedFrames(moved));
    const details = { room: moved.room, traceparent: moved.traceparent };
    remotePairings.restore(session, remote, { epoch, isInitiator, remoteIs: 'MOVING', connected, details });
  }
}

/** There is no such pairing any longer. */
function tellGone({ client }: ServerSession, { peer_id: peerId, epoch }: PairingClaim): void {
  client.notify({ type: 'peer_disconnected', peerId, epoch, reason: 'disconnected' });
}

/** Whether the one that waits for a client is whom the client names. */
function isOf({ pairing, side, peer }: RemoteSession, claim: PairingClaim): boolean {
  return (
    claim.peer_id === peer?.id && claim.epoch === pairing?.epoch && claim.initiator === (side === 'initiator')
  );
}
