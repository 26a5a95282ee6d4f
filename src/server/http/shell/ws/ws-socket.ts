/** A `ws` WebSocket behind the seam's interface: if we end it, it is closed at once, and its methods no longer work. */
import type { Socket } from 'node:net';
import type { WebSocket as NodeWebSocket } from 'ws';
import { SendStatus, type WebSocket, type WebSocketBehavior } from '../shell.ts';
import type { Topics } from './topics.ts';
import { arrayBufferOf } from './ws-response.ts';

/** The code of a close without a close frame (RFC 6455 section 7.1.5). */
const ABNORMAL = 1006;
const NO_CODE = 1005;
/** Room in a close frame besides its code (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;
const NO_BYTES = new ArrayBuffer(0);
/** What uWebSockets.js lets wait for a socket whose route sets no limit. */
const DEFAULT_MAX_BACKPRESSURE = 64 * 1024;

type Message = string | ArrayBuffer | Uint8Array;

export interface WsSocketDeps<Data> {
  readonly data: Data;
  readonly behavior: WebSocketBehavior<Data>;
  readonly topics: Topics;
  /** The underlying connection. */
  readonly socket: Socket;
}

export class WsSocket<Data> implements WebSocket<Data> {
  readonly #ws: NodeWebSocket;
  readonly #deps: WsSocketDeps<Data>;
  #isOpen = true;

  /** Reports the socket to its route, and then everything it receives. */
  constructor(ws: NodeWebSocket, deps: WsSocketDeps<Data>) {
    this.#ws = ws;
    this.#deps = deps;
    const { behavior } = deps;
    ws.on('message', (message: Buffer, isBinary) => {
      if (this.#isOpen) void behavior.message?.(this, arrayBufferOf(message), isBinary);
    });
    ws.on('ping', (bytes) => {
      if (!this.#isOpen || this.#isOverLimit()) return;
      ws.pong(bytes);
      behavior.ping?.(this, arrayBufferOf(bytes));
    });
    ws.on('pong', (bytes) => {
      if (this.#isOpen) behavior.pong?.(this, arrayBufferOf(bytes));
    });
    // A frame that violates the protocol ends the socket; its close event reports it.
    ws.on('error', () => {});
    ws.on('close', (code, reason) => this.#closed(code, arrayBufferOf(reason)));
    this.#endWhenIdle();
    void behavior.open?.(this);
  }

  getUserData(): Data {
    return this.#deps.data;
  }

  send(message: Message, isBinary = false): number {
    const ws = this.#use();
    if (this.#isOverLimit()) {
      this.#deps.behavior.dropped?.(this, NO_BYTES, isBinary);
      return SendStatus.dropped;
    }
    // Unsent bytes are copied, because the caller may reuse its memory.
    ws.send(typeof message === 'string' ? message : copyOf(message), { binary: isBinary });
    return ws.bufferedAmount === 0 ? SendStatus.sent : SendStatus.buffered;
  }

  getBufferedAmount(): number {
    return this.#use().bufferedAmount;
  }

  ping(message = ''): number {
    const ws = this.#use();
    ws.ping(message);
    return ws.bufferedAmount === 0 ? SendStatus.sent : SendStatus.buffered;
  }

  end(code = 0, reason = ''): void {
    const ws = this.#use();
    const hasCode = code !== 0 && code !== NO_CODE && code !== ABNORMAL;
    if (hasCode) ws.close(code, cut(reason));
    else ws.close();
    this.#closed(hasCode ? code : NO_CODE, NO_BYTES);
  }

  close(): void {
    this.#use().terminate();
    this.#closed(ABNORMAL, NO_BYTES);
  }

  subscribe(topic: string): boolean {
    this.#use();
    return this.#deps.topics.subscribe(topic, this);
  }

  unsubscribe(topic: string): boolean {
    this.#use();
    return this.#deps.topics.unsubscribe(topic, this);
  }

  #use(): NodeWebSocket {
    if (!this.#isOpen) throw new Error('The WebSocket was closed, and cannot be used any more');
    return this.#ws;
  }

  #closed(code: number, reason: ArrayBuffer): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#deps.topics.left(this);
    this.#deps.behavior.close?.(this, code, reason);
  }

  /** Whether so much is unsent that the next message is dropped. */
  #isOverLimit(): boolean {
    const { maxBackpressure = DEFAULT_MAX_BACKPRESSURE, closeOnBackpressureLimit } = this.#deps.behavior;
    if (maxBackpressure === 0 || this.#ws.bufferedAmount <= maxBackpressure) return false;
    // The caller is told that its message was dropped before it is told that the socket has ended.
    if (closeOnBackpressureLimit) this.#ws.terminate();
    return true;
  }

  #endWhenIdle(): void {
    const { behavior, socket } = this.#deps;
    const { idleTimeout = 0, sendPingsAutomatically } = behavior;
    if (idleTimeout === 0) return;
    let isAsked = false;
    for (const sign of ['message', 'ping', 'pong'] as const)
      this.#ws.on(sign, () => {
        isAsked = false;
      });
    // Half the time for silence, half for the answer to our ping.
    socket.setTimeout(idleTimeout * 500, () => {
      if (isAsked || !sendPingsAutomatically) this.#ws.terminate();
      else if (this.#isOpen) this.#ws.ping();
      isAsked = true;
    });
  }
}

function copyOf(bytes: ArrayBuffer | Uint8Array): Buffer {
  // A Buffer made from an ArrayBuffer itself would not be a copy.
  return Buffer.from(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes);
}

function cut(reason: string): string | Buffer {
  const bytes = Buffer.from(reason);
  if (bytes.byteLength <= MAX_REASON_BYTES) return reason;
  // Does not cut a character in two.
  let end = MAX_REASON_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
