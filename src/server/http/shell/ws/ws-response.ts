/**
 * A Node response behind the seam's interface, with a few more methods that Socket.IO calls. Each connection has one
 * response: requests pipelined behind its first are not read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpResponse } from '../shell.ts';

type Body = string | ArrayBuffer | Uint8Array;

export interface WsResponseDeps {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The remote address, and the one from a PROXY protocol header. */
  readonly remote: ArrayBuffer;
  readonly proxied: ArrayBuffer;
  /** Turns the connection into a WebSocket; undefined if the request does not ask for one. */
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
    // Set explicitly, it has the same position as in the answer to HEAD.
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

  // The methods below are used by Socket.IO only.

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

  /** @returns whether the chunk was accepted, and whether the response is complete */
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

/** A copy of the bytes, because small buffers of Node's share memory. */
export function arrayBufferOf({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

function bytesOf(body: Body): string | Uint8Array {
  return body instanceof ArrayBuffer ? new Uint8Array(body) : body;
}
