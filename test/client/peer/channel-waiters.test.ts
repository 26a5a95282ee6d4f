import { beforeEach, describe, expect, it } from '@jest/globals';
import { ChannelWaiters } from '../../../src/client/peer/channel-waiters.ts';
import { PairlaneError } from '../../../src/client/peer/errors.ts';
import { StepQueue } from '../../../src/machines/index.ts';

const DEADLINE_MS = 10_000;

let queue: StepQueue;
let waiters: ChannelWaiters;
beforeEach(() => {
  queue = new StepQueue();
  waiters = new ChannelWaiters(queue, DEADLINE_MS);
});

/** What becomes of a wait: an error's code, `opened`, or nothing so far. */
function wait(channel: string, signal?: AbortSignal): { outcome: string | undefined } {
  const waited = { outcome: undefined as string | undefined };
  waiters.wait(channel, signal).then(
    () => {
      waited.outcome = 'opened';
    },
    ({ code }) => {
      waited.outcome = code;
    },
  );
  return waited;
}

async function advance(ms: number): Promise<void> {
  queue.timers.advance(queue.timers.now + ms);
  await new Promise(setImmediate);
}

describe('a wait for a data channel', () => {
  it('fails with channel_timeout when the peer has been connected for 10 s, and not while it is not', async () => {
    const waited = wait('chat');
    await advance(60_000);
    expect(waited.outcome).toBeUndefined();
    waiters.isConnected = true;
    await advance(DEADLINE_MS - 100);
    expect(waited.outcome).toBeUndefined();
    await advance(200);
    expect(waited.outcome).toBe('channel_timeout');
  });

  it('has the whole deadline again after the connection was lost and is back', async () => {
    waiters.isConnected = true;
    const waited = wait('chat');
    await advance(DEADLINE_MS - 100);
    waiters.isConnected = false;
    await advance(60_000);
    waiters.isConnected = true;
    await advance(DEADLINE_MS - 100);
    expect(waited.outcome).toBeUndefined();
    waiters.opened('chat');
    await advance(60_000);
    expect(waited.outcome).toBe('opened');
  });

  it('that begins while the peer is connected has the deadline from then on, and none once it is not', async () => {
    waiters.isConnected = true;
    await advance(60_000);
    const early = wait('chat');
    await advance(DEADLINE_MS - 100);
    const late = wait('chat');
    await advance(200);
    expect([early.outcome, late.outcome]).toEqual(['channel_timeout', undefined]);
    waiters.isConnected = false;
    await advance(60_000);
    expect(late.outcome).toBeUndefined();
  });

  it('leaves no timer behind, however it ends, and none is there before the peer is connected', async () => {
    const signals = [new AbortController(), undefined, undefined, undefined];
    const [aborted] = signals;
    const outcomes = ['chat', 'game', 'moves', 'chat'].map((channel, n) => wait(channel, signals[n]?.signal));
    expect(queue.timers.size).toBe(0);
    waiters.isConnected = true;
    expect(queue.timers.size).toBe(4);
    aborted?.abort();
    waiters.opened('game');
    waiters.fail(new PairlaneError('channel_closed', 'moves'), 'moves');
    await advance(0);
    expect(queue.timers.size).toBe(1);
    waiters.isConnected = false;
    waiters.isConnected = true;
    expect(queue.timers.size).toBe(1);
    await advance(DEADLINE_MS + 100);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'aborted',
      'opened',
      'channel_closed',
      'channel_timeout',
    ]);
    expect(queue.timers.size).toBe(0);
  });

  it('ends when that channel opens, and no other', async () => {
    const [chat, game] = [wait('chat'), wait('game')];
    waiters.opened('game');
    await advance(0);
    expect([chat.outcome, game.outcome]).toEqual([undefined, 'opened']);
  });

  it('fails with that channel and no other, and with the peer for all channels', async () => {
    const [chat, game] = [wait('chat'), wait('game')];
    waiters.fail(new PairlaneError('channel_timeout', 'game'), 'game');
    await advance(0);
    expect([chat.outcome, game.outcome]).toEqual([undefined, 'channel_timeout']);
    waiters.fail(new PairlaneError('closed'));
    await advance(0);
    expect(chat.outcome).toBe('closed');
  });
});
