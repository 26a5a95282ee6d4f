/** Limits on what one client may send, as token buckets. All take the time as an argument. */
import { TokenBucket } from '../../common/token-bucket.ts';
import { BYTE_BURST_S, type ServerOptions } from '../options.ts';

/**
 * A message over the limit. The first one is answered with an error, further ones are ignored, and one burst later the
 * client is closed.
 */
export interface Flood {
  readonly code: 'too_many_messages' | 'too_many_bytes';
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** How far a client is ahead of its rate: milliseconds until it may send a whole burst again. */
export interface RateState {
  readonly messages_ms: number;
  readonly bytes_ms: number;
  /** The same for its extra allowance for additional peers. */
  readonly peer_messages_ms?: number;
  readonly peer_bytes_ms?: number;
}

type RateOptions = Pick<ServerOptions, 'maxMessagesPerSecond' | 'maxMessageBurst' | 'maxBytesPerSecond'>;

/**
 * Extra burst for connecting to each additional peer. It refills more slowly than the client's own burst: more peers do
 * not mean a higher long-term rate.
 */
const PEER_BURST_MESSAGES = 64;
const PEER_BURST_BYTES = 128 * 1024;
const PEER_SHARE = 0.1;

/** What a client may send ahead of its rate. */
interface Credit {
  /** How many messages are left of it. */
  left: number;
  readonly messages: number;
  readonly bytes: number;
}

/** What one client may send, whatever its protocol. */
export class SendingRate {
  readonly #messages = new TokenBucket();
  readonly #bytes = new TokenBucket();
  /** The extra allowance for its peers beyond the first; undefined for most clients, which never have more. */
  #peers: { readonly messages: TokenBucket; readonly bytes: TokenBucket } | undefined;
  /** How many messages have been refused since the last accepted one. */
  #refused = 0;
  #credit: Credit | undefined;

  /**
   * Allows a client that comes back to send what has waited while it was away, ahead of the rate. It still counts, so a
   * client that comes back again and again sends no more in the long run than any other.
   */
  credit(messages: number, bytes: number): void {
    this.#credit = { left: messages, messages, bytes };
  }

  /** Whether the last message was refused. */
  get isFlooded(): boolean {
    return this.#refused > 0;
  }

  /** Milliseconds until half a burst may be sent. */
  recoversInMs(now: number, { maxMessagesPerSecond, maxMessageBurst }: RateOptions): number {
    return Math.max(
      0,
      // Without a limit, minus infinity.
      this.#messages.fullInMs(now) - (500 * maxMessageBurst) / maxMessagesPerSecond,
      this.#bytes.fullInMs(now) - 500 * BYTE_BURST_S,
    );
  }

  /** For the node that the client moves to. */
  stateAt(now: number): RateState {
    return {
      messages_ms: Math.ceil(this.#messages.fullInMs(now)),
      bytes_ms: Math.ceil(this.#bytes.fullInMs(now)),
      peer_messages_ms: Math.ceil(this.#peers?.messages.fullInMs(now) ?? 0),
      peer_bytes_ms: Math.ceil(this.#peers?.bytes.fullInMs(now) ?? 0),
    };
  }

  restore(now: number, state: RateState): void {
    const { messages_ms, bytes_ms, peer_messages_ms = 0, peer_bytes_ms = 0 } = state;
    this.#messages.restore(now, messages_ms);
    this.#bytes.restore(now, bytes_ms);
    if (peer_messages_ms + peer_bytes_ms === 0) return;
    const { messages, bytes } = this.#ofPeers;
    messages.restore(now, peer_messages_ms);
    bytes.restore(now, peer_bytes_ms);
  }

  /** Charges for a message that cost as much work as several; the messages after it make up for the difference. */
  spend(now: number, messages: number, { maxMessagesPerSecond, maxMessageBurst }: RateOptions): void {
    if (maxMessagesPerSecond === 0) return;
    this.#messages.spend(now, maxMessagesPerSecond, Math.min(messages, maxMessageBurst / 2));
  }

  /**
   * Counts a message.
   * @param peers how many peers the client has
   * @param isAddressExhausted whether the clients of its address have sent too much together
   * @returns undefined if the message may pass
   */
  take(
    now: number,
    bytes: number,
    options: RateOptions,
    peers = 1,
    isAddressExhausted = false,
  ): Flood | undefined {
    const { maxMessagesPerSecond, maxMessageBurst, maxBytesPerSecond } = options;
    const ahead = this.#takeCredit();
    const messageBurst = maxMessageBurst + (ahead?.messages ?? 0);
    const byteBurst = BYTE_BURST_S * maxBytesPerSecond + (ahead?.bytes ?? 0);
    const more = peers - 1;
    const isMessageLeft =
      !isAddressExhausted &&
      (this.#messages.take(now, maxMessagesPerSecond, messageBurst) ||
        (more > 0 &&
          this.#ofPeers.messages.take(now, PEER_SHARE * maxMessagesPerSecond, more * PEER_BURST_MESSAGES)));
    const isByteLeft =
      isMessageLeft &&
      (this.#bytes.take(now, maxBytesPerSecond, byteBurst, bytes) ||
        (more > 0 &&
          this.#ofPeers.bytes.take(now, PEER_SHARE * maxBytesPerSecond, more * PEER_BURST_BYTES, bytes)));
    if (isByteLeft) {
      this.#refused = 0;
      return undefined;
    }
    this.#refused += 1;
    return {
      code: isMessageLeft ? 'too_many_bytes' : 'too_many_messages',
      isFirst: this.#refused === 1,
      isLast: this.#refused === maxMessageBurst + 1,
    };
  }

  #takeCredit(): Credit | undefined {
    const credit = this.#credit;
    if (!credit || credit.left === 0) return undefined;
    credit.left -= 1;
    return credit;
  }

  get #ofPeers(): { readonly messages: TokenBucket; readonly bytes: TokenBucket } {
    this.#peers ??= { messages: new TokenBucket(), bytes: new TokenBucket() };
    return this.#peers;
  }
}
