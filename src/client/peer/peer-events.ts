/** The events of a peer. */
import type { ConnectionStats } from '../rtc/connection-stats.ts';
import type { Connection } from './connection.ts';
import type { PairlaneError } from './errors.ts';
import type { PeerState, SignalingState } from './peer-state.ts';

export interface PeerEvents {
  /** The state changed. */
  state: (state: PeerState, previous: PeerState) => void;
  /** A new connection, requested by either side: attach your listeners now. */
  connection: (connection: Connection) => void;
  /** A connection's statistics, once it is connected and then every five seconds. */
  stats: (stats: ConnectionStats, peerId: string) => void;
  /** The server has paired us, at the request of either side. */
  paired: (pairing: { peerId: string; initiator: boolean }) => void;
  /** A data channel is open, and `send` works on it; with only one channel, emitted once per pairing. */
  open: (channel: string) => void;
  message: (data: string | Uint8Array, channel: string) => void;
  /** A peer sent something with `signal`, for a connection of your own. Comes from a stranger: check it. */
  signal: (data: unknown, peerId: string) => void;
  /** The peer left or was lost; we are ready for the next one. */
  peer_disconnected: (peer: { peerId: string; reason: string }) => void;
  /** The peer lost its link to the server, and may come back; the data channel is not affected. */
  peer_away: (peer: { peerId: string }) => void;
  peer_back: (peer: { peerId: string }) => void;
  /** One of our keys has expired. */
  key_expired: (expired: { key: string }) => void;
  /** Our token is about to expire, and our session with it. If `token` is a function, it is called for a newer one. */
  token_expiring: (expiring: { expiresAt: Date }) => void;
  /** Something failed that none of your calls was waiting for. A pairing that it ended is over. */
  error: (error: PairlaneError) => void;
  /** The link to the server changed; after a loss the peer may have a new id. */
  signaling: (state: SignalingState, id: string | undefined) => void;
}
