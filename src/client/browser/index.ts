/**
 * The peer for browsers, over their own WebSocket and RTCPeerConnection. The build bundles it with all its dependencies
 * into one ES module, dist/browser/pairlane.js, which a Pairlane server serves at /pairlane.js.
 */

import { createPeerWith, type Peer } from '../peer/peer.ts';
import type { PeerOptions } from '../peer/peer-options.ts';
import { type Platform, peerClock } from '../peer/platform.ts';
import type { PeerConnection } from '../rtc/types.ts';
import { openBrowserSocket } from './browser-socket.ts';
import { nextTurn } from './next-turn.ts';
import { followPage } from './page-lifecycle.ts';
import { serverOfModule } from './server-url.ts';

export type { Observer, Step } from '../../machines/without-xstate.ts';
export type { Connection } from '../peer/connection.ts';
export type { CloseReason, ConnectionEvents } from '../peer/connection-events.ts';
export { PairlaneError, type PeerErrorCode } from '../peer/errors.ts';
export type { ConnectOptions, Target } from '../peer/pair-request.ts';
export type { Peer } from '../peer/peer.ts';
export type { PeerEvents } from '../peer/peer-events.ts';
export {
  type Accept,
  type ConnectRequest,
  DEFAULT_ICE_SERVERS,
  type PeerLogger,
  type PeerOptions,
} from '../peer/peer-options.ts';
export type { ConnectionState, PeerState, SignalingState } from '../peer/peer-state.ts';
export type { Answers } from '../peer/pending-requests.ts';
export type { Broadcast, Room } from '../room/room.ts';
export type { Member, RoomEdge, RoomEnd, RoomEvents } from '../room/room-events.ts';
export type { JoinOptions, ListedRoom, RoomList } from '../room/room-options.ts';
export { type ConnectionStats, describeStats } from '../rtc/connection-stats.ts';
export type { ChannelOptions } from '../rtc/peer-connection.ts';
export type { DataChannelInit, IceServer } from '../rtc/types.ts';
export type { Token } from '../signaling/token-source.ts';

/** What a peer needs from the browser. */
export const browserPlatform: Platform = {
  openSocket: openBrowserSocket,
  // Our interface is a subset of the browser's; only its typings are stricter than W3C's.
  createConnection: ({ iceServers, iceTransportPolicy }) =>
    new RTCPeerConnection({
      iceServers: iceServers as RTCIceServer[],
      iceTransportPolicy,
    }) as unknown as PeerConnection,
  isSlowToCreate: true,
  clock: { ...peerClock, nextTurn },
  random: Math.random,
};

/**
 * Creates a peer and connects it to the signaling server. It restarts ICE when the network changes, and says goodbye
 * when the page is left.
 * @param options `url` defaults to the server that this module was loaded from
 * @returns the peer, once the server has given it its id
 * @throws {PairlaneError} `invalid_option`, `signaling_failed`, `signaling_timeout`
 */
export async function createPeer(options: PeerOptions = {}): Promise<Peer> {
  const peer = await createPeerWith(browserPlatform, { url: serverOfModule(), ...options });
  followPage(peer);
  return peer;
}
