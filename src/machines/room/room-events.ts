/** The events and context of a room's machine, by their origin. */
import type { MemberLeftReason, Topology } from '../../protocol/index.ts';
import type { LeaderRule, RoomMember } from './room-members.ts';

/** What the room's creator decided, as far as the machine looks at it. */
export interface RoomRules {
  readonly topology: Topology;
  /** How many members it may have. */
  readonly maxSize: number;
  readonly leaderRule: LeaderRule;
}

export interface RoomContext extends RoomRules {
  readonly name: string;
  /** Oldest first. */
  readonly members: readonly RoomMember[];
  /** Undefined if nobody leads. */
  readonly leaderId: string | undefined;
  /** Whether it is locked, or will be once it has members. */
  readonly isLocked: boolean;
  /** How long an empty room keeps its name and options, in milliseconds. */
  readonly closingMs: number;
}

export type RoomInput = RoomRules & Pick<RoomContext, 'name' | 'isLocked' | 'closingMs'>;

/** The server's verdict on the password of a request; `right` if the room has none. */
export type PasswordVerdict = 'right' | 'wrong' | 'guessed_too_often';

export type RoomEventFromClient =
  | ({ type: 'JOIN_REQUESTED'; password: PasswordVerdict } & RoomMember)
  | { type: 'LEAVE_REQUESTED'; id: string }
  | { type: 'METADATA_REQUESTED'; id: string }
  | { type: 'LOCK_REQUESTED'; id: string; isLocked: boolean };

/** A member's session ended, here or at another node; or the room is ended for everybody. */
export type RoomEventFromServer =
  | { type: 'MEMBER_LOST'; id: string; reason: MemberLeftReason }
  | { type: 'ENDED' };

/** Another node admitted a member, or a member came from there; and changes that other nodes made. */
export type RoomEventFromNodes =
  | ({ type: 'MEMBER_ADMITTED' } & RoomMember)
  /** Its client was at another node, and is now at this one. */
  | { type: 'MEMBER_ARRIVED'; id: string }
  | { type: 'MEMBER_UPDATED'; id: string }
  | { type: 'LOCK_CHANGED'; isLocked: boolean }
  | ({ type: 'RULES_CHANGED' } & RoomRules);

export type RoomEvent = RoomEventFromClient | RoomEventFromServer | RoomEventFromNodes;
