/** What uWebSockets.js keeps for a client's socket. */
import type { TimerOwner } from '../../../machines/index.ts';
import type { WebSocket } from '../../http/uws.ts';
import type { NativeClient } from './native-client.ts';

/** How a client opened its socket: without a wish to come back, with it, or to come back. */
export type SocketKind = 'plain' | 'resumable' | 'back';

/** Until its client is known a timer runs. */
export interface SocketData extends TimerOwner {
  client: NativeClient | undefined;
  readonly address: string;
  readonly kind: SocketKind;
  /** Of one that comes back, once it has said to which session: while other nodes are asked, or it is closed. */
  phase?: 'asking' | 'closed';
}

export type ClientSocket = WebSocket<SocketData>;
