/** werift's data channel behind the W3C interface. */

import type { DataChannel } from './types.ts';
import type { RTCDataChannel } from './werift.ts';

/** RFC 8831 section 8: payload protocol identifiers for empty messages, which carry one zero byte. */
const EMPTY_STRING_PPID = 56;
const EMPTY_BINARY_PPID = 57;

/** What this file uses of werift's SCTP transport beyond its typings. */
interface Sctp {
  dataChannelQueue: [RTCDataChannel, number, Buffer][];
  dataChannelFlush(): Promise<void>;
}

export class WeriftDataChannel implements DataChannel {
  binaryType = 'arraybuffer';
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    channel.stateChange.subscribe((state) => {
      if (state === 'open') this.onopen?.();
      if (state === 'closed') this.onclose?.();
    });
    channel.onMessage.subscribe((data) => this.onmessage?.({ data }));
    channel.bufferedAmountLow.subscribe(() => this.onbufferedamountlow?.());
  }

  get label(): string {
    return this.#channel.label;
  }

  get readyState(): DataChannel['readyState'] {
    return this.#channel.readyState;
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount;
  }

  get bufferedAmountLowThreshold(): number {
    return this.#channel.bufferedAmountLowThreshold;
  }

  set bufferedAmountLowThreshold(bytes: number) {
    this.#channel.bufferedAmountLowThreshold = bytes;
  }

  send(data: string | Uint8Array): void {
    if (data.length === 0) this.#sendEmpty(typeof data === 'string' ? EMPTY_STRING_PPID : EMPTY_BINARY_PPID);
    else
      this.#channel.send(
        typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      );
  }

  close(): void {
    this.#channel.close();
  }

  /** werift makes no packet of an empty message, but counts it: an ordered channel would stand still for ever. */
  #sendEmpty(ppid: number): void {
    const zero = Buffer.alloc(1);
    this.#channel.addBufferedAmount(zero.length);
    const sctp = this.#channel.sctp as unknown as Sctp;
    sctp.dataChannelQueue.push([this.#channel, ppid, zero]);
    sctp.dataChannelFlush().catch(() => {});
  }
}
