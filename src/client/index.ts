/** The peer for Node, over `ws` and werift. */

import type { PeerOptions } from './options.ts';
import { createPeerWith, type Peer } from './peer.ts';
import { type Platform, peerClock } from './platform.ts';
import { createWeriftConnection } from './rtc/werift.ts';
import { openWsSocket } from './ws-socket.ts';

export { PairlaneError, type PeerErrorCode } from './errors.ts';
export { DEFAULT_ICE_SERVERS, DEFAULT_URL, type PeerLogger, type PeerOptions } from './options.ts';
export type { Peer } from './peer.ts';
export type { PeerEvents } from './peer-events.ts';
export type { DataChannelInit, IceServer } from './rtc/types.ts';
export type { PeerState, SignalingState } from './state.ts';

/** What a peer needs, from Node. */
export const nodePlatform: Platform = {
  openSocket: openWsSocket,
  createConnection: createWeriftConnection,
  clock: peerClock,
  random: Math.random,
};

/**
 * Creates a peer and connects it to the signaling server.
 * @returns the peer, once the server has given it its id; `close()` it, or its process does not end
 * @throws {PairlaneError} `invalid_option`, `signaling_failed`, `signaling_timeout`
 */
export function createPeer(options: PeerOptions = {}): Promise<Peer> {
  return createPeerWith(nodePlatform, options);
}
