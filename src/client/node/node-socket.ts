/** A WebSocket for Node from the `ws` package, since Node 20 has none of its own. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { printable } from '../../common/printable.ts';
import { MAX_QUOTED_WORDS } from '../peer/errors.ts';
import { MAX_RECEIVED_CHARS } from '../signaling/server-allowance.ts';
import type { OpenSocket } from '../signaling/socket.ts';

/** How long the other side has to answer our close frame. */
const CLOSE_TIMEOUT_MS = 1_000;

const NO_CLOSE_FRAME = 1006;

/** The status with which a server refuses, and why, if it says so in plain text. */
async function refusalIn(response: IncomingMessage): Promise<string> {
  const status = `HTTP ${response.statusCode}`;
  if (!response.headers['content-type']?.startsWith('text/plain')) return status;
  const words = await new Promise<string>((resolve) => {
    response.once('data', (first) => resolve(String(first)));
    response.once('close', () => resolve(''));
  });
  return [status, printable(words.trim().slice(0, MAX_QUOTED_WORDS))].filter(Boolean).join(': ');
}

export const openWsSocket: OpenSocket = (url, handlers, token) => {
  const socket = new WebSocket(url, {
    maxPayload: MAX_RECEIVED_CHARS,
    perMessageDeflate: false,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  });
  let failure = '';
  socket.on('open', () => handlers.opened());
  socket.on('message', (data, isBinary) => handlers.received(isBinary ? data : String(data)));
  socket.on('ping', (data) => handlers.controlled?.(data.length));
  socket.on('unexpected-response', async (_request, response: IncomingMessage) => {
    failure = await refusalIn(response);
    socket.terminate();
  });
  // `close` always follows; without a listener, an error would end the process. A code, where there is one, says as much as
  // the message, without the address.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure ||= error.code ?? error.message;
  });
  socket.on('close', (code, reason) => {
    handlers.closed(code, code === NO_CLOSE_FRAME ? failure : String(reason));
  });
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    close(code, reason) {
      socket.close(code, reason);
      const deadline = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
      socket.once('close', () => clearTimeout(deadline));
    },
  };
};
