/**
 * Topics: whoever subscribes to one gets what anybody publishes to it, the publisher too. What is published is opaque.
 * The subscribers of other nodes are reached by a port, which is told how many there are here.
 */
import { AddressCount, AddressRate, shareOf } from '../../admission/address-limits.ts';

/** A client that subscribes. */
export interface Subscriber {
  /** Where it connected from, as limits count it. */
  readonly address: string;
  readonly topics: Set<string>;
  /** What brings it the frames of the topics that it has. */
  readonly carrier: TopicCarrier;
  subscribed(topic: string): void;
  unsubscribed(topic: string): void;
}

/** Brings a frame to many subscribers at once. */
export interface TopicCarrier {
  /** To each of its subscribers that has the topic. @param frame as it goes over their wire */
  publish(topic: string, frame: Buffer): void;
}

export interface TopicsDeps {
  /** Milliseconds of the server's clock. */
  readonly now: () => number;
  /** So many bytes go to subscribers, and may wait until they are read. */
  readonly sending: (bytes: number) => void;
}

/** The subscribers of other nodes. */
export interface TopicNodes {
  /** So many subscribers of this node are there now, one more or one less than before. */
  counted(topic: string, subscribers: number): void;
  /** About how many subscribers the other nodes have. */
  sizeOf(topic: string): number;
  publish(topic: string, frame: Buffer): void;
}

export interface TopicLimits {
  /** Topics of one client; 0: no limit, as for all of these. */
  readonly maxTopicsPerClient: number;
  /** Of all clients and topics together. */
  readonly maxSubscriptions: number;
  readonly maxSubscribersPerTopic: number;
  /** What the publishes of one address may come to a second, each counted for every subscriber, of other nodes too. */
  readonly maxDeliveredBytesPerSecond: number;
}

export type SubscribeVerdict = 'ok' | 'too_many_topics' | 'too_many_subscriptions' | 'topic_full';

export class Topics {
  /** By name. */
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  /** Bytes that are published, counted for every subscriber, by address. */
  readonly delivered: AddressRate;
  readonly #limits: TopicLimits;
  readonly #deps: TopicsDeps;
  /** How many subscriptions each has. */
  readonly #carriers = new Map<TopicCarrier, number>();
  #subscriptions = 0;
  readonly #ofAddress = new AddressCount();
  #nodes: TopicNodes | undefined;

  constructor(limits: TopicLimits, deps: TopicsDeps) {
    this.#limits = limits;
    this.#deps = deps;
    const { maxDeliveredBytesPerSecond: perSecond } = limits;
    this.delivered = new AddressRate(perSecond, perSecond);
  }

  /** From here on this server is one node of several. */
  joinNodes(nodes: TopicNodes): void {
    this.#nodes = nodes;
  }

  /** Of all clients together. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** How many subscribers it has here. */
  sizeOf(topic: string): number {
    return this.#subscribers.get(topic)?.size ?? 0;
  }

  subscribe(subscriber: Subscriber, topic: string): SubscribeVerdict {
    if (subscriber.topics.has(topic)) return 'ok';
    const { maxTopicsPerClient, maxSubscriptions, maxSubscribersPerTopic } = this.#limits;
    if (isOver(subscriber.topics.size, maxTopicsPerClient)) return 'too_many_topics';
    const { address } = subscriber;
    if (isOver(this.#subscriptions, maxSubscriptions)) return 'too_many_subscriptions';
    if (this.#ofAddress.of(address) >= shareOf(maxSubscriptions)) return 'too_many_subscriptions';
    const subscribers = this.#subscribers.get(topic) ?? new Set();
    if (isOver(subscribers.size, maxSubscribersPerTopic)) return 'topic_full';
    subscribers.add(subscriber);
    subscriber.topics.add(topic);
    this.#subscriptions += 1;
    this.#ofAddress.add(address);
    this.#subscribers.set(topic, subscribers);
    const { carrier } = subscriber;
    this.#carriers.set(carrier, (this.#carriers.get(carrier) ?? 0) + 1);
    subscriber.subscribed(topic);
    this.#nodes?.counted(topic, subscribers.size);
    return 'ok';
  }

  unsubscribe(subscriber: Subscriber, topic: string): void {
    if (!subscriber.topics.delete(topic)) return;
    this.#subscriptions -= 1;
    this.#ofAddress.remove(subscriber.address);
    const subscribers = this.#subscribers.get(topic);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.#subscribers.delete(topic);
    const { carrier } = subscriber;
    const left = (this.#carriers.get(carrier) ?? 0) - 1;
    if (left > 0) this.#carriers.set(carrier, left);
    else this.#carriers.delete(carrier);
    subscriber.unsubscribed(topic);
    this.#nodes?.counted(topic, this.sizeOf(topic));
  }

  /** A subscriber is gone. */
  leave(subscriber: Subscriber): void {
    for (const topic of [...subscriber.topics]) this.unsubscribe(subscriber, topic);
  }

  /**
   * @param address whose publish it is
   * @returns false when that address has published more than it may
   */
  publish(address: string, topic: string, frame: Buffer): boolean {
    const now = this.#deps.now();
    if (this.delivered.isExhausted(address, now)) return false;
    const size = this.sizeOf(topic) + (this.#nodes?.sizeOf(topic) ?? 0);
    if (size > 0) this.delivered.spend(address, now, size * frame.length);
    this.deliver(topic, frame);
    this.#nodes?.publish(topic, frame);
    return true;
  }

  /** To the subscribers of this node. */
  deliver(topic: string, frame: Buffer): void {
    const size = this.sizeOf(topic);
    if (size === 0) return;
    this.#deps.sending(size * frame.length);
    for (const carrier of this.#carriers.keys()) carrier.publish(topic, frame);
  }
}

const isOver = (count: number, max: number): boolean => max > 0 && count >= max;
