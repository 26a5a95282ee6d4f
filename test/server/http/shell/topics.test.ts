/** Who is sent what is published under a topic. */
import { expect, it } from '@jest/globals';
import { Topics } from '../../../../src/server/http/shell/ws/topics.ts';

function setUp() {
  const topics = new Topics();
  const got: unknown[][] = [];
  const subscriber = (name: string) => ({
    send: (...message: unknown[]) => got.push([name, ...message]),
  });
  return { topics, a: subscriber('a'), b: subscriber('b'), got: () => got.splice(0) };
}

it('everybody who has subscribed to it, once, and nobody to another one', () => {
  const { topics, a, b, got } = setUp();
  expect([topics.subscribe('x', a), topics.subscribe('x', b), topics.subscribe('y', b)]).toEqual([
    true,
    true,
    true,
  ]);
  topics.subscribe('x', a);
  expect(topics.publish('x', 'text')).toBe(true);
  expect(got()).toEqual([
    ['a', 'text', false],
    ['b', 'text', false],
  ]);
  expect(topics.publish('y', 'bytes', true)).toBe(true);
  expect(got()).toEqual([['b', 'bytes', true]]);
  expect([topics.publish('z', 'text'), got()]).toEqual([false, []]);
});

it('nobody who has unsubscribed, or has left', () => {
  const { topics, a, b, got } = setUp();
  for (const topic of ['x', 'y', 'z']) topics.subscribe(topic, a);
  topics.subscribe('x', b);
  expect([topics.unsubscribe('x', a), topics.unsubscribe('x', a), topics.unsubscribe('w', a)]).toEqual([
    true,
    false,
    false,
  ]);
  topics.publish('x', 'text');
  expect(got()).toEqual([['b', 'text', false]]);
  topics.left(a);
  expect([topics.publish('y', 'text'), topics.publish('z', 'text'), got()]).toEqual([false, false, []]);
  topics.left(a);
  // What it had unsubscribed from and subscribed to again is its own.
  topics.subscribe('x', a);
  topics.publish('x', 'text');
  expect(got().map(([name]) => name)).toEqual(['b', 'a']);
});
