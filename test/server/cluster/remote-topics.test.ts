/** Topics over nodes, at one node: what it tells the others, and what becomes of what they say. */
import { expect, it } from '@jest/globals';
import { RemoteTopics } from '../../../src/server/cluster/remote-topics.ts';
import type { TopicNodes, Topics } from '../../../src/server/signaling/topics/topics.ts';
import { linksTo } from '../../support/network/recorded-links.ts';

function nodeOne({ serves = true } = {}) {
  const { links, sent } = linksTo(2, 3);
  const topics = new RemoteTopics(links);
  const delivered: string[] = [];
  const joined: TopicNodes[] = [];
  const served = {
    joinNodes: (nodes) => joined.push(nodes),
    deliver: (topic: string, frame: Buffer) => delivered.push(`${topic}: ${frame}`),
  } as Partial<Topics> as Topics;
  if (serves) topics.serve(served);
  return { topics, sent, delivered, joined };
}

const joins = (topics: string[], subscribers?: number[]) =>
  ({ type: 'topics_joined', topics, ...(subscribers && { subscribers }) }) as const;

it('other nodes are told of a number of subscribers again once it has doubled, or is a quarter, or none', () => {
  const { topics, sent } = nodeOne();
  const told = [1, 2, 3, 4, 3, 2, 1, 0, 1].filter((subscribers) => {
    const before = sent.length;
    topics.counted('here', subscribers);
    return sent.length > before;
  });
  expect(told).toEqual([1, 2, 4, 1, 0, 1]);
  const message = { type: 'topics_left', topics: ['here'] };
  expect(sent.slice(-4, -2)).toEqual([2, 3].map((node) => ({ node, message })));
});

it('the subscribers of other nodes are those that these said last; one that says no number has one', () => {
  const { topics } = nodeOne();
  topics.onJoined(2, joins(['a', 'b'], [5, 2]));
  topics.onJoined(3, joins(['a']));
  topics.onJoined(2, joins(['a'], [7]));
  expect(['a', 'b', 'c'].map((topic) => topics.sizeOf(topic))).toEqual([8, 2, 0]);
});

it('what is published goes to the nodes that have subscribers of the topic, until they leave it or are lost', () => {
  const { topics, sent } = nodeOne();
  const reached = () => {
    topics.publish('a', Buffer.from('hello'));
    const message = { type: 'published', topic: 'a', text: 'hello' };
    return sent.splice(0).map((one) => {
      expect(one.message).toEqual(message);
      return one.node;
    });
  };
  for (const node of [2, 3, 4]) topics.onJoined(node, joins(['a']));
  topics.onJoined(3, joins(['b']));
  expect(reached()).toEqual([2, 3, 4]);
  topics.onLeft(2, { type: 'topics_left', topics: ['a'] });
  expect(reached()).toEqual([3, 4]);
  topics.lost(3);
  expect([reached(), topics.sizeOf('b')]).toEqual([[4], 0]);
  topics.lost(4);
  expect(reached()).toEqual([]);
  // Where nobody is left, it is not even made into text.
  const frame = Buffer.from('hello');
  let isText = false;
  frame.toString = () => {
    isText = true;
    return '';
  };
  topics.publish('a', frame);
  expect(isText).toBe(false);
});

it('a node that comes is told of all topics with their numbers, 250 in a message', () => {
  const { topics, sent } = nodeOne();
  for (let n = 1; n <= 251; n += 1) topics.counted(`topic ${n}`, n);
  sent.length = 0;
  topics.opened(2);
  const told = sent.map(({ message }) => (message.type === 'topics_joined' ? message : undefined));
  expect(told.map((message) => message?.topics.length)).toEqual([250, 1]);
  expect(sent.map(({ node }) => node)).toEqual([2, 2]);
  expect(told[1]).toEqual(joins(['topic 251'], [251]));
});

it('topics reach the other nodes by it', () => {
  const { topics, joined } = nodeOne();
  expect(joined).toEqual([topics]);
});

it('what other nodes publish reaches the subscribers here', () => {
  const { topics, delivered } = nodeOne();
  topics.onPublished({ type: 'published', topic: 'a', text: 'from afar' });
  expect(delivered).toEqual(['a: from afar']);
});

it('a node that serves no topics keeps nothing of what the others say of theirs', () => {
  const { topics } = nodeOne({ serves: false });
  topics.onJoined(2, joins(['a'], [5]));
  expect(topics.sizeOf('a')).toBe(0);
});
