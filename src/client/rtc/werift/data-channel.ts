/**
 * werift's data channel behind the W3C interface. Unacknowledged bytes count as buffered, too: werift walks through all
 * of them for every packet, so hundreds of small messages in flight slow it down many times over.
 */

import type { RTCDataChannel } from 'werift';
import type { DataChannel } from '../types.ts';

/** RFC 8831 section 8: payload protocol identifiers for empty messages, which carry one zero byte. */
const EMPTY_STRING_PPID = 56;
const EMPTY_BINARY_PPID = 57;

/** What this file uses of werift's SCTP beyond its typings. */
interface SctpTransport {
  dataChannelQueue: [RTCDataChannel, number, Buffer][];
  dataChannelFlush(): Promise<void>;
  sctp: {
    /** Bytes in flight, without those that were lost and are not resent yet. */
    flightSize: number;
    /** Chunks that the other side has not acknowledged. */
    sentQueue: readonly unknown[];
    onSackReceived: () => Promise<void>;
  };
}

export class WeriftDataChannel implements DataChannel {
  binaryType = 'arraybuffer';
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  readonly countsUnacked = true;
  #lowThreshold = 0;
  readonly #channel: RTCDataChannel;
  #isAboveThreshold = false;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    channel.stateChange.subscribe((state) => {
      if (state === 'open') {
        this.#watchAcknowledgements();
        this.onopen?.();
      }
      if (state === 'closed') this.onclose?.();
    });
    channel.onMessage.subscribe((data) => this.onmessage?.({ data }));
    channel.bufferedAmountLow.subscribe(() => this.#checkThreshold());
  }

  get label(): string {
    return this.#channel.label;
  }

  get readyState(): DataChannel['readyState'] {
    return this.#channel.readyState;
  }

  get bufferedAmount(): number {
    const { flightSize, sentQueue } = this.#transport.sctp;
    return this.#channel.bufferedAmount + Math.max(flightSize, sentQueue.length);
  }

  get bufferedAmountLowThreshold(): number {
    return this.#lowThreshold;
  }

  set bufferedAmountLowThreshold(bytes: number) {
    this.#lowThreshold = bytes;
    this.#isAboveThreshold = this.bufferedAmount > bytes;
  }

  send(data: string | Uint8Array): void {
    if (data.length === 0) {
      this.#sendEmpty(typeof data === 'string' ? EMPTY_STRING_PPID : EMPTY_BINARY_PPID);
    } else {
      this.#channel.send(
        typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      );
    }
    this.#isAboveThreshold = true;
  }

  close(): void {
    this.#channel.close();
  }

  /** werift makes no packet for an empty message, but counts it: an ordered channel would stall forever. */
  #sendEmpty(ppid: number): void {
    const zero = Buffer.alloc(1);
    this.#channel.addBufferedAmount(zero.length);
    this.#transport.dataChannelQueue.push([this.#channel, ppid, zero]);
    this.#transport.dataChannelFlush().catch(() => {});
  }

  get #transport(): SctpTransport {
    return this.#channel.sctp as unknown as SctpTransport;
  }

  #watchAcknowledgements(): void {
    const { sctp } = this.#transport;
    const received = sctp.onSackReceived;
    sctp.onSackReceived = async () => {
      await received();
      this.#checkThreshold();
    };
  }

  #checkThreshold(): void {
    if (!this.#isAboveThreshold || this.bufferedAmount > this.bufferedAmountLowThreshold) return;
    this.#isAboveThreshold = false;
    this.onbufferedamountlow?.();
  }
}
