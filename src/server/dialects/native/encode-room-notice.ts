/** Encodes the core's room notices as native messages. */
import type { ServerMessageOf } from '../../../protocol/index.ts';
import { publicIdOf } from '../../admission/tokens/grants.ts';
import type { RoomNotice, ShownMember } from '../../signaling/rooms/room-notice.ts';

type NoticeOf<T extends RoomNotice['type']> = Extract<RoomNotice, { readonly type: T }>;

const shownId = (id: string | undefined) => (id === undefined ? null : publicIdOf(id));
const peerOf = ({ id, metadata }: ShownMember) => ({
  id: publicIdOf(id),
  ...(metadata !== undefined && { metadata }),
});

export const roomEncoders: {
  readonly [T in RoomNotice['type']]: (notice: NoticeOf<T>) => ServerMessageOf<T>;
} = {
  room_joined: ({ room, peers, leader, topology, isLocked, maxSize }) => ({
    type: 'room_joined',
    room,
    peers: peers.map(peerOf),
    leader: shownId(leader),
    topology,
    locked: isLocked,
    max_size: maxSize,
  }),
  peer_joined: ({ room, peer }) => ({ type: 'peer_joined', room, peer: peerOf(peer) }),
  peer_left: ({ room, id, reason }) => ({ type: 'peer_left', room, id: publicIdOf(id), reason }),
  peer_updated: ({ room, id, metadata }) => ({ type: 'peer_updated', room, id: publicIdOf(id), metadata }),
  leader: ({ room, id }) => ({ type: 'leader', room, id: shownId(id) }),
  room_locked: ({ room, isLocked }) => ({ type: 'room_locked', room, locked: isLocked }),
  edge: ({ room, id, state, reason }) => ({
    type: 'edge',
    room,
    id: publicIdOf(id),
    state,
    ...(reason !== undefined && { reason }),
  }),
  rooms: ({ rooms, hasMore }) => ({
    type: 'rooms',
    rooms: rooms.map(({ name, members, maxSize, topology, isLocked, hasPassword, metadata }) => ({
      room: name,
      members,
      max_size: maxSize,
      topology,
      locked: isLocked,
      password: hasPassword,
      ...(metadata !== undefined && { metadata }),
    })),
    ...(hasMore && { more: true as const }),
  }),
};
