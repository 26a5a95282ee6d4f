/** What a room's machine is told, by whom, and what it keeps. */
import type { MemberLeftReason, Topology } from '../../protocol/index.ts';
import type { LeaderRule, RoomMember } from './room-members.ts';

/** What whoever created the room decided, as far as the machine looks at it. */
export interface RoomRules {
  readonly topology: Topology;
  /** How many members it may have. */
  readonly maxSize: number;
  readonly leaderRule: LeaderRule;
}

export interface RoomContext extends RoomRules {
  readonly name: string;
  /** The oldest first. */
  readonly members: readonly RoomMember[];
  /** Undefined when nobody leads. */
  readonly leaderId: string | undefined;
  /** Whether it is locked, or will be once it has members. */
  readonly isLocked: boolean;
  /** Milliseconds that an empty room keeps its name and options. */
  readonly closingMs: number;
}

export type RoomInput = RoomRules & Pick<RoomContext, 'name' | 'isLocked' | 'closingMs'>;

/** What the server found of the password that came with a request; `right` where the room has none. */
export type PasswordVerdict = 'right' | 'wrong' | 'guessed_too_often';

export type RoomEventFromClient =
  | ({ type: 'JOIN_REQUESTED'; password: PasswordVerdict } & RoomMember)
  | { type: 'LEAVE_REQUESTED'; id: string }
  | { type: 'METADATA_REQUESTED'; id: string }
  | { type: 'LOCK_REQUESTED'; id: string; isLocked: boolean };

/** A member's session ended, here or elsewhere; or the room is ended for all. */
export type RoomEventFromServer =
  | { type: 'MEMBER_LOST'; id: string; reason: MemberLeftReason }
  | { type: 'ENDED' };

/** Another node let somebody in, or a member came from there; and what was decided there. */
export type RoomEventFromNodes =
  | ({ type: 'MEMBER_ADMITTED' } & RoomMember)
  /** Its client was at another node, and is at this one. */
  | { type: 'MEMBER_ARRIVED'; id: string }
  | { type: 'MEMBER_UPDATED'; id: string }
  | { type: 'LOCK_CHANGED'; isLocked: boolean }
  | ({ type: 'RULES_CHANGED' } & RoomRules);

export type RoomEvent = RoomEventFromClient | RoomEventFromServer | RoomEventFromNodes;
