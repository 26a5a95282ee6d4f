/**
 * The seam between the server and what speaks HTTP and WebSocket for it: as much of uWebSockets.js's interface as the
 * server uses. A shell makes apps of this kind; uWebSockets.js's own are such apps, so that the seam costs nothing.
 */
import type { ListenAddress } from '../../../common/listen-address.ts';

export type ShellName = 'uws' | 'ws';

/** A certificate and its key, as paths of files in PEM. */
export interface CertificateFiles {
  readonly tlsCert: string;
  readonly tlsKey: string;
}

export interface AppOptions {
  /** With one the app speaks TLS. */
  readonly certificate?: CertificateFiles | undefined;
}

export interface Shell {
  readonly name: ShellName;
  createApp(options: AppOptions): App;
}

/** An address that is listened on. */
export interface ListenSocket {
  /** Of TCP; the one that was free when any was asked for. */
  readonly port: number;
  /** Takes no new connections from here on; those that are open stay. */
  close(): void;
}

type RequestHandler = (res: HttpResponse, req: HttpRequest) => void;

/** Routes, and the connections that came through them. Patterns are paths, or beginnings of paths with `/*`. */
export interface App {
  get(pattern: string, handler: RequestHandler): unknown;
  head(pattern: string, handler: RequestHandler): unknown;
  post(pattern: string, handler: RequestHandler): unknown;
  /** For each method that has no route of its own. */
  any(pattern: string, handler: RequestHandler): unknown;
  /** For requests to become a WebSocket, which no other route sees then. */
  ws<Data>(pattern: string, behavior: WebSocketBehavior<Data>): unknown;
  /** @param watcher is told of each TCP connection that is opened (1), and of its end (-1) unless it became a WebSocket */
  filter(watcher: (res: HttpResponse, change: number) => void): unknown;
  /** Sends to each WebSocket that subscribed to the topic, at the end of this turn of the event loop at the latest. */
  publish(topic: string, message: string | ArrayBuffer | Uint8Array, isBinary?: boolean): boolean;
  /** Ends every connection at once. */
  close(): unknown;
  /**
   * Takes an address without a look at who else has it; a second time, new connections come to whoever took it last.
   * @param port of TCP; 0 for any that is free
   * @returns undefined when it cannot be had
   */
  listenOn(address: ListenAddress, port: number): Promise<ListenSocket | undefined>;
}

/** Good only until the handler that got it returns. */
export interface HttpRequest {
  /** By name in lower case; empty for none. */
  getHeader(name: string): string;
  forEach(each: (name: string, value: string) => void): void;
  /** In lower case. */
  getMethod(): string;
  /** The path, without the query. */
  getUrl(): string;
  /** The query without its question mark, empty for none; or the value of one field, undefined for none. */
  getQuery(): string;
  getQuery(name: string): string | undefined;
}

/** After it ended, or was aborted, none of its methods may be called. */
export interface HttpResponse {
  writeStatus(status: string): HttpResponse;
  writeHeader(name: string, value: string): HttpResponse;
  end(body?: string | ArrayBuffer | Uint8Array, closeConnection?: boolean): HttpResponse;
  /** Ends it with headers alone, which say how long the body would be. */
  endWithoutBody(length?: number, closeConnection?: boolean): HttpResponse;
  /** Whoever answers later has to be told that nobody waits any more. */
  onAborted(handler: () => void): HttpResponse;
  /** The body, in pieces that are good only until the handler returns. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): HttpResponse;
  /** What is written meanwhile goes out together. */
  cork(write: () => void): HttpResponse;
  /** Ends the connection at once. */
  close(): HttpResponse;
  /** 4 or 16 bytes, none for a Unix socket. */
  getRemoteAddress(): ArrayBuffer;
  /** Whom a PROXY protocol header names; no bytes when there is none. */
  getProxiedRemoteAddress(): ArrayBuffer;
  /** Makes it a WebSocket. @param protocols the client's, or the one that is chosen; the first is told to the client */
  upgrade<Data>(
    data: Data,
    key: string,
    protocols: string,
    extensions: string,
    context: UpgradeContext,
  ): void;
}

/** Of use to the shell alone. */
// biome-ignore lint/suspicious/noExplicitAny: each shell has its own.
export type UpgradeContext = any;

export interface WebSocketBehavior<Data> {
  /** Of a message in bytes; a longer one ends the socket. */
  readonly maxPayloadLength?: number;
  /** Of what is not sent yet in bytes, above which messages are dropped; 0 for no limit. */
  readonly maxBackpressure?: number;
  /** Whether one that is over it ends. */
  readonly closeOnBackpressureLimit?: boolean;
  /** In seconds of silence; pinged before that. */
  readonly idleTimeout?: number;
  readonly sendPingsAutomatically?: boolean;
  upgrade?(res: HttpResponse, req: HttpRequest, context: UpgradeContext): void | Promise<void>;
  open?(socket: WebSocket<Data>): void | Promise<void>;
  /** The bytes are good only until this returns. */
  message?(socket: WebSocket<Data>, message: ArrayBuffer, isBinary: boolean): void | Promise<void>;
  ping?(socket: WebSocket<Data>, message: ArrayBuffer): void;
  pong?(socket: WebSocket<Data>, message: ArrayBuffer): void;
  /** From here on every method of the socket throws but `getUserData`; also told when we end it, at once. */
  close?(socket: WebSocket<Data>, code: number, message: ArrayBuffer): void;
  /** A message was dropped because too much is not sent yet, also one that was published. The socket must not be ended here. */
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

/** The answers to `send`. */
export const SendStatus = { buffered: 0, sent: 1, dropped: 2 } as const;

/** Above it a request is refused. A shell itself takes longer headers, so that there is somebody who says so. */
export const MAX_HEADER_BYTES = 16 * 1024;
