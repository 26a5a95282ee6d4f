/** A WebSocket as a peer needs it: the part that `ws` and the browser's own have in common. */

export interface SocketHandlers {
  /** From here on `send` works. */
  readonly opened: () => void;
  /** A text frame is a string; anything else is not part of the protocol. */
  readonly received: (data: unknown) => void;
  /** A ping of WebSocket itself came, and is answered; a browser does not say so. @param bytes how many it has */
  readonly controlled?: (bytes: number) => void;
  /** Once, also when it never opened. The code is one of RFC 6455 section 7.4. */
  readonly closed: (code: number, reason: string) => void;
}

export interface Socket {
  /** Passed over when the socket is not open: what it was for is lost with it anyway. */
  send(text: string): void;
  /** What was sent and is still here, where that is known. */
  readonly unsentBytes?: number;
  /** @param code 1000, or one of the private range (RFC 6455 section 7.4.2) @param reason at most 123 bytes */
  close(code: number, reason?: string): void;
}

/**
 * Opens a WebSocket.
 * @param token shows the server who we are; never in the URL, which proxies write into their logs
 * @throws when the URL is none
 */
export type OpenSocket = (url: string, handlers: SocketHandlers, token?: string) => Socket;
