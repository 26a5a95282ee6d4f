/** What a connection tells its user. */

import type { ConnectionStats } from '../rtc/connection-stats.ts';
import type { PairlaneError } from './errors.ts';
import type { ConnectionState } from './peer-state.ts';

/** Why a connection is over. */
export interface CloseReason {
  /**
   * `unpaired`: we left; `closed`: our peer was closed; `failed`: see `error`; else why the other one is gone, as
   * `peer_disconnected` says it.
   */
  readonly reason: string;
  /** What the other one said when it rejected us. Of a stranger. */
  readonly message?: string;
  readonly error?: PairlaneError;
}

export interface ConnectionEvents {
  state: (state: ConnectionState, previous: ConnectionState) => void;
  /** A data channel is open, and `send` works on it. */
  open: (channel: string) => void;
  message: (data: string | Uint8Array, channel: string) => void;
  /** The other one signaled something, by `signal`, for a connection of your own. Of a stranger: check it. */
  signal: (data: unknown) => void;
  /** The other one lost its link to the server, and may come back; the data channel is not touched. */
  away: () => void;
  back: () => void;
  /** How it goes, once it is connected and then every five seconds. */
  stats: (stats: ConnectionStats) => void;
  /** Something failed that no call of yours waited for; a `close` follows where that was the end. */
  error: (error: PairlaneError) => void;
  /** It is over, told once. */
  close: (reason: CloseReason) => void;
}
