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
    closed: () => received.push('closed'),
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

  it('sends nothing at once that is too large, that comes before what waits, or that is refused', () => {
    const { fake, channel } = open();
    expect(channel.trySend(new Uint8Array(64 * 1024 + 1))).toBe(false);
    expect(channel.trySend(new Uint8Array(64 * 1024))).toBe(true);
    // Told when half of it was sent.
    expect(fake.bufferedAmountLowThreshold).toBe(32 * 1024);
    fake.drain();
    for (let n = 0; n < 32; n += 1) channel.trySend('x');
    void channel.send('waits');
    fake.drain(1);
    expect(channel.trySend('overtakes')).toBe(false);
    fake.drain();
    fake.drain();
    fake.send = () => {
      throw new Error('no');
    };
    expect(channel.trySend('refused')).toBe(false);
    expect(fake.sent.at(-1)).toBe('waits');
  });

  it('rejects what is refused underneath, and sends the next all the same', async () => {
    const { fake, channel } = open();
    const send = fake.send.bind(fake);
    fake.send = (data) => {
      if (data === 'refused') throw new Error('of the engine');
      send(data);
    };
    const refused = errorOf(channel.send('refused'));
    await channel.send('next');
    expect(await refused).toMatchObject({
      code: 'send_failed',
      message: expect.stringContaining('of the engine'),
    });
    expect(fake.queued).toEqual(['next']);
  });

  it('has unsent what is not acked, where that is known; otherwise anything once it has sent', () => {
    for (const countsUnacked of [true, false]) {
      const { fake, channel } = open();
      Object.assign(fake, { countsUnacked });
      expect([channel.hasUnsent, channel.bufferedAmount]).toEqual([false, 0]);
      void channel.send('four');
      expect([channel.hasUnsent, channel.bufferedAmount]).toEqual([true, 4]);
      fake.drain();
      expect([channel.hasUnsent, channel.bufferedAmount]).toEqual([!countsUnacked, 0]);
      void channel.send('lost');
      fake.close();
      expect([channel.hasUnsent, channel.bufferedAmount]).toEqual([false, 0]);
    }
  });

  it('is flushed when the last byte was sent, of which alone it is told, or at its end', async () => {
    const done: string[] = [];
    const flush = (channel: Channel, name: string) => channel.flushed().then(() => done.push(name));
    const settle = () => new Promise(setImmediate);
    const [sending, ending, over, idle] = [open(), open(), open(), open()];
    void sending.channel.send('four');
    void flush(sending.channel, 'sent');
    expect(sending.fake.bufferedAmountLowThreshold).toBe(0);
    void ending.channel.send('four');
    void flush(ending.channel, 'ended');
    void over.channel.send('four');
    over.fake.close();
    await settle();
    expect(done).toEqual([]);
    void flush(over.channel, 'over');
    void flush(idle.channel, 'idle');
    await settle();
    expect(done).toEqual(['over', 'idle']);
    sending.fake.drain();
    ending.fake.close();
    await settle();
    expect(done.slice(2)).toEqual(['sent', 'ended']);
  });

  it('waits for the other side to close it, unless acks tell as much', async () => {
    const [counting, closing] = [open(), open()];
    Object.assign(counting.fake, { countsUnacked: true });
    await counting.channel.closedByBoth();
    expect(counting.fake.readyState).toBe('open');
    closing.fake.close = () => {
      closing.fake.readyState = 'closing';
    };
    let isClosed = false;
    void closing.channel.closedByBoth().then(() => {
      isClosed = true;
    });
    await new Promise(setImmediate);
    expect([isClosed, closing.fake.readyState]).toEqual([false, 'closing']);
    closing.fake.onclose?.();
    await closing.channel.closedByBoth();
    await new Promise(setImmediate);
    expect(isClosed).toBe(true);
  });

  it('tells that the other side closed it, once, and not that we did', async () => {
    const [theirs, ours] = [open(), open()];
    theirs.fake.close();
    theirs.fake.onclose?.();
    expect(theirs.received).toEqual(['closed']);
    for (let n = 0; n < 32; n += 1) void ours.channel.send(`${n}`);
    const waiting = errorOf(ours.channel.send('waits'));
    ours.channel.close();
    expect(await waiting).toMatchObject({ code: 'not_open' });
    expect([ours.received, ours.fake.readyState]).toEqual([[], 'closed']);
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
    expect(fake.binaryType).toBe('arraybuffer');
    fake.onmessage?.({ data: new Uint8Array([1, 2]).buffer });
    fake.onmessage?.({ data: Buffer.from([3, 200]) });
    fake.onmessage?.({ data: 'text' });
    expect(received).toEqual([new Uint8Array([1, 2]), new Uint8Array([3, 200]), 'text']);
  });
});
