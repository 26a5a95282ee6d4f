/** What the room machine's effects do. */
import { type Executors, eventOf, type roomMachine } from '../../../machines/index.ts';
import { FROM, type Logger } from '../../telemetry/logger.ts';
import type { OtherRooms } from './other-rooms.ts';
import { type Membership, NOTICE_BYTES, type Room, type RoomWatcher, type ServerRoomEvent } from './room.ts';

/** The owner of the rooms, as far as their effects need it. */
export interface RoomOwner {
  /** Told what other nodes need to know. */
  readonly otherRooms: OtherRooms;
  readonly watchers: readonly RoomWatcher[];
  dispatch(room: Room, event: ServerRoomEvent): void;
  /** The room is over. */
  forget(room: Room): void;
  /** A session of this node is a member from now on. */
  entered(room: Room, membership: Membership): void;
  left(room: Room, membership: Membership): void;
  /** The set of members with whom that member is to be paired may have changed. */
  wire(room: Room, id: string): void;
}

export function roomEffects(
  owner: RoomOwner,
  log: Logger,
): Executors<typeof roomMachine, Room, ServerRoomEvent> {
  return {
    admit(room, event) {
      const { membership } = event;
      if (!membership?.session) return;
      room.memberships.set(membership.id, membership);
      owner.entered(room, membership);
      log.info(
        {
          event: 'room_joined',
          id: membership.id,
          room: room.name,
          [FROM]: membership.session.client.address,
        },
        `Client ${membership.id} joined room ${room.name}`,
      );
      membership.session.client.notify(room.noticeFor(membership.id));
      owner.otherRooms.joined(room, membership);
      for (const watcher of owner.watchers) watcher.joined(room, membership.id);
    },
    confirmJoin(room, event) {
      const { id } = eventOf(event, 'JOIN_REQUESTED');
      const membership = room.memberships.get(id);
      if (membership && !room.tellWhole(membership)) room.misses(membership);
    },
    announceJoin(room, event) {
      const { id } = eventOf(event, 'JOIN_REQUESTED', 'MEMBER_ADMITTED');
      const membership = room.memberships.get(id);
      if (!membership) return;
      const peer = { id, metadata: membership.metadata };
      room.tell({ type: 'peer_joined', room: room.name, peer }, id, NOTICE_BYTES + membership.metadataBytes);
      owner.wire(room, id);
    },
    announceLeave(room, event, params) {
      const { id } = eventOf(event, 'LEAVE_REQUESTED', 'MEMBER_LOST');
      const reason = params.reason ?? eventOf(event, 'MEMBER_LOST').reason;
      const membership = room.memberships.get(id);
      if (!membership) return;
      // A member whose session goes on is told, too: it asked to leave, or has to know.
      if (membership.session?.isDone) room.memberships.delete(id);
      room.tell({ type: 'peer_left', room: room.name, id, reason });
      room.memberships.delete(id);
      if (membership.session) {
        owner.left(room, membership);
        log.info(
          { event: 'room_left', id, room: room.name, reason, [FROM]: membership.session.client.address },
          `Client ${id} left room ${room.name}: ${reason}`,
        );
        owner.otherRooms.left(room, membership, reason);
        for (const watcher of owner.watchers) watcher.left(room, id, reason);
      }
      owner.wire(room, id);
    },
    announceMetadata(room, event) {
      const { id } = eventOf(event, 'METADATA_REQUESTED', 'MEMBER_UPDATED');
      const membership = room.memberships.get(id);
      if (!membership) return;
      const { metadata, metadataBytes = 0 } = event;
      membership.metadata = metadata;
      membership.metadataBytes = metadataBytes;
      const notice = { type: 'peer_updated', room: room.name, id, metadata } as const;
      room.tell(notice, undefined, NOTICE_BYTES + metadataBytes);
      if (membership.session) owner.otherRooms.updated(room, membership);
    },
    announceLock(room, event) {
      const { isLocked } = eventOf(event, 'LOCK_REQUESTED', 'LOCK_CHANGED');
      room.tell({ type: 'room_locked', room: room.name, isLocked });
      if (event.type === 'LOCK_REQUESTED') owner.otherRooms.locked(room);
    },
    confirmLock(room, event) {
      const { id, isLocked } = eventOf(event, 'LOCK_REQUESTED');
      const own = room.own.find((membership) => membership.id === id);
      if (own) room.tellMember(own, { type: 'room_locked', room: room.name, isLocked });
    },
    announceLeader(room, event) {
      const { leaderId } = room.context;
      if (room.toldLeader === leaderId) return;
      room.toldLeader = leaderId;
      // The member that has just joined learned it from `room_joined`.
      const joined = event.type === 'JOIN_REQUESTED' ? event.id : undefined;
      room.tell({ type: 'leader', room: room.name, id: leaderId }, joined);
      if (room.context.topology === 'star') for (const { id } of room.context.members) owner.wire(room, id);
    },
    wireAll(room) {
      for (const { id } of room.context.members) owner.wire(room, id);
    },
    evictLatest(room) {
      const { members, maxSize } = room.context;
      // Each node does this for its own members, in the same order.
      for (const { id } of members.slice(maxSize))
        if (room.memberships.get(id)?.session)
          owner.dispatch(room, { type: 'MEMBER_LOST', id, reason: 'full' });
    },
    refuse({ name }, { session, request }, { code }) {
      session?.refuse({ code, room: name, ...(request && { for: request }) });
    },
    endMemberships(room) {
      for (const own of room.own) {
        room.tellMember(own, { type: 'peer_left', room: room.name, id: own.id, reason: 'closed' });
        owner.left(room, own);
        owner.otherRooms.left(room, own, 'closed');
        for (const watcher of owner.watchers) watcher.left(room, own.id, 'closed');
      }
      const ids = [...room.memberships.keys()];
      room.memberships.clear();
      for (const id of ids) owner.wire(room, id);
    },
    forgetRoom(room) {
      owner.forget(room);
      // The room is empty, so there is no address to log.
      log.info({ event: 'room_ended', room: room.name, [FROM]: '' }, `Room ${room.name} is over`);
      for (const watcher of owner.watchers) watcher.ended(room);
    },
  };
}
