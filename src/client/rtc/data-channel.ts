/**
 * A data channel with backpressure. werift drops from 13,700 messages per second to 150 when hundreds are queued in it,
 * and a browser throws when megabytes are. So at most a window of messages and bytes is handed over; the rest waits
 * here, in order, until half of that was sent.
 */
import { abortable } from '../peer/abortable.ts';
import { PairlaneError } from '../peer/errors.ts';
import type { DataChannel } from './types.ts';

const MAX_MESSAGES_IN_FLIGHT = 32;
const MAX_BYTES_IN_FLIGHT = 256 * 1024;

/**
 * The largest message in bytes, text as UTF-8: what every WebRTC implementation accepts (RFC 8831 section 6.6), so that
 * the limit does not depend on the other peer.
 */
export const MAX_MESSAGE_BYTES = 64 * 1024;

export interface ChannelHandlers {
  readonly opened: () => void;
  readonly message: (data: string | Uint8Array) => void;
  readonly closed: () => void;
}

interface Waiting {
  readonly data: string | Uint8Array;
  readonly sent: () => void;
  readonly failed: (error: PairlaneError) => void;
}

const encoder = new TextEncoder();

export class Channel {
  readonly #channel: DataChannel;
  /** Reports that it is open, if it is and was not reported yet. */
  readonly announceOpen: () => void;
  #waiting: Waiting[] = [];
  /** How many of `#waiting`, from its start, were handed over; the array is cut now and then rather than shifted. */
  #next = 0;
  /** The sizes of messages handed over but not sent yet, oldest first, and their sum. */
  #inFlight: number[] = [];
  #inFlightBytes = 0;
  #hasSent = false;
  #isDraining = false;
  #isClosed = false;
  /** Callers that wait until everything was sent, and until the channel is closed. */
  #drainWaiters: (() => void)[] = [];
  #closeWaiters: (() => void)[] = [];

