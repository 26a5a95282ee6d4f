/**
 * What the native dialect needs for clients that come back: where their sessions are, and with whom they were paired.
 */
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import type { ClientMessageOf } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';

export type ResumeRequest = Pick<ClientMessageOf<'resume'>, 'id' | 'token' | 'received'>;

/** What other nodes answer about a session that a client wants back. */
export type FetchAnswer =
  | { readonly session: SessionSnapshot; readonly from: NodeId }
  /** No node has it; it may be created again from the client's claims if the client's secret is valid. */
  | 'lost'
  /** The node that has it is reachable, but has not answered yet. */
  | 'late'
  | 'refused';

/** Fetches sessions from the other nodes. */
export interface SessionFetcher {
  /**
   * @param answer called once, possibly at once; a second time after `late`, because the other node may hand the
   * session over after all
   */
  fetch(request: ResumeRequest, answer: (answer: FetchAnswer) => void): void;
  /** The client has come back to another node since: the session here is a stale copy. */
  dropStale(session: ServerSession): void;
  /** A session that may have begun at another node is now here. */
  arrived(session: ServerSession): void;
  /** The session has its old pairings again, and may now get those that its rooms want. */
  settled(session: ServerSession): void;
}

/** What a client, or its last node, says about its pairing. */
export interface PairingClaim {
  readonly peer_id: string;
  readonly epoch: number;
  readonly initiator: boolean;
  /** The room that formed it. */
  readonly room?: string;
}

/** Restores the pairings of clients that come from another node, or from before a restart. */
export interface PairingRestorer {
  /** Whether a pairing here knows of a later copy of the session at another node. */
  knowsLaterCopy(id: string, generation: number): boolean;
  /**
   * A client is back on a server that has lost its session: its pairings are restored, or ended if the other side
   * disagrees.
   */
  restoreClaimed(session: ServerSession, claims: readonly PairingClaim[]): void;
  /** Gives a session a pairing that it had at another node. */
  restoreMoved(session: ServerSession, pairing: SessionSnapshot['pairings'][number]): void;
}
