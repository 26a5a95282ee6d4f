/** A WebSocket as a peer needs it: what `ws` and the browser's own have in common. */

export interface SocketHandlers {
  /** From here on `send` works. */
  readonly opened: () => void;
  /** A text frame is a string; anything else is not part of the protocol. */
  readonly received: (data: unknown) => void;
  /**
   * A WebSocket ping arrived, and has been answered; browsers do not report this.
   * @param bytes the size of its payload
   */
  readonly controlled?: (bytes: number) => void;
  /** Called once, even if it never opened. The code is one of RFC 6455 section 7.4. */
  readonly closed: (code: number, reason: string) => void;
}

export interface Socket {
  /**
   * Ignored if the socket is not open: the server that it was meant for is lost anyway.
   * @param canWait whether it may be held for a moment; what is sent after it still comes after it
   */
  send(text: string, canWait?: boolean): void;
  /** Bytes sent but still buffered here, if known. */
  readonly unsentBytes?: number;
  /**
   * @param code 1000, or one from the private range (RFC 6455 section 7.4.2)
   * @param reason at most 123 bytes
   */
  close(code: number, reason?: string): void;
}

/**
 * Opens a WebSocket.
 * @param token authenticates us; never part of the URL, which proxies log
 * @throws if the URL is invalid
 */
export type OpenSocket = (url: string, handlers: SocketHandlers, token?: string) => Socket;
