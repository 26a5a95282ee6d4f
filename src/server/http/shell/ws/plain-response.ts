/** An answer to a request that asked for another protocol, which Node hands over without one. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * @returns what ends the connection when it has been written; undefined for a request that was sent behind another one
 * that is not answered yet: its connection is ended, for nobody may ask so (RFC 9112 section 9.3.2)
 */
export function plainResponse(request: IncomingMessage, socket: Socket): ServerResponse | undefined {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    response.assignSocket(socket);
  } catch {
    // Another answer has it still.
    socket.destroy();
    return undefined;
  }
  response.once('finish', () => socket.destroySoon());
  return response;
}
