/**
 * The seam between the server and its HTTP and WebSocket implementation: the part of uWebSockets.js's interface that
 * the server uses. A shell creates apps with this interface; uWebSockets.js's own apps have it already, so the seam
 * costs nothing.
 */
import type { ListenAddress } from '../../../common/listen-address.ts';

export type ShellName = 'uws' | 'ws';

/** A certificate and its key, as paths of PEM files. */
export interface CertificateFiles {
  readonly tlsCert: string;
  readonly tlsKey: string;
}

export interface AppOptions {
  /** If given, the app speaks TLS. */
  readonly certificate?: CertificateFiles | undefined;
}

export interface Shell {
  readonly name: ShellName;
  createApp(options: AppOptions): App;
}

/** An address that is being listened on. */
export interface ListenSocket {
  /** For TCP; if any port was asked for, the one that was chosen. */
  readonly port: number;
  /** Takes no new connections from here on; open ones stay. */
  close(): void;
}

/** The promise of one that answers later is rejected once its failure has been answered. */
type RequestHandler = (res: HttpResponse, req: HttpRequest) => void | Promise<void>;

/**
 * Routes, and the connections that came in through them. A pattern is a path, or the beginning of one followed by `/*`.
 */
export interface App {
  get(pattern: string, handler: RequestHandler): unknown;
  head(pattern: string, handler: RequestHandler): unknown;
  post(pattern: string, handler: RequestHandler): unknown;
  /** For every method without a route of its own. */
  any(pattern: string, handler: RequestHandler): unknown;
  /** For WebSocket upgrade requests, which no other route sees then. */
  ws<Data>(pattern: string, behavior: WebSocketBehavior<Data>): unknown;
  /** @param watcher called when a TCP connection is opened (1), and when it ends (-1) unless it became a WebSocket */
  filter(watcher: (res: HttpResponse, change: number) => void): unknown;
  /** Sends to every WebSocket subscribed to the topic, by the end of this turn of the event loop. */
  publish(topic: string, message: string | ArrayBuffer | Uint8Array, isBinary?: boolean): boolean;
  /** Ends every connection at once. */
  close(): unknown;
  /**
   * Listens on an address without checking who else does; if it is opened twice, new connections go to the last app.
   * @param port for TCP; 0: any free port
   * @returns undefined if it is not available
   */
  listenOn(address: ListenAddress, port: number): Promise<ListenSocket | undefined>;
}

/** Valid only until the handler that received it returns. */
export interface HttpRequest {
  /** By name in lower case; empty if missing. */
  getHeader(name: string): string;
  forEach(each: (name: string, value: string) => void): void;
  /** In lower case. */
  getMethod(): string;
  /** The path, without the query. */
  getUrl(): string;
  /**
   * The query without its question mark, or the value of one of its fields; undefined if missing. Without a query, `ws`
   * gives an empty one.
   */
  getQuery(): string | undefined;
  getQuery(name: string): string | undefined;
}

/** After it has ended or was aborted, none of its methods may be called. */
export interface HttpResponse {
  writeStatus(status: string): HttpResponse;
  writeHeader(name: string, value: string): HttpResponse;
  end(body?: string | ArrayBuffer | Uint8Array, closeConnection?: boolean): HttpResponse;
  /** Ends it with headers only, which state the length that the body would have. */
  endWithoutBody(length?: number, closeConnection?: boolean): HttpResponse;
  /** Required for a handler that answers later: it must learn that nobody waits any more. */
  onAborted(handler: () => void): HttpResponse;
  /** The body, in chunks that are valid only until the handler returns. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): HttpResponse;
  /** What is written within goes out together. */
  cork(write: () => void): HttpResponse;
  /** Ends the connection at once. */
  close(): HttpResponse;
  /** 4 or 16 bytes; none for a Unix socket. */
  getRemoteAddress(): ArrayBuffer;
  /** The address from a PROXY protocol header; empty if there is none. */
  getProxiedRemoteAddress(): ArrayBuffer;
  /**
   * Turns the request into a WebSocket.
   * @param protocols those offered, or the chosen one; the client is told the first
   */
  upgrade<Data>(
    data: Data,
    key: string,
    protocols: string,
    extensions: string,
    context: UpgradeContext,
  ): void;
}

/** Used by the shell only. */
// biome-ignore lint/suspicious/noExplicitAny: each shell has its own.
export type UpgradeContext = any;

export interface WebSocketBehavior<Data> {
  /** In bytes; a longer message ends the socket. */
  readonly maxPayloadLength?: number;
  /** Limit of unsent bytes, above which messages are dropped; 0: no limit. */
  readonly maxBackpressure?: number;
  /** Whether a socket above that limit is closed. */
  readonly closeOnBackpressureLimit?: boolean;
  /** Seconds of silence after which the socket is closed; pings are sent before that. */
  readonly idleTimeout?: number;
  readonly sendPingsAutomatically?: boolean;
  upgrade?(res: HttpResponse, req: HttpRequest, context: UpgradeContext): void | Promise<void>;
  open?(socket: WebSocket<Data>): void | Promise<void>;
  /** The bytes are valid only until this returns. */
  message?(socket: WebSocket<Data>, message: ArrayBuffer, isBinary: boolean): void | Promise<void>;
  ping?(socket: WebSocket<Data>, message: ArrayBuffer): void;
  pong?(socket: WebSocket<Data>, message: ArrayBuffer): void;
  /** From here on every method of the socket throws, except `getUserData`. Also called, at once, when we end it. */
  close?(socket: WebSocket<Data>, code: number, message: ArrayBuffer): void;
  /** A message, possibly a published one, was dropped because too much is unsent. The socket must not be ended here. */
  dropped?(socket: WebSocket<Data>, message: ArrayBuffer, isBinary: boolean): void;
}

export interface WebSocket<Data> {
  getUserData(): Data;
  send(message: string | ArrayBuffer | Uint8Array, isBinary?: boolean, compress?: boolean): number;
  /** Bytes that are not sent yet. */
  getBufferedAmount(): number;
  ping(message?: string): number;
  /** Ends it with a close frame. */
  end(code?: number, reason?: string): void;
  /** Ends it at once. */
  close(): void;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
}

/** The results of `send`. */
export const SendStatus = { buffered: 0, sent: 1, dropped: 2 } as const;

/** A request with larger headers is refused. The shells accept more, so that the refusal can be answered. */
export const MAX_HEADER_BYTES = 16 * 1024;
