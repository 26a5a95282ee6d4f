/** How a server refuses a WebSocket. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

/** The HTTP status of a refused upgrade. */
export async function refusalOf(url: string, headers = {}): Promise<number | undefined> {
  const socket = new WebSocket(url, { headers });
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
}
