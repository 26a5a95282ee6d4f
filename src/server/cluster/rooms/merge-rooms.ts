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
  return firstOf([one, other], (a, b) => b.generation - a.generation || a.node - b.node);
}

/** If two nodes created rooms of one name at once, the older room counts, with its options. */
export function earlierRoom<Origin extends RoomOrigin>(one: Origin, other: Origin): Origin {
  return firstOf([one, other], (a, b) => a.createdAt - b.createdAt || inOrder(a.createdBy, b.createdBy));
}

/** The lock that counts: the one changed last; if two were changed at once, the locked one. */
export function laterLock(one: RoomLock, other: RoomLock): RoomLock {
  return firstOf(
    [one, other],
    (a, b) => b.version - a.version || Number(b.isLocked) - Number(a.isLocked) || inOrder(a.by, b.by),
  );
}

function firstOf<Item>(two: [Item, Item], order: (a: Item, b: Item) => number): Item {
  return two.sort(order)[0];
}

function inOrder(id: string, other: string): number {
  return id < other ? -1 : 1;
}
