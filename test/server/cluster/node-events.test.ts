import { expect, it } from '@jest/globals';
import { NodeEvents } from '../../../src/server/cluster/node-events.ts';

const SHOWN = 50;

it('of what happened between nodes the newest 50 events are kept, in their order, each with its time', () => {
  const queue = { now: 0 };
  const events = new NodeEvents(queue);
  const kept = () => events.newest.map(({ at }) => at);
  for (queue.now = 1; queue.now <= SHOWN; queue.now += 1) events.note('opened', 2);
  expect([kept().length, kept()[0]]).toEqual([SHOWN, 1]);
  events.note('came', 3, 'a session');
  expect([kept().length, kept()[0]]).toEqual([SHOWN, 2]);
  expect(events.newest.at(-2)).toEqual({ at: SHOWN, kind: 'opened', node: 2, id: undefined });
  expect(events.newest.at(-1)).toEqual({ at: SHOWN + 1, kind: 'came', node: 3, id: 'a session' });
});
