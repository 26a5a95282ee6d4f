/** The topics' subscribers of other nodes: each node tells the others which topics it has subscribers of, and gets only those. */
import type { NodeMessageOf } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';
import type { TopicNodes, Topics } from '../signaling/topics/topics.ts';
import type { Links } from './links.ts';

/** How many topics go into one message. */
const TOPICS_PER_MESSAGE = 250;

export class RemoteTopics implements TopicNodes {
  /** Which nodes have subscribers, by topic. */
  readonly #nodes = new Map<string, Set<NodeId>>();
  readonly #links: Links;
  #topics: Topics | undefined;

  constructor(links: Links) {
    this.#links = links;
  }

  /** This node serves topics; one that does not passes over what others say of theirs. */
  serve(topics: Topics): void {
    this.#topics = topics;
    topics.joinNodes(this);
  }

  joined(topic: string): void {
    for (const node of this.#links.open) this.#links.send(node, { type: 'topics_joined', topics: [topic] });
  }

  left(topic: string): void {
    for (const node of this.#links.open) this.#links.send(node, { type: 'topics_left', topics: [topic] });
  }

  publish(topic: string, frame: Buffer): void {
    const nodes = this.#nodes.get(topic);
    if (!nodes) return;
    const text = frame.toString();
    for (const node of nodes) this.#links.send(node, { type: 'published', topic, text });
  }

  /** The link to a node is open: it knows nothing of us. */
  opened(node: NodeId): void {
    const topics = [...(this.#topics?.names ?? [])];
    for (let next = 0; next < topics.length; next += TOPICS_PER_MESSAGE)
      this.#links.send(node, {
        type: 'topics_joined',
        topics: topics.slice(next, next + TOPICS_PER_MESSAGE),
      });
  }

  lost(node: NodeId): void {
    for (const topic of [...this.#nodes.keys()]) this.#forget(node, topic);
  }

  onJoined(node: NodeId, { topics }: NodeMessageOf<'topics_joined'>): void {
    if (!this.#topics) return;
    for (const topic of topics) {
      const nodes = this.#nodes.get(topic) ?? new Set();
      this.#nodes.set(topic, nodes.add(node));
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
    if (!nodes?.delete(node) || nodes.size > 0) return;
    this.#nodes.delete(topic);
  }
}
