/**
 * Ends a socket that has many bytes its client does not read. It is closed at once, because only that frees the memory.
 */
import type { WebSocket } from '../http/shell/shell.ts';

/** Many a well-behaved client on a slow line has fewer bytes than this unread. */
const MUCH_BYTES = 64 * 1024;

export function cutUnread(socket: Pick<WebSocket<unknown>, 'close' | 'getBufferedAmount'> | undefined): void {
  if (socket && socket.getBufferedAmount() > MUCH_BYTES) socket.close();
}
