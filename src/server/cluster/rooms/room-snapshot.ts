/** A room as nodes report it to each other. */
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import { isOwn, type Membership, type Room, type RoomOptions } from '../../signaling/rooms/room.ts';

/** @param some the members to report: those that are here */
export function messageOf(room: Room, some: readonly Membership[]): NodeMessageOf<'room'> {
  const { options, context } = room;
  const places = new Map(context.members.map(({ id, joinedAt }) => [id, joinedAt]));
  return {
    type: 'room',
    app: room.app,
    room: room.name,
    options: {
      topology: options.topology,
      max_size: options.maxSize,
      leader: options.leaderRule,
      is_public: options.isPublic,
      created_at: options.createdAt,
      created_by: options.createdBy,
      ...(options.metadata !== undefined && { metadata: options.metadata }),
      ...(options.password && { password: options.password }),
    },
    lock: { is_locked: context.isLocked, version: room.lock.version, by: room.lock.by },
    members: some.filter(isOwn).map(({ id, session, metadata }) => ({
      id,
      joined_at: places.get(id) ?? 0,
      generation: session.generation,
      is_resumable: session.isResumable,
      ...(metadata !== undefined && { metadata }),
    })),
  };
}

export function optionsIn({ options, lock }: NodeMessageOf<'room'>): RoomOptions {
  return {
    topology: options.topology,
    maxSize: options.max_size,
    leaderRule: options.leader,
    isLocked: lock.is_locked,
    password: options.password,
    isPublic: options.is_public,
    metadata: options.metadata,
    createdAt: options.created_at,
    createdBy: options.created_by,
  };
}
