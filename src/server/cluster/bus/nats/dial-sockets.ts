/**
 * Closes the sockets of a connection attempt that failed. The NATS client leaves its socket open when a broker accepts
 * it and then says nothing, and does not expose that socket: retrying forever would use up the process's file
 * descriptors within hours.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** The sockets that the current attempt has opened, in any of its callbacks. */
const opened = new AsyncLocalStorage<Set<Socket>>();

// https://nodejs.org/docs/latest/api/diagnostics_channel.html#net
subscribe('net.client.socket', (message) => {
  opened.getStore()?.add((message as { socket: Socket }).socket);
});

/**
 * @param signal aborts the attempt
 * @returns the result of `dial`; if it fails, its sockets are closed
 */
export async function endSocketsOnFailure<Result>(
  dial: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const sockets = new Set<Socket>();
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  signal.addEventListener('abort', end);
  try {
    return await opened.run(sockets, dial);
  } catch (error) {
    end();
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
  }
}
