/**
 * How nodes agree on a room without asking each other: rules that give every node the same answer, whatever it heard
 * first, twice or late. Each node says what its own clients are members of; the members of a room are all of these.
 */

/** A member as the node that has its client tells of it. */
export interface MemberCopy {
  /** How often its client has come back. */
  readonly generation: number;
  /** The node that has it. */
  readonly node: number;
}

/** By whom a room was made, and when: milliseconds since 1970. */
export interface RoomOrigin {
  readonly createdAt: number;
  readonly createdBy: string;
}

export interface RoomLock {
  readonly isLocked: boolean;
  /** How often the room was locked or unlocked. */
  readonly version: number;
  /** The id of whoever did it last; empty: nobody has. */
  readonly by: string;
}

/** The one of two copies that counts: its client came back later; nodes that had lost each other may have made both. */
export function laterCopy<Copy extends MemberCopy>(one: Copy, other: Copy): Copy {
  if (one.generation !== other.generation) return one.generation > other.generation ? one : other;
  return other.node < one.node ? other : one;
}

/** Of two rooms of one name, made on two nodes at once, the one that was made first, with its options. */
export function earlierRoom<Origin extends RoomOrigin>(one: Origin, other: Origin): Origin {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? one : other;
  return other.createdBy < one.createdBy ? other : one;
}

/** The one of two locks that holds: the one decided last, and of two decided at once the locked one. */
export function laterLock(one: RoomLock, other: RoomLock): RoomLock {
  if (one.version !== other.version) return one.version > other.version ? one : other;
  if (one.isLocked !== other.isLocked) return one.isLocked ? one : other;
  return other.by < one.by ? other : one;
}
