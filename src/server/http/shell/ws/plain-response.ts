/** A response for an upgrade request that gets a plain HTTP answer; Node provides none for these. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * @returns a response that ends the connection once it is written; undefined for a request that was pipelined behind
 * one that is not answered yet: its connection is ended, because that is not allowed (RFC 9112 section 9.3.2)
 */
export function plainResponse(request: IncomingMessage, socket: Socket): ServerResponse | undefined {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    response.assignSocket(socket);
  } catch {
    // Another response is still using the socket.
    socket.destroy();
    return undefined;
  }
  response.once('finish', () => socket.destroySoon());
  return response;
}
