/** What a peer tells its user without being asked. */
import type { ConnectionStats } from '../rtc/connection-stats.ts';
import type { Connection } from './connection.ts';
import type { PairlaneError } from './errors.ts';
import type { PeerState, SignalingState } from './peer-state.ts';

export interface PeerEvents {
  /** The state changed. */
  state: (state: PeerState, previous: PeerState) => void;
  /** A new connection, on either side's request: the moment to listen to it. */
  connection: (connection: Connection) => void;
  /** How a connection goes, once it is connected and then every five seconds. */
  stats: (stats: ConnectionStats, peerId: string) => void;
  /** The server brought us together with a peer, on either side's request. */
  paired: (pairing: { peerId: string; initiator: boolean }) => void;
  /** A data channel is open, and `send` works on it; with only one channel, this comes once a pairing. */
  open: (channel: string) => void;
  message: (data: string | Uint8Array, channel: string) => void;
  /** A peer signaled something, by `signal`, for a connection of your own. Of a stranger: check it. */
  signal: (data: unknown, peerId: string) => void;
  /** The peer left or was lost; we are ready for the next one. */
  peer_disconnected: (peer: { peerId: string; reason: string }) => void;
  /** The peer lost its link to the server, and may come back; the data channel is not touched. */
  peer_away: (peer: { peerId: string }) => void;
  peer_back: (peer: { peerId: string }) => void;
  /** The time of a key of ours is over. */
  key_expired: (expired: { key: string }) => void;
  /** Our token is about to expire, and our session with it. A `token` that is a function is asked for a newer one. */
  token_expiring: (expiring: { expiresAt: Date }) => void;
  /** Something failed that no call of yours waited for. A pairing that it ended is over. */
  error: (error: PairlaneError) => void;
  /** The link to the server changed; after a loss the peer may have a new id. */
  signaling: (state: SignalingState, id: string | undefined) => void;
}
