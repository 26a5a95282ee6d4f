/** The end of a socket in which much waits that its client does not read: at once, for only that frees the memory. */
import type { WebSocket } from '../http/shell/shell.ts';

/** Less than that waits for many an honest client on a slow line. */
const MUCH_BYTES = 64 * 1024;

export function cutUnread(socket: Pick<WebSocket<unknown>, 'close' | 'getBufferedAmount'> | undefined): void {
  if (socket && socket.getBufferedAmount() > MUCH_BYTES) socket.close();
}
