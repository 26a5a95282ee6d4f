/** What a server says to a WebSocket that it does not let in. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

/** The HTTP status that refuses an upgrade. */
export async function refusalOf(url: string, headers = {}): Promise<number | undefined> {
  const socket = new WebSocket(url, { headers });
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
}
