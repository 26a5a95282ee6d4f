/** What one link says to another node: over a bus that is the test's, which loses everything. */
import { expect, it } from '@jest/globals';
import type { Envelope } from '../../../src/protocol/cluster/index.ts';
import type { Bus } from '../../../src/server/cluster/bus/bus.ts';
import { NodeLink } from '../../../src/server/cluster/node-link.ts';
import { TurnQueue } from '../../../src/server/signaling/turn-queue.ts';

function openLink() {
  const said: Envelope[] = [];
  const bus = { send: (_node, text) => said.push(JSON.parse(text)) } as Partial<Bus> as Bus;
  const link = new NodeLink(2, 7, 0, 1, bus);
  link.value = 'open';
  /** Where the messages begin that were said since the last call, and how many there are. */
  const taken = () =>
    said.splice(0).flatMap(({ seq, messages }) => (messages ? [{ seq, count: messages.length }] : []));
  return { link, said, taken };
}

it('what another node has not acked is said again from its second beat on, 256 messages at once', () => {
  const { link, taken } = openLink();
  for (let n = 0; n < 600; n += 1) link.sendMessage({ type: 'rooms_told' });
  link.flush();
  expect(taken()).toEqual([{ seq: 1, count: 600 }]);
  link.beat();
  expect(taken()).toEqual([]);
  link.beat();
  link.beat();
  expect(taken()).toEqual(Array(2).fill({ seq: 1, count: 256 }));
  link.delivery.ack(256);
  link.beat();
  expect(taken()).toEqual([]);
  link.beat();
  expect(taken()).toEqual([{ seq: 257, count: 256 }]);
  link.delivery.ack(512);
  for (let beats = 0; beats < 2; beats += 1) link.beat();
  expect(taken()).toEqual([{ seq: 513, count: 88 }]);
});

it('each beat gives a sign of life, with or without messages', () => {
  const { link, said } = openLink();
  for (let beats = 1; beats <= 3; beats += 1) {
    link.beat();
    expect(said).toHaveLength(beats);
    expect(said.at(-1)).toEqual({ node: 1, link: 7, to_link: 0, seq: 0, ack: 0 });
  }
});

it('what a client waits for goes out with the turn, or while others come back at once, behind what was said before', async () => {
  const { link, said } = openLink();
  const about = { epoch: 1, from: 'a', to: 'b' };
  const typesOf = () => said.splice(0).map(({ seq, messages = [] }) => [seq, ...messages.map(typeOf)]);
  const typeOf = (message: unknown) => (message as { type: string }).type;
  const ask = { type: 'ask', epoch: 1, from: 'a', is_resumable: true, target_id: 'b' } as const;
  link.sendMessage({ type: 'away', ...about });
  link.sendMessage(ask);
  expect(typesOf()).toEqual([]);
  let now = 0;
  const returns = new TurnQueue<string>(() => now, String);
  returns.add('the first, who takes all the time of this turn', () => {
    now += 10;
  });
  returns.add('the second', () => {});
  link.sendMessage(ask);
  expect(typesOf()).toEqual([[1, 'away', 'ask', 'ask']]);
  link.sendMessage({ type: 'granted', ...about, is_resumable: true });
  link.sendMessage({ type: 'denied', epoch: 1, to: 'b', code: 'target_not_found' });
  link.sendMessage({ type: 'away', ...about });
  expect(typesOf()).toEqual([
    [4, 'granted'],
    [5, 'denied'],
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(typesOf()).toEqual([[6, 'away']]);
  expect(returns.size).toBe(0);
  link.sendMessage(ask);
  expect(typesOf()).toEqual([]);
});

it('64 MiB may wait for another node, and not one byte more, until it acks', () => {
  const { link } = openLink();
  link.value = 'greeting';
  const publishedWith = (bytes: number) =>
    ({ type: 'published', topic: 'a', text: 'x'.repeat(bytes) }) as const;
  const half = 32 * 1024 * 1024 - JSON.stringify(publishedWith(0)).length;
  expect(link.sendMessage(publishedWith(half))).toBe(true);
  expect(link.sendMessage(publishedWith(half))).toBe(true);
  expect(link.sendMessage({ type: 'rooms_told' })).toBe(false);
  link.delivery.ack(1);
  expect(link.sendMessage({ type: 'rooms_told' })).toBe(true);
});
