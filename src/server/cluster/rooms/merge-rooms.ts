/**
 * How nodes agree on a room without asking each other: rules that give every node the same answer, whatever it heard
 * first, twice or late. Each node reports its own clients' memberships; together these are the members of a room.
 */

/** A member as reported by the node that has its client. */
export interface MemberCopy {
  /** How often its client has come back. */
  readonly generation: number;
  /** The node that has it. */
  readonly node: number;
}

/** Who created a room, and when: milliseconds since 1970. */
export interface RoomOrigin {
  readonly createdAt: number;
  readonly createdBy: string;
}

export interface RoomLock {
  readonly isLocked: boolean;
  /** How often the room was locked or unlocked. */
  readonly version: number;
  /** The id of the client that did so last; empty: none has. */
  readonly by: string;
}

/**
 * The copy that counts: the one whose client came back later. On a tie, the lower node: nodes that had lost each other
 * may both have made one.
 */
export function laterCopy<Copy extends MemberCopy>(one: Copy, other: Copy): Copy {
  if (one.generation !== other.generation) return one.generation > other.generation ? one : other;
  return other.node < one.node ? other : one;
}

/** If two nodes created rooms of one name at once, the older room counts, with its options. */
export function earlierRoom<Origin extends RoomOrigin>(one: Origin, other: Origin): Origin {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? one : other;
  return other.createdBy < one.createdBy ? other : one;
}

/** The lock that counts: the one changed last; if two were changed at once, the locked one. */
export function laterLock(one: RoomLock, other: RoomLock): RoomLock {
  if (one.version !== other.version) return one.version > other.version ? one : other;
  if (one.isLocked !== other.isLocked) return one.isLocked ? one : other;
  return other.by < one.by ? other : one;
}
