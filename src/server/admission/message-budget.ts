/**
 * What clients may send: each at its own rate, and all of one address together. Without the second limit, an address
 * with many clients could keep the server busy although none of them sends too much.
 */
import type { ServerOptions } from '../options.ts';
import type { RefusalLog } from '../telemetry/refusal-log.ts';
import { AddressRate } from './address-limits.ts';
import type { Flood, SendingRate } from './rate-limits.ts';

/** Seconds' worth at once: when many clients of one network are paired at the same moment, all of them signal. */
const BURST_S = 4;

interface Sender {
  /** As limits count it. */
  readonly address: string;
  readonly rate: SendingRate;
}

export type MessageBudgetOptions = Pick<
  ServerOptions,
  'maxMessagesPerAddress' | 'maxMessagesPerSecond' | 'maxMessageBurst' | 'maxBytesPerSecond'
>;

export class MessageBudget {
  readonly #options: MessageBudgetOptions;
  readonly #refusals: RefusalLog;
  readonly #perAddress: AddressRate;

  constructor(options: MessageBudgetOptions, refusals: RefusalLog) {
    this.#options = options;
    this.#refusals = refusals;
    const { maxMessagesPerAddress } = options;
    this.#perAddress = new AddressRate(maxMessagesPerAddress, BURST_S * maxMessagesPerAddress);
  }

  /**
   * Counts a message.
   * @param peers how many peers the client has
   * @returns undefined if the message may pass
   */
  take({ address, rate }: Sender, now: number, bytes: number, peers = 1): Flood | undefined {
    const isExhausted = this.#perAddress.isExhausted(address, now);
    const flood = rate.take(now, bytes, this.#options, peers, isExhausted);
    if (!flood) this.#perAddress.count(address, now);
    else if (isExhausted)
      this.#refusals.warn(
        'messages_per_address',
        address,
        'Refused a message: the clients of its address send more than they may (--max-messages-per-address)',
      );
    return flood;
  }
}
