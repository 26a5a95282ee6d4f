/**
 * What a peer needs from its platform. Node's is in index.ts; the browser brings its own WebSocket and
 * RTCPeerConnection, so only Node's own files in this folder may import Node packages.
 */
import type { Clock } from '../../common/clock.ts';
import type { ConnectionConfig, PeerConnection } from '../rtc/types.ts';
import type { OpenSocket } from '../signaling/socket.ts';

export interface Platform {
  readonly openSocket: OpenSocket;
  readonly createConnection: (config: ConnectionConfig) => PeerConnection;
  /** Whether that takes so long that it is worth doing ahead. */
  readonly isSlowToCreate?: boolean;
  readonly clock: Clock;
  /** @returns a number from 0 to 1, for the jitter of reconnects */
  readonly random: () => number;
}

/** Like the system's clock, but a peer that waits keeps its process alive until it is closed. */
export const peerClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    return () => clearInterval(timer);
  },
};
