/** The connections of an app, from their first byte to their end or until they are WebSockets, and who watches them. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpResponse } from '../shell.ts';
import { addressBytes } from './address-bytes.ts';

/** As long as uWebSockets.js waits for a request. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface Connection {
  /** Where it is from, and whom a PROXY protocol header names. */
  readonly remote: ArrayBuffer;
  proxied: ArrayBuffer;
  hasAsked: boolean;
  isWebSocket: boolean;
}

type Watcher = (res: HttpResponse, change: number) => void;

export class Connections {
  readonly #known = new Map<Socket, Connection>();
  /** TLS over one that is known. */
  readonly #secured = new WeakMap<Socket, Connection>();
  readonly #watchers: Watcher[] = [];

  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** One that asks something. @returns undefined for what it pipelines behind that: its answer ends the connection */
  asks(socket: Socket): Connection | undefined {
    const connection = this.#known.get(socket) ?? this.#secured.get(socket) ?? this.add(socket);
    if (connection.hasAsked) return undefined;
    connection.hasAsked = true;
    return connection;
  }

  /** A new one, which has some seconds to ask something. */
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

  /** What is asked has as long to arrive, to the end of its body, as its beginning had. */
  awaitBody(request: IncomingMessage): void {
    const timer = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, REQUEST_TIMEOUT_MS);
    request.once('close', () => clearTimeout(timer));
  }

  /** What comes by TLS over a connection is its own. */
  secure(socket: Socket, connection: Connection): void {
    this.#secured.set(socket, connection);
  }

  closeAll(): void {
    for (const socket of [...this.#known.keys()]) socket.destroy();
  }
}

const NO_ADDRESS = new ArrayBuffer(0);
