/** What one client may send: token buckets. All take the time as an argument. */
import { TokenBucket } from '../../common/token-bucket.ts';
import { BYTE_BURST_S, type ServerOptions } from '../options.ts';

/** A message over the limit: it is refused once, those after it are passed over, and one burst later it is the end. */
export interface Flood {
  readonly code: 'too_many_messages' | 'too_many_bytes';
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** How far a client is ahead of its rate: milliseconds until it may send a whole burst again. */
export interface RateState {
  readonly messages_ms: number;
  readonly bytes_ms: number;
  /** The same of what it may send for more peers than one. */
  readonly peer_messages_ms?: number;
  readonly peer_bytes_ms?: number;
}

type RateOptions = Pick<ServerOptions, 'maxMessagesPerSecond' | 'maxMessageBurst' | 'maxBytesPerSecond'>;

/**
 * What bringing up the connection with one peer more takes, beside a client's burst. There is less of it in the long run
 * than of the client's own: more peers are no higher rate.
 */
const PEER_BURST_MESSAGES = 64;
const PEER_BURST_BYTES = 128 * 1024;
const PEER_SHARE = 0.1;

/** What one client may send, of whichever protocol. */
export class SendingRate {
  readonly #messages = new TokenBucket();
  readonly #bytes = new TokenBucket();
  /** What it may send beside, for its peers but the first. */
  readonly #peerMessages = new TokenBucket();
  readonly #peerBytes = new TokenBucket();
  /** Messages refused since the last that was not. */
  #refused = 0;
  /** Messages that may still be ahead of the rate. */
  #creditLeft = 0;
  #aheadMessages = 0;
  #aheadBytes = 0;

  /**
   * So much may come ahead of the rate: what waited at a client while it was away. It is no gift: it counts, and whoever
   * comes back again and again sends no more in the long run than anybody else.
   */
  credit(messages: number, bytes: number): void {
    this.#creditLeft = messages;
    this.#aheadMessages = messages;
    this.#aheadBytes = bytes;
  }

  /** Whether the last message was refused. */
  get isFlooded(): boolean {
    return this.#refused > 0;
  }

  /** Milliseconds until half a burst may be sent. */
  recoversInMs(now: number, { maxMessagesPerSecond, maxMessageBurst }: RateOptions): number {
    const messagesMs = maxMessagesPerSecond === 0 ? 0 : (500 * maxMessageBurst) / maxMessagesPerSecond;
    return Math.max(
      0,
      this.#messages.fullInMs(now) - messagesMs,
      this.#bytes.fullInMs(now) - 500 * BYTE_BURST_S,
    );
  }

  /** For the node that the client moves to. */
  stateAt(now: number): RateState {
    return {
      messages_ms: Math.ceil(this.#messages.fullInMs(now)),
      bytes_ms: Math.ceil(this.#bytes.fullInMs(now)),
      peer_messages_ms: Math.ceil(this.#peerMessages.fullInMs(now)),
      peer_bytes_ms: Math.ceil(this.#peerBytes.fullInMs(now)),
    };
  }

  restore(now: number, state: RateState): void {
    const { messages_ms, bytes_ms, peer_messages_ms = 0, peer_bytes_ms = 0 } = state;
    this.#messages.restore(now, messages_ms);
    this.#bytes.restore(now, bytes_ms);
    this.#peerMessages.restore(now, peer_messages_ms);
    this.#peerBytes.restore(now, peer_bytes_ms);
  }

  /** Counts a message. @param peers how many the client has @returns undefined when it may pass */
  take(now: number, bytes: number, options: RateOptions, peers = 1): Flood | undefined {
    const { maxMessagesPerSecond, maxMessageBurst, maxBytesPerSecond } = options;
    const isAhead = this.#creditLeft > 0;
    if (isAhead) this.#creditLeft -= 1;
    const messageBurst = maxMessageBurst + (isAhead ? this.#aheadMessages : 0);
    const byteBurst = BYTE_BURST_S * maxBytesPerSecond + (isAhead ? this.#aheadBytes : 0);
    const more = peers - 1;
    const isMessageLeft =
      this.#messages.take(now, maxMessagesPerSecond, messageBurst) ||
      this.#peerMessages.take(now, PEER_SHARE * maxMessagesPerSecond, more * PEER_BURST_MESSAGES);
    const isByteLeft =
      isMessageLeft &&
      (this.#bytes.take(now, maxBytesPerSecond, byteBurst, bytes) ||
        this.#peerBytes.take(now, PEER_SHARE * maxBytesPerSecond, more * PEER_BURST_BYTES, bytes));
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
}
