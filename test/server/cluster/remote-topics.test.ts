import { expect, it } from '@jest/globals';
import type { NodeMessage } from '../../../src/protocol/cluster/index.ts';
import { RemoteTopics } from '../../../src/server/cluster/remote-topics.ts';

it('other nodes are told of a number of subscribers again once it has doubled, or is a quarter, or none', () => {
  const sent: NodeMessage[] = [];
  const links = {
    open: [2],
    inUse: [2],
    isOpen: () => true,
    send: (_node: number, message: NodeMessage) => void sent.push(message),
  };
  const topics = new RemoteTopics(links);
  const told = [1, 2, 3, 4, 3, 2, 1, 0].filter((subscribers) => {
    const before = sent.length;
    topics.counted('here', subscribers);
    return sent.length > before;
  });
  expect(told).toEqual([1, 2, 4, 1, 0]);
  expect(sent.at(-1)).toEqual({ type: 'topics_left', topics: ['here'] });
});
