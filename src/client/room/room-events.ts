/** What a room is made of for its user, and what it tells. */
import type { ServerMessageOf } from '../../protocol/index.ts';
import type { PairlaneError } from '../peer/errors.ts';

/** Another member. */
export interface Member {
  readonly id: string;
  /** As it gave it; undefined where it gave none. Of a stranger: check it before you use it. */
  readonly metadata: unknown;
}

/** A connection that the room wants between us and a member. */
export interface RoomEdge {
  /** The member's. */
  readonly id: string;
  /** `missing`: for the reason given; it is tried again. */
  readonly state: ServerMessageOf<'edge'>['state'];
  /**
   * Of a missing one: the code of the error that ended our connection, or what the server says: an error code, a reason
   * for which pairings end, `not_connected` or `too_many_peers`.
   */
  readonly reason: string | undefined;
}

/** Why we are in a room no longer. */
export interface RoomEnd {
  /** `left`: we left; `closed`: our peer was closed, or the room was ended; `failed`: see `error`; or as `peer_left` says it. */
  readonly reason: string;
  readonly error?: PairlaneError;
}

export interface RoomEvents {
  /** Another member is there. */
  peer: (member: Member) => void;
  /** It is no longer; why, as `peer_left` says it. */
  left: (member: Member & { readonly reason: string }) => void;
  /** A member has other metadata. */
  updated: (member: Member) => void;
  /** Another one leads, perhaps we; null: nobody does now. */
  leader: (id: string | null) => void;
  locked: (isLocked: boolean) => void;
  /** A connection that the room wants is in another state. */
  edge: (edge: RoomEdge) => void;
  /** A member sent something. One that shares two rooms with us is heard in both. */
  message: (data: string | Uint8Array, from: string, channel: string) => void;
  /** We are a member no longer, told once. */
  close: (end: RoomEnd) => void;
}
