/** What the other nodes of a cluster are told about rooms, with an implementation for a server that runs alone. */
import type { EdgeReason } from '../../../machines/index.ts';
import type { MemberLeftReason } from '../../../protocol/index.ts';
import type { ServerSession } from '../session.ts';
import type { Edge } from './edge.ts';
import type { Membership, Room } from './room.ts';

export interface OtherRooms {
  /** A client of this node is a member: it joined, or came here as one. */
  joined(room: Room, own: Membership): void;
  /** A client of this node is no longer a member. */
  left(room: Room, own: Membership, reason: MemberLeftReason): void;
  /** The member's client has moved to another node, and its membership with it. */
  movedAway(room: Room, own: Membership, session: ServerSession): void;
  /** A client of this node changed its metadata. */
  updated(room: Room, own: Membership): void;
  /** The leader, a client of this node, locked or unlocked the room. */
  locked(room: Room): void;
  /**
   * Asks the other member's node for a pairing.
   * @returns why it cannot be asked; undefined: the answer follows
   */
  pair(edge: Edge, asker: Membership, other: Membership): EdgeReason | undefined;
}

export const noOtherRooms: OtherRooms = {
  joined() {},
  left() {},
  movedAway() {},
  updated() {},
  locked() {},
  pair: () => 'unavailable',
};
