/**
 * Ids that clients choose themselves (as in PeerJS), across all nodes: who holds which id, and how a frame reaches its
 * holder.
 */
import type { Party } from './pairing.ts';
import type { Seat } from './seat.ts';
import type { ServerSession } from './session.ts';

/** The proof of a client whose token names the id: whoever brings such a token is the same client. */
export const NAMED_BY_TOKEN = 'sub';

export interface IdHolder {
  /** Prefixed with its app, if clients have apps. */
  readonly id: string;
  /** Identifies the holder's client at any node without revealing its token: a hash of it, or {@link NAMED_BY_TOKEN}. */
  readonly proof: string;
  /** A holder without a connection keeps its id only until another client wants it, unless its token names the id. */
  readonly isOnline: boolean;
  /** The id of its session. */
  readonly session: string;
}

/** A frame from a client of another node, as it is sent on the dialect's wire. */
export interface Said {
  readonly to: string;
  readonly from: string;
  readonly frame: Buffer;
  /** The id of the sender's session; undefined for a frame that belongs to no pairing. */
  readonly session: string | undefined;
  /**
   * The party that stands for the sender in a pairing with the recipient; the pairing begins here if the frame is its
   * first. Undefined if it is over.
   * @param knownAs the id by which the sender's user knows it
   */
  partyFor(recipient: ServerSession, knownAs: string): Party | undefined;
}

/** Whether a client with that proof must leave the id to its holder. */
export function isTakenFrom(proof: string, holder: IdHolder | undefined): boolean {
  if (!holder || proof === NAMED_BY_TOKEN || proof === holder.proof) return false;
  return holder.isOnline || holder.proof === NAMED_BY_TOKEN;
}

/** The ids held by clients of other nodes. */
export interface OtherIds {
  find(id: string): IdHolder | undefined;
  /** The ids of those that are connected. */
  readonly online: Iterable<string>;
  /** A client of this node holds the id from now on, whoever held it elsewhere. */
  taken(holder: IdHolder): void;
  /** The holder lost its connection. */
  away(holder: IdHolder): void;
  left(id: string): void;
  /**
   * Sends a frame to the holder of an id.
   * @param frame as it is sent on the dialect's wire
   * @param seat the sender's, in the pairing that the frame ends; undefined for one that belongs to no pairing
   */
  say(to: string, from: string, frame: Buffer, seat?: Seat): void;
  /**
   * Makes a party that stands for the holder of that id, for a pairing with a client of this node.
   * @param knownAs the id by which its user knows it
   */
  partyFor(to: string, from: IdHolder, knownAs: string): Party | undefined;
}

/** The ids held by clients of this node, for use by other nodes. */
export interface OwnIds {
  readonly holders: Iterable<IdHolder>;
  find(id: string): IdHolder | undefined;
  /**
   * The session of the id's holder, with room for a pairing with that other session.
   * @returns undefined when there is none, or when its token allows no more
   */
  recipient(id: string, peer: string): ServerSession | undefined;
  /** A client of another node holds the id from now on. */
  takenElsewhere(id: string): void;
  /** The holder of the id can now be reached at another node. */
  arrivedElsewhere(id: string): void;
  /** @returns false when no client with that id is connected here, or when it may not have it, or reads too slowly */
  deliver(said: Said): boolean;
  /** A frame that a client of this node sent to that id found no recipient. */
  notDelivered(from: string, to: string): void;
}
