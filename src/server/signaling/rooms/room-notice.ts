/** What the core tells a client about the rooms that it is a member of. */
import type { MemberLeftReason, Topology } from '../../../protocol/index.ts';

export interface ShownMember {
  readonly id: string;
  /** Any JSON value, as its client gave it; undefined if it gave none. */
  readonly metadata: unknown;
}

/** What `list_rooms` shows of a room. */
export interface ShownRoom {
  readonly name: string;
  readonly members: number;
  readonly maxSize: number;
  readonly topology: Topology;
  readonly isLocked: boolean;
  readonly hasPassword: boolean;
  readonly metadata: unknown;
}

/** The state of a connection that a room wants. */
export type EdgeState = 'connecting' | 'connected' | 'missing';

export type RoomNotice =
  | {
      readonly type: 'room_joined';
      readonly room: string;
      readonly peers: readonly ShownMember[];
      readonly leader: string | undefined;
      readonly topology: Topology;
      readonly isLocked: boolean;
      readonly maxSize: number;
    }
  | { readonly type: 'peer_joined'; readonly room: string; readonly peer: ShownMember }
  | {
      readonly type: 'peer_left';
      readonly room: string;
      readonly id: string;
      readonly reason: MemberLeftReason;
    }
  | { readonly type: 'peer_updated'; readonly room: string; readonly id: string; readonly metadata: unknown }
  | { readonly type: 'leader'; readonly room: string; readonly id: string | undefined }
  | { readonly type: 'room_locked'; readonly room: string; readonly isLocked: boolean }
  | {
      readonly type: 'edge';
      readonly room: string;
      readonly id: string;
      readonly state: EdgeState;
      readonly reason: string | undefined;
    }
  | { readonly type: 'rooms'; readonly rooms: readonly ShownRoom[]; readonly hasMore: boolean };
