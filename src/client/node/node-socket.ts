/** The WebSocket of Node, by the `ws` package: Node 20 has none of its own. */
import { WebSocket } from 'ws';
import type { OpenSocket } from '../signaling/socket.ts';

/** A server's message is at most a relayed one and a few fields; a larger one is not ours. */
const MAX_RECEIVED_BYTES = 16 * 1024 * 1024;

/** How long the other side has to answer our close frame. */
const CLOSE_TIMEOUT_MS = 1_000;

const NO_CLOSE_FRAME = 1006;

export const openWsSocket: OpenSocket = (url, handlers, token) => {
  const socket = new WebSocket(url, {
    maxPayload: MAX_RECEIVED_BYTES,
    perMessageDeflate: false,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  });
  let failure = '';
  socket.on('open', () => handlers.opened());
  socket.on('message', (data, isBinary) => handlers.received(isBinary ? data : String(data)));
  // `close` always follows; without a listener an error would end the process.
  socket.on('error', (error) => {
    failure = error.message;
  });
  socket.on('close', (code, reason) => {
    handlers.closed(code, code === NO_CLOSE_FRAME ? failure : String(reason));
  });
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close(code) {
      socket.close(code);
      const deadline = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
      socket.once('close', () => clearTimeout(deadline));
    },
  };
};
