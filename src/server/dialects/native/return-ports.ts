/** What this wire asks of others for clients that come back: where their sessions are, and with whom they were paired. */
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import type { ClientMessageOf } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';

export type ResumeRequest = Pick<ClientMessageOf<'resume'>, 'id' | 'token' | 'received'>;

/** What other nodes say of a session that a client wants back. */
export type FetchAnswer =
  | { readonly session: SessionSnapshot; readonly from: NodeId }
  /** Nobody has it; the client's word may stand for it, when its secret does. */
  | 'lost'
  /** Who has it is there, and does not answer yet. */
  | 'late'
  | 'refused';

/** The other nodes, as far as sessions move to here. */
export interface SessionFetcher {
  /** @param answer called once, perhaps at once; once more after `late`, for who has it has given it away by then */
  fetch(request: ResumeRequest, answer: (answer: FetchAnswer) => void): void;
  /** Its client has come back to another node since: what is here is a stale copy. */
  dropStale(session: ServerSession): void;
  /** A session is here that may have begun elsewhere. */
  arrived(session: ServerSession): void;
  /** It has the pairings that it had, and may be given those that its rooms want. */
  settled(session: ServerSession): void;
}

/** What a client says of its pairing, or the node that had it. */
export interface PairingClaim {
  readonly peer_id: string;
  readonly epoch: number;
  readonly initiator: boolean;
  /** The room that formed it. */
  readonly room?: string;
}

/** The pairings of clients that have come from another node, or from before a restart. */
export interface PairingRestorer {
  /** Whether a pairing here knows of a later copy of the session, at another node. */
  knowsLaterCopy(id: string, generation: number): boolean;
  /** A client is back on a server that had forgotten it: its pairings are made again, or ended where they are contested. */
  restoreClaimed(session: ServerSession, claims: readonly PairingClaim[]): void;
  /** Gives a session a pairing that it had at another node. */
  restoreMoved(session: ServerSession, pairing: SessionSnapshot['pairings'][number]): void;
}
