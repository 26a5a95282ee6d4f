/** What a room shows its user, and its events. */
import type { ServerMessageOf } from '../../protocol/index.ts';
import type { PairlaneError } from '../peer/errors.ts';

/** Another member. */
export interface Member {
  readonly id: string;
  /** The member's own metadata; undefined if it gave none. Comes from a stranger: check it before you use it. */
  readonly metadata: unknown;
}

/** A connection that the room wants between us and a member. */
export interface RoomEdge {
  /** The member's id. */
  readonly id: string;
  /** `missing`: for the given reason; it will be retried. */
  readonly state: ServerMessageOf<'edge'>['state'];
  /**
   * For a missing one: the code of the error that ended our connection, or what the server says: an error code, a
   * reason why pairings end, `not_connected` or `too_many_peers`.
   */
  readonly reason: string | undefined;
}

/** Why we are no longer in a room. */
export interface RoomEnd {
  /**
   * `left`: we left; `closed`: our peer was closed, or the room was ended; `failed`: see `error`; or as in `peer_left`.
   */
  readonly reason: string;
  readonly error?: PairlaneError;
}

export interface RoomEvents {
  /** Another member joined. */
  peer: (member: Member) => void;
  /** A member left; the reason is as in `peer_left`. */
  left: (member: Member & { readonly reason: string }) => void;
  /** A member changed its metadata. */
  updated: (member: Member) => void;
  /** The leader changed, perhaps to us; null: nobody leads now. */
  leader: (id: string | null) => void;
  locked: (isLocked: boolean) => void;
  /** The state of a connection that the room wants has changed. */
  edge: (edge: RoomEdge) => void;
  /** A member sent something. If it shares two rooms with us, both emit the message. */
  message: (data: string | Uint8Array, from: string, channel: string) => void;
  /** We are no longer a member; emitted once. */
  close: (end: RoomEnd) => void;
}
