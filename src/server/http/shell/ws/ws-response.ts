/**
 * An answer of Node's as the seam has it, and a few methods more, which Socket.IO calls. Each connection has one
 * answer: what a client pipelines behind its first request is not read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpResponse } from '../shell.ts';

type Body = string | ArrayBuffer | Uint8Array;

export interface WsResponseDeps {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Where the connection is from, and whom a PROXY protocol header names. */
  readonly remote: ArrayBuffer;
  readonly proxied: ArrayBuffer;
  /** Makes a WebSocket of the connection; undefined for a request that does not ask for one. */
  readonly becomeSocket: ((data: unknown, protocol: string, headers: readonly string[]) => void) | undefined;
}

export class WsResponse implements HttpResponse {
  readonly #deps: WsResponseDeps;
  readonly #headers: string[] = [];
  #written = 0;

  constructor(deps: WsResponseDeps) {
    this.#deps = deps;
    deps.response.shouldKeepAlive = false;
  }

  writeStatus(status: string): this {
    const { response } = this.#deps;
    response.statusCode = Number.parseInt(status, 10);
    response.statusMessage = status.slice(status.indexOf(' ') + 1);
    return this;
  }

  writeHeader(name: string, value: string): this {
    this.#headers.push(`${name}: ${value}`);
    this.#deps.response.appendHeader(name, value);
    return this;
  }

  end(body: Body = ''): this {
    const { response } = this.#deps;
    const bytes = bytesOf(body);
    // Said by us, it stands where it stands in the answer to HEAD.
    response.setHeader('Content-Length', Buffer.byteLength(bytes));
    response.end(bytes);
    return this;
  }

  endWithoutBody(length = 0): this {
    const { response } = this.#deps;
    response.setHeader('Content-Length', length);
    response.end();
    return this;
  }

  onAborted(handler: () => void): this {
    const { response } = this.#deps;
    response.once('close', () => {
      if (!response.writableEnded) handler();
    });
    return this;
  }

  cork(write: () => void): this {
    const { response } = this.#deps;
    response.cork();
    write();
    response.uncork();
    return this;
  }

  close(): this {
    this.#deps.request.socket.destroy();
    return this;
  }

  getRemoteAddress(): ArrayBuffer {
    return this.#deps.remote;
  }

  getProxiedRemoteAddress(): ArrayBuffer {
    return this.#deps.proxied;
  }

  upgrade(data: unknown, _key: string, protocols: string): void {
    const [first = ''] = protocols.split(',');
    this.#deps.becomeSocket?.(data, first.trim(), this.#headers);
  }

  // From here on what only Socket.IO asks for.

  getRemoteAddressAsText(): ArrayBuffer {
    return new TextEncoder().encode(this.#deps.request.socket.remoteAddress ?? '').buffer;
  }

  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): this {
    const { request } = this.#deps;
    request.on('data', (chunk: Buffer) => handler(arrayBufferOf(chunk), false));
    request.on('end', () => handler(new ArrayBuffer(0), true));
    return this;
  }

  getWriteOffset(): number {
    return this.#written;
  }

  /** @returns whether it was taken, and whether that was all */
  tryEnd(chunk: ArrayBuffer, totalBytes: number): [boolean, boolean] {
    const { response } = this.#deps;
    if (this.#written === 0) response.setHeader('Content-Length', totalBytes);
    this.#written += chunk.byteLength;
    const isDone = this.#written >= totalBytes;
    if (isDone) response.end(new Uint8Array(chunk));
    else response.write(new Uint8Array(chunk));
    return [true, isDone];
  }
}

/** A copy of the bytes: many small buffers of Node's share one memory. */
export function arrayBufferOf({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

function bytesOf(body: Body): string | Uint8Array {
  return body instanceof ArrayBuffer ? new Uint8Array(body) : body;
}
