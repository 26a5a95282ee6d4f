/**
 * The order of a room's members, and who leads them: rules that give the same result at every node, whatever it heard
 * first.
 */

export interface RoomMember {
  readonly id: string;
  /**
   * Milliseconds since 1970 by the clock of the node that admitted it; later than those of all members known to that
   * node.
   */
  readonly joinedAt: number;
}

/** Who leads: the member that has been in the room longest, or the one with that id. */
export type LeaderRule = 'oldest' | (string & {});

/** Negative if the first member joined before the second; equal times are ordered by id. */
export function compareMembers(one: RoomMember, other: RoomMember): number {
  return one.joinedAt - other.joinedAt || (one.id < other.id ? -1 : Number(one.id > other.id));
}

/** The members together with another one, in order; an existing member gets the new place. */
export function withMember(members: readonly RoomMember[], member: RoomMember): readonly RoomMember[] {
  return [...withoutMember(members, member.id), member].sort(compareMembers);
}

export function withoutMember(members: readonly RoomMember[], id: string): readonly RoomMember[] {
  return members.filter((member) => member.id !== id);
}

/** @returns undefined if nobody leads, because the named member is not in the room */
export function electLeader(members: readonly RoomMember[], rule: LeaderRule): string | undefined {
  if (rule === 'oldest') return members[0]?.id;
  return members.some(({ id }) => id === rule) ? rule : undefined;
}
