/** What the other nodes of a cluster are told of rooms. A server that is alone has none, and tells nobody. */
import type { EdgeReason } from '../../../machines/index.ts';
import type { MemberLeftReason } from '../../../protocol/index.ts';
import type { Edge } from './edge.ts';
import type { Membership, Room } from './room.ts';

export interface OtherRooms {
  /** A client of this node is a member: it joined, or came here as one. */
  joined(room: Room, own: Membership): void;
  /** A client of this node is a member no longer. */
  left(room: Room, own: Membership, reason: MemberLeftReason): void;
  /** The client of a membership of this node is at another one: the membership is given away. */
  movedAway(room: Room, own: Membership): void;
  /** A client of this node has other metadata. */
  updated(room: Room, own: Membership): void;
  /** The leader, a client of this node, locked or unlocked the room. */
  locked(room: Room): void;
  /** Asks the other one's node for a pairing. @returns why it is not asked; undefined: the answer follows */
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
