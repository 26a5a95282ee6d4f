/**
 * Ends the sockets of a dial that failed. The NATS client leaves the socket open when a broker accepts it and then says
 * nothing, and it gives nobody that socket: trying again forever would use up the process's files within hours.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Those that a dial has opened, in whatever callback it did. */
const opened = new AsyncLocalStorage<Set<Socket>>();

// https://nodejs.org/docs/latest/api/diagnostics_channel.html#net
subscribe('net.client.socket', (message) => {
  opened.getStore()?.add((message as { socket: Socket }).socket);
});

/**
 * @param signal gives the dial up
 * @returns what `dial` does; when that fails, its sockets are gone
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
