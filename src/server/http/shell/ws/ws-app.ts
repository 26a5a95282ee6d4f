/** An app of the `ws` and `node:http` shell: its routes, and the connections it was given. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { App, HttpRequest, HttpResponse, WebSocketBehavior } from '../shell.ts';
import { type Connection, Connections } from './connections.ts';
import { isWebSocketRequest } from './is-websocket-request.ts';
import { plainResponse } from './plain-response.ts';
import { listenOn } from './ports.ts';
import { readProxyHeader } from './proxy-header.ts';
import { Routes } from './routes.ts';
import { Topics } from './topics.ts';
import { WsRequest } from './ws-request.ts';
import { WsResponse } from './ws-response.ts';
import { WsSocket } from './ws-socket.ts';

type Handler = (res: HttpResponse, req: HttpRequest) => void;

interface SocketRoute {
  readonly behavior: WebSocketBehavior<unknown>;
  readonly server: WebSocketServer;
}

export interface WsAppOptions {
  /** If given, its connections speak TLS. */
  readonly secureContext?: SecureContext | undefined;
}

/** Our own limit is well below this and refuses with a reason. */
const MAX_HEADER_BYTES = 32 * 1024;
/** How long a client has to answer our close frame. */
const CLOSE_TIMEOUT_MS = 10_000;

const METHODS = ['get', 'head', 'post'] as const;

/**
 * `ws` keeps each fragment of a message, and each piece of an incomplete frame, as a buffer of its own, which takes some
 * 400 bytes besides its content: with its own limits, of 16,384 and 262,144, a message of 64 KiB could take megabytes.
 * So all may come in pieces of this size on average, and a message takes at most twice its size. The smallest piece that
 * a network makes of a long message is the segment of TCP, of 536 bytes or more.
 */
const FRAGMENT_BYTES = 1_024;
const CHUNK_BYTES = 512;
/** A short message may come in as many pieces as this all the same. */
const MIN_PIECES = 64;

interface WsLimits {
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
}

function limitsFor(maxPayload: number): WsLimits {
  return {
    maxFragments: Math.max(MIN_PIECES, Math.ceil(maxPayload / FRAGMENT_BYTES)),
    maxBufferedChunks: Math.max(MIN_PIECES, Math.ceil(maxPayload / CHUNK_BYTES)),
  };
}

export class WsApp implements App {
  readonly #options: WsAppOptions;
  readonly #http = createServer({ maxHeaderSize: MAX_HEADER_BYTES });
  readonly #routes = Object.fromEntries(
    [...METHODS, 'any'].map((method) => [method, new Routes<Handler>()]),
  ) as Record<(typeof METHODS)[number] | 'any', Routes<Handler>>;
  readonly #sockets = new Routes<SocketRoute>();
  readonly #topics = new Topics();
  readonly #connections = new Connections();
  readonly #receive = (socket: Socket) => this.#accept(socket);

  constructor(options: WsAppOptions = {}) {
    this.#options = options;
    this.#http.on('request', (request, response) => this.serve(request, response));
    this.#http.on('upgrade', (request, socket, head) => this.upgrade(request, socket as Socket, head));
  }

  get(pattern: string, handler: Handler): void {
    this.#routes.get.add(pattern, handler);
  }

  head(pattern: string, handler: Handler): void {
    this.#routes.head.add(pattern, handler);
  }

  post(pattern: string, handler: Handler): void {
    this.#routes.post.add(pattern, handler);
  }

  any(pattern: string, handler: Handler): void {
    this.#routes.any.add(pattern, handler);
  }

  ws<Data>(pattern: string, behavior: WebSocketBehavior<Data>): void {
    const maxPayload = behavior.maxPayloadLength ?? 16 * 1024;
    const options: ServerOptions & WsLimits & { readonly closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      // A message is fully handled before the next one is delivered, as with uWebSockets.js.
      allowSynchronousEvents: false,
      maxPayload,
      ...limitsFor(maxPayload),
      // Missing in the typings.
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    const server = new WebSocketServer(options);
    this.#sockets.add(pattern, { behavior: behavior as WebSocketBehavior<unknown>, server });
  }

  filter(watcher: (res: HttpResponse, change: number) => void): void {
    this.#connections.watch(watcher);
  }

  publish(topic: string, message: string | ArrayBuffer | Uint8Array, isBinary?: boolean): boolean {
    return this.#topics.publish(topic, message, isBinary);
  }

  close(): void {
    this.#connections.closeAll();
  }

  listenOn: App['listenOn'] = (address, port) => listenOn(this.#receive, address, port);

  /** Answers a request of any Node HTTP server. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.asks(request.socket);
    if (!connection) {
      // Node reads on and keeps all requests until the connection is closed. The first answer has been written, as far
      // as the system took it.
      request.socket.destroy();
      return;
    }
    this.#connections.awaitBody(request);
    this.#answer(request, this.#responseOf(request, response, connection));
  }

  /** Turns a connection of any Node HTTP server into a WebSocket, or answers its request. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // Nobody else listens for errors any longer; the socket's end follows.
    socket.on('error', () => socket.destroy());
    const connection = this.#connections.asks(socket);
    if (!connection) return;
    const response = plainResponse(request, socket);
    if (!response) return;
    const req = new WsRequest(request);
    const [route] = this.#sockets.of(req.getUrl());
    if (!route || !isWebSocketRequest(request)) {
      this.#answer(request, this.#responseOf(request, response, connection));
      return;
    }
    const { behavior, server } = route;
    const becomeSocket = (data: unknown, protocol: string, headers: readonly string[]) => {
      response.detachSocket(socket);
      server.options.handleProtocols = () => protocol || false;
      server.once('headers', (lines) => lines.push(...headers));
      server.handleUpgrade(request, socket, head, (ws) => {
        connection.isWebSocket = true;
        new WsSocket(ws, { data, behavior, topics: this.#topics, socket });
      });
      server.removeAllListeners('headers');
    };
    const res = this.#responseOf(request, response, connection, becomeSocket);
    void behavior.upgrade?.(res, req, undefined);
  }

  #answer(request: IncomingMessage, res: WsResponse): void {
    const req = new WsRequest(request);
    const method = METHODS.find((each) => each === req.getMethod());
    const path = req.getUrl();
    for (const routes of [method && this.#routes[method], this.#routes.any]) {
      for (const handler of routes?.of(path) ?? []) {
        req.hasYielded = false;
        handler(res, req);
        if (!req.hasYielded) return;
      }
    }
    res.close();
  }

  #responseOf(
    request: IncomingMessage,
    response: ServerResponse,
    { remote, proxied }: Connection,
    becomeSocket?: (data: unknown, protocol: string, headers: readonly string[]) => void,
  ): WsResponse {
    return new WsResponse({ request, response, remote, proxied, becomeSocket });
  }

  /** Takes a connection from a port. It counts from the first moment, whatever it sends. */
  #accept(raw: Socket): void {
    const { secureContext } = this.#options;
    raw.on('error', () => raw.destroy());
    const connection = this.#connections.add(raw);
    // A watcher may have ended it.
    if (raw.destroyed) return;
    readProxyHeader(raw, (source) => {
      connection.proxied = source;
      const socket = secureContext ? new TLSSocket(raw, { isServer: true, secureContext }) : raw;
      if (socket !== raw) {
        socket.on('error', () => socket.destroy());
        this.#connections.secure(socket, connection);
      }
      this.#http.emit('connection', socket);
      // The bytes that were read have been put back and wait; a TLS socket takes them by itself.
      if (socket === raw) process.nextTick(() => socket.resume());
    });
  }
}
