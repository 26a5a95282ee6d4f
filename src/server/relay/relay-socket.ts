/**
 * A TCP socket as a relay link's port: it splits the stream into messages, combines what is sent within one turn of the
 * event loop into one write, and counts unread bytes.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../common/clock.ts';
import { RelayDecoder, RelayFormatError, type RelayMessage } from '../../protocol/relay-chat/index.ts';
import type { RelayPort, TrafficCount } from './relay-link.ts';

/** How many bytes a link may leave unread before it is closed. */
export const DEFAULT_MAX_UNSENT_BYTES = 1024 * 1024;

/** How long the other end has to read what was sent before a link was closed normally. */
const LINGER_MS = 2_000;
/** The system's probes find out that a peer has vanished; the protocol has none. */
const KEEP_ALIVE_MS = 15_000;

/**
 * How much of an introduction is passed to the socket at once. The rest stays in bytes shared by all newcomers, so that
 * one that does not read costs no copy of the whole network.
 */
const INTRODUCTION_CHUNK_BYTES = 64 * 1024;
/** A newcomer that reads nothing of its introduction for this long is closed. */
const INTRODUCTION_PATIENCE_MS = 10_000;
const INTRODUCTION_CHECK_MS = 1_000;

export interface RelaySocketEvents {
  onMessage(message: RelayMessage): void;
  onBytesRefused(reason: string): void;
  /** More is unsent than allowed, or an introduction is not read; called once. */
  onUnsentExceeded(): void;
  /** Called once, whoever closed it. */
  onClosed(): void;
}

export class RelaySocket implements RelayPort {
  readonly #socket: Socket;
  readonly #maxUnsentBytes: number;
  readonly #clock: Clock;
  readonly #decoder = new RelayDecoder();
  #events: RelaySocketEvents | undefined;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** The rest of an introduction, in order; messages sent meanwhile wait behind it. */
  #introduction: readonly Uint8Array[] = [];
  /** Bytes that the limit ignores: the part of an introduction that the socket has. */
  #owedBytes = 0;
  #stopWatching: (() => void) | undefined;
  #isOver = false;
  #messagesIn = 0;
  #messagesOut = 0;

  /** @param socket already connected */
  constructor(socket: Socket, maxUnsentBytes: number, clock: Clock) {
    this.#socket = socket;
    this.#maxUnsentBytes = maxUnsentBytes;
    this.#clock = clock;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => {
      this.#settleOwed();
      this.#flush();
    });
  }

  get unsentBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /** How many of the sent bytes the system has accepted. */
  get takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  get traffic(): TrafficCount {
    const { bytesRead, bytesWritten } = this.#socket;
    return {
      messagesIn: this.#messagesIn,
      bytesIn: bytesRead,
      messagesOut: this.#messagesOut,
      bytesOut: bytesWritten + this.#pendingBytes,
    };
  }

  /** Starts to read; must be called once, as soon as there is a receiver. */
  start(events: RelaySocketEvents): void {
    this.#events = events;
    const take = (message: RelayMessage) => {
      this.#messagesIn += 1;
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
      this.#forgetIntroduction();
      events.onClosed();
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#messagesOut += 1;
    this.#enqueue(bytes);
    if (this.unsentBytes > this.#maxUnsentBytes + this.#owedBytes) {
      // What waits for the end of this turn may still fit into the system's buffers.
      this.#flush();
      if (this.unsentBytes <= this.#maxUnsentBytes + this.#owedBytes) return;
      this.#giveUp();
    }
  }

  introduce(messages: readonly Uint8Array[]): void {
    if (this.#isOver) return;
    this.#messagesOut += messages.length;
    // What was sent before keeps its place.
    this.#flush();
    this.#introduction = [...this.#introduction, ...messages];
    this.#stopWatching ??= this.#watchIntroduction();
    this.#flush();
  }

  close(): void {
    this.#isOver = true;
    this.#forgetIntroduction();
    this.#flush();
    this.#socket.end();
    if (this.#socket.destroyed) return;
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(linger));
  }

  cut(): void {
    this.#isOver = true;
    this.#forgetIntroduction();
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#socket.destroy();
  }

  #enqueue(bytes: Uint8Array): void {
    if (this.#pending.length === 0) scheduleFlush(this.#flush);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  #giveUp(): void {
    this.#isOver = true;
    this.#events?.onUnsentExceeded();
  }

  #forgetIntroduction(): void {
    this.#introduction = [];
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  /**
   * Gives up on a newcomer that reads nothing of its introduction for too long.
   * @returns a function that stops the check
   */
  #watchIntroduction(): () => void {
    let takenBytes = 0;
    let takenAt = this.#clock.now();
    return this.#clock.every(INTRODUCTION_CHECK_MS, () => {
      const now = this.#clock.now();
      const taken = this.takenBytes;
      if (this.#introduction.length === 0 && this.#owedBytes === 0) this.#forgetIntroduction();
      else if (taken > takenBytes) [takenBytes, takenAt] = [taken, now];
      else if (now - takenAt >= INTRODUCTION_PATIENCE_MS && !this.#isOver) this.#giveUp();
    });
  }

  /** Once the socket has passed everything on, none of the introduction is left in it. */
  #settleOwed(): void {
    if (this.#socket.writableLength === 0) this.#owedBytes = 0;
  }

  /** @returns whether the whole introduction was written */
  #writeIntroduction(): boolean {
    const left = this.#introduction;
    let next = 0;
    while (next < left.length && this.#socket.writableLength < INTRODUCTION_CHUNK_BYTES) {
      const from = next;
      for (let bytes = 0; next < left.length && bytes < INTRODUCTION_CHUNK_BYTES; next += 1)
        bytes += (left[next] as Uint8Array).length;
      const chunk = Buffer.concat(left.slice(from, next));
      this.#owedBytes += chunk.length;
      this.#socket.write(chunk);
    }
    this.#introduction = left.slice(next);
    this.#settleOwed();
    return this.#introduction.length === 0;
  }

  readonly #flush = (): void => {
    if (this.#introduction.length > 0 && !this.#socket.destroyed && !this.#writeIntroduction()) return;
    if (this.#pending.length === 0) return;
    const [first] = this.#pending as [Uint8Array];
    const bytes = this.#pending.length === 1 ? first : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (!this.#socket.destroyed) this.#socket.write(bytes);
    this.#settleOwed();
  };
}

/** The sockets of all servers in this process that must write at the end of this turn. */
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