  constructor(channel: DataChannel, handlers: ChannelHandlers) {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    // A browser may show the channel as open before the event: it is reported once.
    let isOpened = false;
    this.announceOpen = () => {
      if (isOpened || this.#channel.readyState !== 'open') return;
      isOpened = true;
      handlers.opened();
    };
    channel.onopen = this.announceOpen;
    channel.onmessage = ({ data }) => handlers.message(received(data));
    channel.onbufferedamountlow = () => this.#flush();
    channel.onclose = () => {
      if (this.#isClosed) return;
      this.#end();
      handlers.closed();
    };
  }

  /** Whether `send` works. */
  get isOpen(): boolean {
    return this.#channel.readyState === 'open' && !this.#isDraining;
  }

  /** Whether another channel with this label may take its place. */
  get isOver(): boolean {
    return this.#isClosed || this.#channel.readyState === 'closing' || this.#channel.readyState === 'closed';
  }

  /** Bytes handed over but not sent yet. */
  get bufferedAmount(): number {
    return this.isOver ? 0 : this.#channel.bufferedAmount;
  }

  /**
   * Whether the peer may not have received something that was accepted for it; where that cannot be known, whether
   * anything was accepted.
   */
  get hasUnsent(): boolean {
    if (this.isOver) return false;
    return this.#channel.countsUnacked ? !this.#isFlushed : this.#hasSent;
  }

  /**
   * Sends in order.
   * @param signal takes the message back while it waits
   * @returns resolves when the message was handed over, which waits while too much is in flight
   * @throws {PairlaneError} `not_open`, `too_large_to_send`, `send_failed`, `aborted`
   */
  send(data: string | Uint8Array, signal?: AbortSignal): Promise<void> {
    if (!this.isOpen) return Promise.reject(new PairlaneError('not_open'));
    const fault = sendFaultOf(data);
    if (fault) return Promise.reject(fault);
    const message: Waiting = { data, sent: () => {}, failed: () => {} };
    return abortable(
      signal,
      () =>
        new Promise((sent, failed) => {
          this.#waiting.push(Object.assign(message, { sent, failed }));
          this.#flush();
        }),
      (error) => this.#takeBack(message, error),
    );
  }

  /**
   * Sends at once or not at all: for data that would be stale if it waited.
   * @returns whether the message was handed over
   */
  trySend(data: string | Uint8Array): boolean {
    if (!this.isOpen || isTooLarge(data) || this.#waiting.length > 0 || !this.#hasRoom()) return false;
    try {
      this.#handOver(data);
    } catch {
      return false;
    }
    this.#flush();
    return true;
  }

  /** Accepts no more messages. Resolves when nothing waits here or in the channel, or when it is closed. */
  async flushed(): Promise<void> {
    this.#isDraining = true;
    if (this.isOver || this.#isFlushed) return;
    await new Promise<void>((resolve) => {
      this.#drainWaiters.push(resolve);
      this.#flush();
    });
  }

  /** Resolves when both sides have closed the channel: then the peer has received everything (RFC 8831 section 6.7). */
  async closedByBoth(): Promise<void> {
    if (this.#isClosed || this.#channel.countsUnacked) return;
    const closed = new Promise<void>((resolve) => this.#closeWaiters.push(resolve));
    this.#channel.close();
    await closed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#channel.close();
  }

  get #isFlushed(): boolean {
    return this.#waiting.length === 0 && this.#channel.bufferedAmount === 0;
  }

  /** Does nothing once the message was handed over. */
  #takeBack(message: Waiting, error: PairlaneError): void {
    const at = this.#waiting.indexOf(message, this.#next);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    message.failed(error);
    this.#flush();
  }

  #end(): void {
    this.#isClosed = true;
    for (const { failed } of this.#waiting.splice(this.#next))
      failed(new PairlaneError('not_open', 'it was closed'));
    for (const resolve of [...this.#drainWaiters.splice(0), ...this.#closeWaiters.splice(0)]) resolve();
  }

  #flush(): void {
    while (!this.#isClosed && this.#next < this.#waiting.length && this.#hasRoom()) {
      const { data, sent, failed } = this.#waiting[this.#next] as Waiting;
      this.#next += 1;
      try {
        this.#handOver(data);
        sent();
      } catch (error) {
        failed(PairlaneError.from('send_failed', error));
      }
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    const isLast = this.#isDraining && this.#waiting.length === 0;
    // The event fires when half of what is in flight was sent; the other half keeps the line busy meanwhile.
    this.#channel.bufferedAmountLowThreshold = isLast ? 0 : Math.floor(this.#channel.bufferedAmount / 2);
    if (this.#isFlushed) for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  #handOver(data: string | Uint8Array): void {
    const before = this.#channel.bufferedAmount;
    this.#channel.send(data);
    this.#hasSent = true;
    const bytes = this.#channel.bufferedAmount - before;
    this.#inFlight.push(bytes);
    this.#inFlightBytes += bytes;
  }

  #hasRoom(): boolean {
    const { bufferedAmount } = this.#channel;
    // Messages are sent in order, so the remaining bytes are those of the newest ones.
    while (this.#inFlight.length > 0) {
      const rest = this.#inFlightBytes - (this.#inFlight[0] as number);
      if (rest < bufferedAmount) break;
      this.#inFlight.shift();
      this.#inFlightBytes = rest;
    }
    return this.#inFlight.length < MAX_MESSAGES_IN_FLIGHT && bufferedAmount < MAX_BYTES_IN_FLIGHT;
  }
}

/** Why this can be sent to nobody; undefined if it can be. */
export function sendFaultOf(data: unknown): PairlaneError | undefined {
  if (typeof data !== 'string' && !ArrayBuffer.isView(data))
    return new PairlaneError(
      'send_failed',
      'send text or a Uint8Array; JSON.stringify makes text of an object',
    );
  return isTooLarge(data) ? new PairlaneError('too_large_to_send') : undefined;
}

function isTooLarge(data: string | ArrayBufferView): boolean {
  if (typeof data !== 'string') return data.byteLength > MAX_MESSAGE_BYTES;
  // A UTF-16 unit is one to three bytes of UTF-8, so most texts need not be encoded to know.
  if (data.length * 3 <= MAX_MESSAGE_BYTES) return false;
  return data.length > MAX_MESSAGE_BYTES || encoder.encode(data).length > MAX_MESSAGE_BYTES;
}

/** Strings stay strings; binary data arrives as ArrayBuffer from a browser, and as Buffer from werift. */
function received(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return encoder.encode(String(data));
}
