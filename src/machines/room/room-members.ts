/** The order of a room's members, and who leads them: rules that every node computes alike, whatever it heard first. */

export interface RoomMember {
  readonly id: string;
  /** Milliseconds since 1970, of the node that let it in; later than that of everybody whom this one knew. */
  readonly joinedAt: number;
}

/** Who leads: whoever has been in the room longest, or the member of that id. */
export type LeaderRule = 'oldest' | (string & {});

/** Negative when the first of the two came before the second; two of the same moment are told apart by their ids. */
export function compareMembers(one: RoomMember, other: RoomMember): number {
  return one.joinedAt - other.joinedAt || (one.id < other.id ? -1 : Number(one.id > other.id));
}

/** The members with another one, in order; one that is among them already has that place from now on. */
export function withMember(members: readonly RoomMember[], member: RoomMember): readonly RoomMember[] {
  return [...withoutMember(members, member.id), member].sort(compareMembers);
}

export function withoutMember(members: readonly RoomMember[], id: string): readonly RoomMember[] {
  return members.filter((member) => member.id !== id);
}

/** @returns undefined when nobody leads: the one who is named is not in the room */
export function electLeader(members: readonly RoomMember[], rule: LeaderRule): string | undefined {
  if (rule === 'oldest') return members[0]?.id;
  return members.some(({ id }) => id === rule) ? rule : undefined;
}
