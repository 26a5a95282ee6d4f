/**
 * Topic subscribers of other nodes: each node tells the others which topics its subscribers have, and is sent only
 * those. It also tells about how many subscribers it has, because a publisher's rate counts all of them.
 */
import type { NodeMessageOf } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';
import type { TopicNodes, Topics } from '../signaling/topics/topics.ts';
import { inPieces } from './in-pieces.ts';
import type { Links } from './links.ts';

/** How many topics go into one message. */
const TOPICS_PER_MESSAGE = 250;

export class RemoteTopics implements TopicNodes {
  /** By topic: the nodes that have subscribers, and how many. */
  readonly #nodes = new Map<string, Map<NodeId, number>>();
  /** The numbers of our subscribers that the other nodes were last told. */
  readonly #told = new Map<string, number>();
  readonly #links: Links;
  #topics: Topics | undefined;

  constructor(links: Links) {
    this.#links = links;
  }

  /** This node serves topics; without them, it ignores what other nodes say about theirs. */
  serve(topics: Topics): void {
    this.#topics = topics;
    topics.joinNodes(this);
  }

  counted(topic: string, subscribers: number): void {
    const told = this.#told.get(topic) ?? 0;
    if (subscribers === 0) this.#told.delete(topic);
    else if (subscribers < 2 * told && 4 * subscribers > told) return;
    else this.#told.set(topic, subscribers);
    for (const node of this.#links.inUse)
      this.#links.send(
        node,
        subscribers === 0
          ? { type: 'topics_left', topics: [topic] }
          : { type: 'topics_joined', topics: [topic], subscribers: [subscribers] },
      );
  }

  sizeOf(topic: string): number {
    let size = 0;
    for (const subscribers of this.#nodes.get(topic)?.values() ?? []) size += subscribers;
    return size;
  }

  publish(topic: string, frame: Buffer): void {
    const nodes = this.#nodes.get(topic);
    if (!nodes) return;
    const text = frame.toString();
    for (const node of nodes.keys()) this.#links.send(node, { type: 'published', topic, text });
  }

  /** The link to a node is open, and that node knows none of our topics. */
  opened(node: NodeId): void {
    for (const some of inPieces([...this.#told], TOPICS_PER_MESSAGE)) {
      const [topics, subscribers] = [some.map(([topic]) => topic), some.map(([, count]) => count)];
      this.#links.send(node, { type: 'topics_joined', topics, subscribers });
    }
  }

  lost(node: NodeId): void {
    for (const topic of [...this.#nodes.keys()]) this.#forget(node, topic);
  }

  onJoined(node: NodeId, { topics, subscribers = [] }: NodeMessageOf<'topics_joined'>): void {
    if (!this.#topics) return;
    for (const [place, topic] of topics.entries()) {
      const nodes = this.#nodes.get(topic) ?? new Map<NodeId, number>();
      this.#nodes.set(topic, nodes.set(node, subscribers[place] ?? 1));
    }
  }

  onLeft(node: NodeId, { topics }: NodeMessageOf<'topics_left'>): void {
    for (const topic of topics) this.#forget(node, topic);
  }

  onPublished({ topic, text }: NodeMessageOf<'published'>): void {
    this.#topics?.deliver(topic, Buffer.from(text));
  }

  #forget(node: NodeId, topic: string): void {
    const nodes = this.#nodes.get(topic);
    if (nodes?.delete(node) && nodes.size === 0) this.#nodes.delete(topic);
  }
}
