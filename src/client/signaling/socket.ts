/** A WebSocket as a peer needs it: the part that `ws` and the browser's own have in common. */

export interface SocketHandlers {
  /** From here on `send` works. */
  readonly opened: () => void;
  /** A text frame is a string; anything else is not part of the protocol. */
  readonly received: (data: unknown) => void;
  /** Once, also when it never opened. The code is one of RFC 6455 section 7.4. */
  readonly closed: (code: number, reason: string) => void;
}

export interface Socket {
  /** Passed over when the socket is not open: what it was for is lost with it anyway. */
  send(text: string): void;
  /** @param code 1000, or one of the private range (RFC 6455 section 7.4.2) */
  close(code: number): void;
}

/**
 * Opens a WebSocket.
 * @param token shows the server who we are; never in the URL, which proxies write into their logs
 * @throws when the URL is none
 */
export type OpenSocket = (url: string, handlers: SocketHandlers, token?: string) => Socket;
