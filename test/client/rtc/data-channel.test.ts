/** Backpressure: what is handed to the channel underneath is bounded, and nothing is lost or reordered. */
import { describe, expect, it } from '@jest/globals';
import { Channel } from '../../../src/client/rtc/data-channel.ts';
import fc from '../../support/fast-check.ts';
import { FakeDataChannel } from '../../support/peers/fake-rtc.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

function open() {
  const fake = new FakeDataChannel();
  const received: unknown[] = [];
  const channel = new Channel(fake, {
    opened: () => {},
    message: (data) => received.push(data),
    closed: () => {},
  });
  fake.open();
  return { fake, channel, received };
}

describe('a channel', () => {
  it('hands over at most 32 messages at a time, and every one in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 20 }), { maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (messages, drains) => {
          const { fake, channel } = open();
          const sends = messages.map((message) => channel.send(message));
          for (let i = 0; fake.queued.length > 0; i += 1) {
            expect(fake.queued.filter(({ length }) => length > 0).length).toBeLessThanOrEqual(32);
            fake.drain(drains[i % drains.length]);
          }
          await Promise.all(sends);
          expect(fake.sent).toEqual(messages);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('hands over at most 256 KiB at a time', () => {
    const { fake, channel } = open();
    const large = new Uint8Array(64 * 1024);
    for (let i = 0; i < 8; i += 1) channel.send(large);
    expect(fake.queued).toHaveLength(4);
    fake.drain();
    expect(fake.queued).toHaveLength(4);
  });

  it('sends what would be stale later at once or not at all, and says which', () => {
    const { fake, channel } = open();
    const sent = Array.from({ length: 40 }, (_, i) => channel.trySend(`${i}`));
    expect(sent).toEqual([...Array(32).fill(true), ...Array(8).fill(false)]);
    fake.drain(1);
    expect([channel.trySend('next'), channel.trySend('one too many')]).toEqual([true, false]);
    fake.drain();
    expect(fake.sent.slice(-2)).toEqual(['31', 'next']);
    channel.close();
    expect(channel.trySend('closed')).toBe(false);
  });

  it('fulfils a send only when the message is handed over', async () => {
    const { fake, channel } = open();
    const order: number[] = [];
    const sends = Array.from({ length: 40 }, (_, i) => channel.send(`${i}`).then(() => order.push(i)));
    await Promise.resolve();
    expect(order).toHaveLength(32);
    fake.drain();
    await Promise.all(sends);
    expect(order).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('rejects what still waits when it closes, and everything after', async () => {
    const { fake, channel } = open();
    const sends = Array.from({ length: 34 }, (_, i) => channel.send(`${i}`));
    const last = errorOf(sends[33] as Promise<void>);
    const beforeLast = errorOf(sends[32] as Promise<void>);
    fake.close();
    expect(await last).toMatchObject({ code: 'not_open' });
    expect(await beforeLast).toMatchObject({ code: 'not_open' });
    expect(await errorOf(channel.send('late'))).toMatchObject({ code: 'not_open' });
    await Promise.all(sends.slice(0, 32));
  });

  it('shows bytes as Uint8Array, from a browser and from werift', () => {
    const { fake, received } = open();
    fake.onmessage?.({ data: new Uint8Array([1, 2]).buffer });
    fake.onmessage?.({ data: Buffer.from([3, 4]) });
    fake.onmessage?.({ data: 'text' });
    expect(received).toEqual([new Uint8Array([1, 2]), new Uint8Array([3, 4]), 'text']);
  });
});
