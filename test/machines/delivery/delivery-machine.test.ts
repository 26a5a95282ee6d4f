/** Events on their way to a webhook, stepped with a clock. */
import { describe, expect, it } from '@jest/globals';
import { type DeliveryEvent, deliveryMachine } from '../../../src/machines/index.ts';
import { walkHosted } from '../../support/machines/walk-hosted.ts';

const queued: DeliveryEvent = { type: 'QUEUED' };
const stopped: DeliveryEvent = { type: 'STOPPED' };
const delivered = (hasMore: boolean): DeliveryEvent => ({ type: 'DELIVERED', hasMore });
const failed: DeliveryEvent = { type: 'FAILED', random: 1 };

function start(...events: DeliveryEvent[]) {
  const delivery = walkHosted(deliveryMachine, undefined);
  for (const event of events) delivery.send(event);
  return delivery;
}

describe('a delivery', () => {
  it('sends what comes, a batch after another, until nothing waits', () => {
    const delivery = start(queued);
    expect([delivery.value, delivery.effects]).toEqual(['sending', ['sendBatch']]);
    delivery.send(queued);
    expect(delivery.effects).toEqual([]);
    delivery.send(delivered(true));
    expect([delivery.value, delivery.effects]).toEqual(['sending', ['announceRecovery', 'sendBatch']]);
    delivery.send(delivered(false));
    expect([delivery.value, delivery.effects]).toEqual(['idle', ['announceRecovery']]);
  });

  it('that fails waits 2 s, then 3 s, then 5 s, at most 61 s, with the highest chance', () => {
    const delivery = start(queued);
    for (const [before, after] of [
      [1_500, 1_000],
      [2_500, 1_000],
      [4_500, 1_000],
    ] as const) {
      delivery.send(failed);
      expect([delivery.value, delivery.effects]).toEqual(['waiting', ['announceFailure']]);
      delivery.advance(before);
      expect(delivery.value).toBe('waiting');
      delivery.advance(after);
      expect([delivery.value, delivery.effects]).toEqual(['sending', ['sendBatch']]);
    }
    for (let n = 0; n < 10; n += 1) {
      delivery.send(failed);
      delivery.advance(61_500);
      expect(delivery.value).toBe('sending');
    }
    delivery.send(delivered(false));
    expect(delivery.context).toEqual({ attempts: 0, backoffMs: 0 });
  });

  it('that has no answer in 10 seconds is aborted, which comes as a failure', () => {
    const delivery = start(queued);
    delivery.advance(10_500);
    expect([delivery.value, delivery.effects]).toEqual(['sending', ['abortRequest']]);
  });

  it('ends at once when nothing waits', () => {
    const delivery = start(stopped);
    expect([delivery.value, delivery.effects]).toEqual(['ended', ['countRest']]);
  });

  it('that is stopped waits for what is on its way, and sends the rest', () => {
    const delivery = start(queued, stopped);
    expect([delivery.value, delivery.effects]).toEqual(['closing', []]);
    delivery.send(delivered(true));
    expect([delivery.value, delivery.effects]).toEqual(['closing', ['sendBatch']]);
    delivery.send(delivered(false));
    expect([delivery.value, delivery.effects]).toEqual(['ended', ['countRest']]);
  });

  it('that is stopped while it waits tries once more, and no longer', () => {
    const delivery = start(queued, failed, stopped);
    expect([delivery.value, delivery.effects]).toEqual(['closing', ['sendBatch']]);
    delivery.send(failed);
    expect([delivery.value, delivery.effects]).toEqual(['ended', ['countRest']]);
  });

  it('that is stopped ends after 2 seconds, whatever is on its way', () => {
    const delivery = start(queued, stopped);
    delivery.advance(2_500);
    expect([delivery.value, delivery.effects]).toEqual(['ended', ['abortRequest', 'countRest']]);
  });
});
