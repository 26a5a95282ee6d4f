/**
 * A TCP socket as a relay link's port: it cuts the stream into messages, gathers what is sent within one turn of the
 * event loop into one write, and counts what the other end has not taken yet.
 */
import type { Socket } from 'node:net';
import { RelayDecoder, RelayFormatError, type RelayMessage } from '../../protocol/relay-chat/index.ts';
import type { RelayPort } from './relay-node.ts';

/** What a link may leave untaken before it is closed. */
export const DEFAULT_MAX_UNSENT_BYTES = 1024 * 1024;

/** How long the other end has to take what was sent before a link was closed in good order. */
const LINGER_MS = 2_000;
/** When a peer vanishes without a word, the system's probes find out; the protocol has none. */
const KEEP_ALIVE_MS = 15_000;

export interface RelaySocketEvents {
  onMessage(message: RelayMessage): void;
  onBytesRefused(reason: string): void;
  /** More is unsent than the bound allows; told once. */
  onUnsentExceeded(): void;
  /** Told once, whoever closed it. */
  onClosed(): void;
}

export class RelaySocket implements RelayPort {
  readonly #socket: Socket;
  readonly #maxUnsentBytes: number;
  readonly #decoder = new RelayDecoder();
  #events: RelaySocketEvents | undefined;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** What the bound leaves out of account: an introduction that was not taken whole yet. */
  #owedBytes = 0;
  #isOver = false;

  /** @param socket is connected */
  constructor(socket: Socket, maxUnsentBytes: number) {
    this.#socket = socket;
    this.#maxUnsentBytes = maxUnsentBytes;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => {
      if (this.unsentBytes === 0) this.#owedBytes = 0;
    });
  }

  get unsentBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /** Starts to read; to be called once, as soon as there is somebody to tell. */
  start(events: RelaySocketEvents): void {
    this.#events = events;
    const take = (message: RelayMessage) => {
      if (!this.#isOver) events.onMessage(message);
    };
    this.#socket.on('data', (bytes) => {
      if (this.#isOver) return;
      try {
        this.#decoder.read(bytes, take);
      } catch (error) {
        if (!(error instanceof RelayFormatError)) throw error;
        if (!this.#isOver) events.onBytesRefused(error.message);
      }
    });
    this.#socket.on('close', () => {
      this.#isOver = true;
      events.onClosed();
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#enqueue(bytes);
    if (this.unsentBytes > this.#maxUnsentBytes + this.#owedBytes) {
      // What waits for the end of this turn may well fit into the system's buffers.
      this.#flush();
      if (this.unsentBytes <= this.#maxUnsentBytes + this.#owedBytes) return;
      this.#isOver = true;
      this.#events?.onUnsentExceeded();
    }
  }

  introduce(messages: readonly Uint8Array[]): void {
    if (this.#isOver) return;
    for (const bytes of messages) {
      this.#owedBytes += bytes.length;
      this.#enqueue(bytes);
    }
  }

  close(): void {
    this.#isOver = true;
    this.#flush();
    this.#socket.end();
    if (this.#socket.destroyed) return;
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(linger));
  }

  cut(): void {
    this.#isOver = true;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#socket.destroy();
  }

  #enqueue(bytes: Uint8Array): void {
    if (this.#pending.length === 0) scheduleFlush(this.#flush);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  readonly #flush = (): void => {
    if (this.#pending.length === 0) return;
    const [first] = this.#pending as [Uint8Array];
    const bytes = this.#pending.length === 1 ? first : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (!this.#socket.destroyed) this.#socket.write(bytes);
    if (this.unsentBytes === 0) this.#owedBytes = 0;
  };
}

/** The sockets of all servers in this process that have something to write at the end of this turn. */
let flushes: (() => void)[] = [];

function scheduleFlush(flush: () => void): void {
  if (flushes.length === 0) setImmediate(runFlushes);
  flushes.push(flush);
}

function runFlushes(): void {
  const due = flushes;
  flushes = [];
  for (const flush of due) flush();
}
