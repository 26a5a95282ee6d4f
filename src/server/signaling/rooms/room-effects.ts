/** What the room machine's effects do. */
import { type Executors, eventOf, type roomMachine } from '../../../machines/index.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { OtherRooms } from './other-rooms.ts';
import type { Membership, Room, RoomWatcher, ServerRoomEvent } from './room.ts';

export interface RoomEffectsDeps {
  readonly log: Logger;
  /** The rooms by their keys. */
  readonly rooms: Map<string, Room>;
  /** Of which rooms a session is a member. */
  readonly memberships: { add(room: Room, own: Membership): void; remove(room: Room, own: Membership): void };
  /** Steps the room's machine. */
  readonly dispatch: (room: Room, event: ServerRoomEvent) => void;
  /** What the other nodes are told. */
  readonly otherRooms: () => OtherRooms;
  readonly watchers: readonly RoomWatcher[];
  /** With whom that one is to be paired may be different from now on. */
  readonly wire: (room: Room, id: string) => void;
}

export function roomEffects({
  log,
  rooms,
  memberships,
  dispatch,
  otherRooms,
  watchers,
  wire,
}: RoomEffectsDeps): Executors<typeof roomMachine, Room, ServerRoomEvent> {
  return {
    admit(room, event) {
      const { membership } = event;
      if (!membership?.session) return;
      room.memberships.set(membership.id, membership);
      memberships.add(room, membership);
      log.info(
        { event: 'room_joined', id: membership.id, room: room.name },
        `Client ${membership.id} joined room ${room.name}`,
      );
      membership.session.client.notify(room.noticeFor(membership.id));
      otherRooms().joined(room, membership);
      for (const watcher of watchers) watcher.joined(room, membership.id);
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
      room.tell({ type: 'peer_joined', room: room.name, peer }, id, membership.metadataBytes);
      wire(room, id);
    },
    announceLeave(room, event, params) {
      const { id } = eventOf(event, 'LEAVE_REQUESTED', 'MEMBER_LOST');
      const reason = params.reason ?? eventOf(event, 'MEMBER_LOST').reason;
      const membership = room.memberships.get(id);
      if (!membership) return;
      // One that is still there is told, too: it asked, or has to know.
      if (membership.session?.isDone) room.memberships.delete(id);
      room.tell({ type: 'peer_left', room: room.name, id, reason });
      room.memberships.delete(id);
      if (membership.session) {
        memberships.remove(room, membership);
        log.info(
          { event: 'room_left', id, room: room.name, reason },
          `Client ${id} left room ${room.name}: ${reason}`,
        );
        otherRooms().left(room, membership, reason);
        for (const watcher of watchers) watcher.left(room, id, reason);
      }
      wire(room, id);
    },
    announceMetadata(room, event) {
      const { id } = eventOf(event, 'METADATA_REQUESTED', 'MEMBER_UPDATED');
      const membership = room.memberships.get(id);
      if (!membership) return;
      const { metadata, metadataBytes = 0 } = event;
      membership.metadata = metadata;
      membership.metadataBytes = metadataBytes;
      room.tell({ type: 'peer_updated', room: room.name, id, metadata }, undefined, metadataBytes);
      if (membership.session) otherRooms().updated(room, membership);
    },
    announceLock(room, event) {
      const { isLocked } = eventOf(event, 'LOCK_REQUESTED', 'LOCK_CHANGED');
      room.tell({ type: 'room_locked', room: room.name, isLocked });
      if (event.type === 'LOCK_REQUESTED') otherRooms().locked(room);
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
      // Who has just joined was told with the room.
      const joined = event.type === 'JOIN_REQUESTED' ? event.id : undefined;
      room.tell({ type: 'leader', room: room.name, id: leaderId }, joined);
      if (room.context.topology === 'star') for (const { id } of room.context.members) wire(room, id);
    },
    wireAll(room) {
      for (const { id } of room.context.members) wire(room, id);
    },
    evictLatest(room) {
      const { members, maxSize } = room.context;
      // The node of each of them does it for its own, by the same order.
      for (const { id } of members.slice(maxSize))
        if (room.memberships.get(id)?.session) dispatch(room, { type: 'MEMBER_LOST', id, reason: 'full' });
    },
    refuse(_room, { session, request }, { code }) {
      session?.refuse({ code, ...(request && { for: request }) });
    },
    endMemberships(room) {
      for (const own of room.own) {
        room.tellMember(own, { type: 'peer_left', room: room.name, id: own.id, reason: 'closed' });
        memberships.remove(room, own);
        otherRooms().left(room, own, 'closed');
        for (const watcher of watchers) watcher.left(room, own.id, 'closed');
      }
      const ids = [...room.memberships.keys()];
      room.memberships.clear();
      for (const id of ids) wire(room, id);
    },
    forgetRoom(room) {
      if (rooms.get(room.key) === room) rooms.delete(room.key);
      log.info({ event: 'room_ended', room: room.name }, `Room ${room.name} is over`);
      for (const watcher of watchers) watcher.ended(room);
    },
  };
}
