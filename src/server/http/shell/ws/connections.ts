/**
 * The connections of an app, from their first byte until they end or become WebSockets, and the watchers that count
 * them.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpResponse } from '../shell.ts';
import { addressBytes } from './address-bytes.ts';

/** The same time that uWebSockets.js waits for a request. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface Connection {
  /** Its remote address, and the one from a PROXY protocol header. */
  readonly remote: ArrayBuffer;
  proxied: ArrayBuffer;
  hasAsked: boolean;
  isWebSocket: boolean;
}

type Watcher = (res: HttpResponse, change: number) => void;

export class Connections {
  readonly #known = new Map<Socket, Connection>();
  /** TLS sockets over known connections. */
  readonly #secured = new WeakMap<Socket, Connection>();
  readonly #watchers: Watcher[] = [];

  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /**
   * The connection sends a request.
   * @returns undefined for a pipelined request: the answer to the first one ends the connection
   */
  asks(socket: Socket): Connection | undefined {
    const connection = this.#known.get(socket) ?? this.#secured.get(socket) ?? this.add(socket);
    if (connection.hasAsked) return undefined;
    connection.hasAsked = true;
    return connection;
  }

  /** Adds a new connection, which has some seconds to send a request. */
  add(socket: Socket): Connection {
    const remote = addressBytes(socket.remoteAddress);
    const connection = { remote, proxied: NO_ADDRESS, hasAsked: false, isWebSocket: false };
    const response = { getRemoteAddress: () => remote, close: () => socket.destroy() };
    const tell = (change: number) => {
      for (const watcher of this.#watchers) watcher(response as unknown as HttpResponse, change);
    };
    this.#known.set(socket, connection);
    const timer = setTimeout(() => {
      if (!connection.hasAsked) socket.destroy();
    }, REQUEST_TIMEOUT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#known.delete(socket);
      if (!connection.isWebSocket) tell(-1);
    });
    tell(1);
    return connection;
  }

  /** A request's body must arrive within the same time as its beginning. */
  awaitBody(request: IncomingMessage): void {
    const timer = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, REQUEST_TIMEOUT_MS);
    const end = () => clearTimeout(timer);
    request.once('close', end);
    // Of a connection that ends before the body was there, the request is not closed.
    request.socket.once('close', end);
  }

  /** What arrives by TLS over a connection belongs to that connection. */
  secure(socket: Socket, connection: Connection): void {
    this.#secured.set(socket, connection);
  }

  closeAll(): void {
    for (const socket of [...this.#known.keys()]) socket.destroy();
  }
}

const NO_ADDRESS = new ArrayBuffer(0);
