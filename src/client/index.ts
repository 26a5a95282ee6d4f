/** The peer for Node, over `ws` and werift. */
import { inNode } from '../common/node-clock.ts';
import { openWsSocket } from './node/node-socket.ts';
import { createPeerWith, type Peer } from './peer/peer.ts';
import type { PeerOptions } from './peer/peer-options.ts';
import { type Platform, peerClock } from './peer/platform.ts';
import { createWeriftConnection } from './rtc/werift/werift.ts';

export type { Observer, Step } from '../machines/without-xstate.ts';
export type { Connection } from './peer/connection.ts';
export type { CloseReason, ConnectionEvents } from './peer/connection-events.ts';
export { PairlaneError, type PeerErrorCode } from './peer/errors.ts';
export type { ConnectOptions, Target } from './peer/pair-request.ts';
export { createPeerWith, type Peer } from './peer/peer.ts';
export type { PeerEvents } from './peer/peer-events.ts';
export {
  type Accept,
  type ConnectRequest,
  DEFAULT_ICE_SERVERS,
  DEFAULT_URL,
  type PeerLogger,
  type PeerOptions,
} from './peer/peer-options.ts';
export type { ConnectionState, PeerState, SignalingState } from './peer/peer-state.ts';
export type { Answers } from './peer/pending-requests.ts';
export type { Platform } from './peer/platform.ts';
export type { Broadcast, Room } from './room/room.ts';
export type { Member, RoomEdge, RoomEnd, RoomEvents } from './room/room-events.ts';
export type { JoinOptions, ListedRoom, RoomList } from './room/room-options.ts';
export { type ConnectionStats, describeStats } from './rtc/connection-stats.ts';
export type { ChannelOptions } from './rtc/peer-connection.ts';
export type {
  ConnectionConfig,
  DataChannel,
  DataChannelInit,
  IceCandidate,
  IceServer,
  PeerConnection,
} from './rtc/types.ts';
export type { OpenSocket, Socket, SocketHandlers } from './signaling/socket.ts';
export type { Token } from './signaling/token-source.ts';

/** What a peer needs from Node. */
export const nodePlatform: Platform = {
  openSocket: openWsSocket,
  createConnection: createWeriftConnection,
  clock: { ...peerClock, ...inNode },
  random: Math.random,
};

/**
 * Creates a peer and connects it to the signaling server.
 * @returns the peer, once the server has given it its id; call `close()`, or the process does not end
 * @throws {PairlaneError} `invalid_option`, `signaling_failed`, `signaling_timeout`
 */
export function createPeer(options: PeerOptions = {}): Promise<Peer> {
  return createPeerWith(nodePlatform, options);
}
