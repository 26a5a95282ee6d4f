/** The browser's own WebSocket. */
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../protocol/index.ts';
import type { OpenSocket } from '../signaling/socket.ts';

/** RFC 6455 section 7.4.1: closed without a close frame. */
const NO_CLOSE_FRAME = 1006;

/** How long the other side has to answer our close frame; browsers wait much longer by themselves. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * How long what can wait is held. A browser connects and signals on the same threads: what a peer reports when it is
 * connected would delay its data channel, which is about to open. Of a connection that ends sooner the server may not hear
 * that it was connected.
 */
const HOLD_MS = 20;

export const openBrowserSocket: OpenSocket = (url, handlers, token) => {
  let isClosed = false;
  const closed = (code: number, reason: string) => {
    if (isClosed) return;
    isClosed = true;
    handlers.closed(code, reason);
  };
  let socket: WebSocket;
  try {
    // A browser cannot set headers; the server answers with the first of the two subprotocols, never with the token.
    socket =
      token === undefined
        ? new WebSocket(url)
        : new WebSocket(url, [SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}${token}`]);
  } catch (error) {
    // A page loaded over https may not open ws:// URLs. The caller is told as for any other failure.
    queueMicrotask(() => closed(NO_CLOSE_FRAME, String(error)));
    return { send() {}, close() {} };
  }
  socket.onopen = () => handlers.opened();
  socket.onmessage = ({ data }) => handlers.received(data);
  socket.onclose = ({ code, reason }) => closed(code, reason);
  const isOpen = () => socket.readyState === WebSocket.OPEN;
  const held: string[] = [];
  const flush = () => {
    for (const text of held.splice(0)) if (isOpen()) socket.send(text);
  };
  return {
    send(text, canWait) {
      if (!isOpen()) return;
      held.push(text);
      if (!canWait) flush();
      else if (held.length === 1) setTimeout(flush, HOLD_MS);
    },
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    close(code, reason) {
      flush();
      socket.close(code, reason);
      setTimeout(() => closed(code, ''), CLOSE_TIMEOUT_MS);
    },
  };
};
