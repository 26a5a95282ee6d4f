/** What clients may send, by their own rate and their address's, compared with a bucket for each of these limits. */
import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from '../../../src/common/token-bucket.ts';
import { MessageBudget, type MessageBudgetOptions } from '../../../src/server/admission/message-budget.ts';
import { SendingRate } from '../../../src/server/admission/rate-limits.ts';
import { BYTE_BURST_S } from '../../../src/server/options.ts';
import type { RefusalLog } from '../../../src/server/telemetry/refusal-log.ts';
import fc from '../../support/fast-check.ts';

const noLog = { warn() {} } as unknown as RefusalLog;

/** A limit, asked before anything is taken from it; 0: none. */
class Limit {
  readonly #bucket = new TokenBucket();
  readonly #perSecond: number;
  readonly #burst: number;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  take(now: number, amount: number): boolean {
    return this.#bucket.take(now, this.#perSecond, this.#burst, amount);
  }

  hasOne(now: number): boolean {
    return this.#perSecond === 0 || !this.#bucket.isEmpty(now, this.#perSecond, this.#burst);
  }
}

const rate = (most: number) => fc.oneof(fc.constant(0), fc.integer({ min: 1, max: most }));
const options = fc.record<MessageBudgetOptions>({
  maxMessagesPerAddress: rate(3),
  maxMessagesPerSecond: rate(3),
  maxMessageBurst: fc.integer({ min: 1, max: 5 }),
  maxBytesPerSecond: rate(100),
});
const message = fc.record({
  client: fc.nat(3),
  bytes: fc.integer({ min: 1, max: 120 }),
  laterMs: fc.oneof(fc.constant(0), fc.nat(2_000)),
});

describe('what clients of two addresses may send', () => {
  it('is what the limits allow of each client and of each address', () => {
    let [passed, refused] = [0, 0];
    fc.assert(
      fc.property(options, fc.array(message, { minLength: 20, maxLength: 60 }), (limits, messages) => {
        const { maxMessagesPerSecond, maxMessageBurst, maxBytesPerSecond, maxMessagesPerAddress } = limits;
        const budget = new MessageBudget(limits, noLog);
        const addresses = [0, 1].map(() => new Limit(maxMessagesPerAddress, 4 * maxMessagesPerAddress));
        const clients = [0, 1, 2, 3].map((n) => ({
          sender: { address: `192.0.2.${n % 2}`, rate: new SendingRate() },
          messages: new Limit(maxMessagesPerSecond, maxMessageBurst),
          bytes: new Limit(maxBytesPerSecond, BYTE_BURST_S * maxBytesPerSecond),
          ofAddress: addresses[n % 2] as Limit,
        }));
        let now = 0;
        for (const { client, bytes, laterMs } of messages) {
          now += laterMs;
          const of = clients[client] as (typeof clients)[number];
          const mayPass = of.ofAddress.hasOne(now) && of.messages.take(now, 1) && of.bytes.take(now, bytes);
          if (mayPass) of.ofAddress.take(now, 1);
          expect(budget.take(of.sender, now, bytes) === undefined).toBe(mayPass);
          if (mayPass) passed += 1;
          else refused += 1;
        }
      }),
      { numRuns: 500 },
    );
    expect([passed > 1_000, refused > 1_000]).toEqual([true, true]);
  });
});

it("a message over its address's limit is in the log; one over its own is not", () => {
  const kinds: string[] = [];
  const log = { warn: (kind: string) => kinds.push(kind) } as unknown as RefusalLog;
  const limits = {
    ...{ maxMessagesPerAddress: 1, maxMessagesPerSecond: 1, maxMessageBurst: 2, maxBytesPerSecond: 0 },
  };
  const budget = new MessageBudget(limits, log);
  const send = (rate: SendingRate) => budget.take({ address: '192.0.2.1', rate }, 0, 1)?.code;
  const one = new SendingRate();
  expect([send(one), send(one), send(one)]).toEqual([undefined, undefined, 'too_many_messages']);
  expect(kinds).toEqual([]);
  const other = new SendingRate();
  expect([send(other), send(other), send(new SendingRate())]).toEqual([
    undefined,
    undefined,
    'too_many_messages',
  ]);
  expect(kinds).toEqual(['messages_per_address']);
});
