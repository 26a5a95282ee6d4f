/**
 * Restores pairings of clients that come from another node, or from before a restart. After a restart, pairings are
 * restored from what the clients claim: a client's secret proves its id, but that two clients were paired counts only
 * if both say so. The first one back is paired with a cut-off remote session, where its messages wait. If the other one
 * never comes, or claims otherwise, the pairing ends, as for any peer that does not come back.
 */
import { isSessionId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { SessionLocations } from '../migration/session-locations.ts';
import { type PairingSnapshot, unackedFrames } from './pairing-snapshot.ts';
import type { RemotePairings } from './remote-pairings.ts';
import type { RemoteSession } from './remote-session.ts';

/** What a client, or its last node, says about its pairing. */
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

  /** Whether a pairing here knows of a later copy of the session at another node. */
  knowsLaterCopy(id: string, than: number): boolean {
    const { remotePairings, locations } = this.#deps;
    return remotePairings.of(id).some(({ generation, node }) => node !== locations.here && generation > than);
  }

  /**
   * A client is back on a server that has lost its session: its pairings are restored, or ended if the other side
   * disagrees.
   */
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
    // A peer that is already here did not claim to be paired with this client.
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

  /**
   * Gives a session a pairing that it had at another node: its side that waits here, or a new one that looks for the
   * other side where it was.
   */
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
      // Its side was here, and has ended meanwhile.
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

/** Tells the client that the pairing no longer exists. */
function tellGone({ client }: ServerSession, { peer_id: peerId, epoch }: PairingClaim): void {
  client.notify({ type: 'peer_disconnected', peerId, epoch, reason: 'disconnected' });
}

/** Whether a remote session waits for the pairing that the client claims. */
function isOf({ pairing, side, peer }: RemoteSession, claim: PairingClaim): boolean {
  return (
    claim.peer_id === peer?.id && claim.epoch === pairing?.epoch && claim.initiator === (side === 'initiator')
  );
}
