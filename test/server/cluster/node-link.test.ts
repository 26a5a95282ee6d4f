/** What one link says to another node: over a bus that is the test's, which loses everything. */
import { expect, it } from '@jest/globals';
import type { Envelope } from '../../../src/protocol/cluster/index.ts';
import type { Bus } from '../../../src/server/cluster/bus/bus.ts';
import { NodeLink } from '../../../src/server/cluster/node-link.ts';
import { TurnQueue } from '../../../src/server/signaling/turn-queue.ts';

function openLink() {
  const said: Envelope[] = [];
  const turnEnds: (() => void)[] = [];
  const bus = {
    send: (_node, text) => said.push(JSON.parse(text)),
    endOfTurn: (send) => turnEnds.push(send),
  } as Partial<Bus> as Bus;
  const link = new NodeLink(2, 7, 0, 1, bus);
  link.value = 'open';
  /** Where the messages begin that were said since the last call, and how many there are. */
  const taken = () =>
    said.splice(0).flatMap(({ seq, messages }) => (messages ? [{ seq, count: messages.length }] : []));
  return { link, said, taken, turnEnds };
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
  const { link, said, turnEnds } = openLink();
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
  for (const send of turnEnds) send();
  expect(typesOf()).toEqual([[6, 'away']]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(returns.size).toBe(0);
  link.sendMessage(ask);
  expect(typesOf()).toEqual([]);
});

it('64 MiB may wait for another node, and not one byte more, until it acks', () => {
  const { link } = openLink();
  link.value = 'greeting';
  const publishedWith = (bytes: number) =>
    ({ type: 'published', topic: 'a', text: 'x'.repeat(bytes) }) as const;
  const quarter = 16 * 1024 * 1024 - JSON.stringify(publishedWith(0)).length;
  for (let n = 0; n < 4; n += 1) expect(link.sendMessage(publishedWith(quarter))).toBe(true);
  expect(link.sendMessage({ type: 'rooms_told' })).toBe(false);
  link.delivery.ack(1);
  expect(link.sendMessage({ type: 'rooms_told' })).toBe(true);
});

it('a message that no bus carries ends the link: it would keep all that comes after it from arriving', () => {
  const published = (bytes: number, text = 'x'.repeat(bytes)) =>
    ({ type: 'published', topic: 'a', text }) as const;
  const longest = 24 * 1024 * 1024 - JSON.stringify(published(0)).length;
  for (const [message, isCarried] of [
    [published(longest), true],
    [published(longest + 1), false],
    [published(0, 'é'.repeat(longest / 2 + 1)), false],
  ] as const)
    expect(openLink().link.sendMessage(message)).toBe(isCarried);
});

it('65,536 messages may wait for another node, and not one more, until it acks', () => {
  const { link } = openLink();
  link.value = 'greeting';
  for (let n = 1; n < 65_536; n += 1) link.sendMessage({ type: 'rooms_told' });
  expect([1, 2].map(() => link.sendMessage({ type: 'rooms_told' }))).toEqual([true, false]);
  link.delivery.ack(2);
  expect([1, 2].map(() => link.sendMessage({ type: 'rooms_told' }))).toEqual([true, false]);
});

it('what one turn says waits for its end, or until it is 32 KiB', () => {
  const { link, taken, turnEnds } = openLink();
  const ofBytes = (bytes: number) =>
    ({ type: 'published', topic: 'a', text: 'x'.repeat(bytes - publishedBytes) }) as const;
  const publishedBytes = JSON.stringify({ type: 'published', topic: 'a', text: '' }).length;
  // The second time nothing is left of the first.
  for (const seq of [1, 5]) {
    link.sendMessage(ofBytes(16 * 1024));
    link.sendMessage(ofBytes(16 * 1024 - 1));
    expect(taken()).toEqual([]);
    for (const send of turnEnds.splice(0)) send();
    expect(taken()).toEqual([{ seq, count: 2 }]);
    for (let half = 0; half < 2; half += 1) link.sendMessage(ofBytes(16 * 1024));
    expect(taken()).toEqual([{ seq: seq + 2, count: 2 }]);
  }
  link.sendMessage(ofBytes(100));
  link.sendMessage(ofBytes(100));
  // One for what was sent as it was full, and one for these.
  expect(turnEnds.length).toBe(2);
  for (const send of turnEnds.splice(0)) send();
  expect(taken()).toEqual([{ seq: 9, count: 2 }]);
});

it('over a bus that takes no part in it, a turn ends once all that arrived in it was handled', async () => {
  const texts: string[] = [];
  const link = new NodeLink(2, 7, 0, 1, { send: (_node, text) => texts.push(text) } as Partial<Bus> as Bus);
  link.value = 'open';
  setImmediate(() => link.sendMessage({ type: 'rooms_told' }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(texts).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(texts).toHaveLength(1);
});
