/** The server's end of a simulated WebSocket: the server and its handlers are real, the socket is not. */
import { NO_TIMER } from '../../machines/index.ts';
import type { SocketData } from '../../server/dialects/native/native-client.ts';
import type { SocketHandlers } from '../../server/dialects/native/routes.ts';
import type { WebSocket } from '../../server/http/shell/shell.ts';

/** The facts from the request that opens it. */
export type SocketRequest = Pick<SocketData, 'kind' | 'peers' | 'isKeyOnly' | 'token'>;

/** The other end of the socket. */
export interface OtherEnd {
  readonly received: (frame: string) => void;
  /** The server closed it. */
  readonly closed: (code: number, reason: string) => void;
}

export class SimulatedSocket {
  isOpen = true;
  readonly #handlers: SocketHandlers;
  readonly #socket: WebSocket<SocketData>;

  /** Opens it: the server may send at once. */
  constructor(handlers: SocketHandlers, { kind, peers, isKeyOnly, token }: SocketRequest, other: OtherEnd) {
    this.#handlers = handlers;
    const data: SocketData = {
      client: undefined,
      address: '192.0.2.1', // Of those that are for documentation (RFC 5737).
      kind,
      isKeyOnly,
      peers,
      token,
      timer: NO_TIMER,
    };
    this.#socket = {
      getUserData: () => data,
      send: (frame: string | Buffer) => {
        if (this.isOpen) other.received(frame.toString());
        return 1;
      },
      end: (code: number, reason = '') => {
        this.close(code);
        other.closed(code, reason);
      },
      getBufferedAmount: () => 0,
    } as unknown as WebSocket<SocketData>; // What the server's native dialect asks of one.
    handlers.opened(this.#socket);
  }

  /** Delivers a frame now. */
  receive(frame: string): void {
    const { buffer, byteOffset, byteLength } = Buffer.from(frame);
    const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    if (this.isOpen) this.#handlers.received(this.#socket, bytes, false);
  }

  /** The client's side closes it, or it is lost (1006). */
  close(code: number): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#handlers.closed(this.#socket, code);
  }
}
