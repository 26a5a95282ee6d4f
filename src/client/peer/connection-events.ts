/** The events of a connection. */

import type { ConnectionStats } from '../rtc/connection-stats.ts';
import type { PairlaneError } from './errors.ts';
import type { ConnectionState } from './peer-state.ts';

/** Why a connection is over. */
export interface CloseReason {
  /**
   * `unpaired`: we left; `closed`: our peer was closed; `failed`: see `error`; otherwise why the other peer is gone, as
   * in `peer_disconnected`.
   */
  readonly reason: string;
  /** The other peer's reason for rejecting us. Comes from a stranger. */
  readonly message?: string;
  readonly error?: PairlaneError;
}

export interface ConnectionEvents {
  state: (state: ConnectionState, previous: ConnectionState) => void;
  /** A data channel is open, and `send` works on it. */
  open: (channel: string) => void;
  message: (data: string | Uint8Array, channel: string) => void;
  /** The other peer sent something with `signal`, for a connection of your own. Comes from a stranger: check it. */
  signal: (data: unknown) => void;
  /** The other peer lost its link to the server, and may come back; the data channel is not affected. */
  away: () => void;
  back: () => void;
  /** Statistics, once it is connected and then every five seconds. */
  stats: (stats: ConnectionStats) => void;
  /** Something failed that none of your calls was waiting for; `close` follows if that ended the connection. */
  error: (error: PairlaneError) => void;
  /** The connection is over; emitted once. */
  close: (reason: CloseReason) => void;
}
