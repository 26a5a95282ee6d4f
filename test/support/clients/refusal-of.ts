/** How a server refuses a WebSocket. */
import { WebSocket } from 'ws';

/** The HTTP status of a refused upgrade; undefined for one that is not refused. */
export async function refusalOf(url: string, headers = {}): Promise<number | undefined> {
  const socket = new WebSocket(url, { headers });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('open', () => resolve(undefined));
    socket.on('error', reject);
  });
  socket.terminate();
  return status;
}
