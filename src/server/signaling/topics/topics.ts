/**
 * Topics: every subscriber gets what anybody publishes to the topic, including the publisher. The content is opaque.
 * Subscribers of other nodes are reached through a port, which is told how many subscribers this node has.
 */
import { AddressCount, AddressRate, shareOf } from '../../admission/address-limits.ts';

/** A client that subscribes to topics. */
export interface Subscriber {
  /** Its address, as limits count it. */
  readonly address: string;
  readonly topics: Set<string>;
  /** Delivers the frames of its topics to it. */
  readonly carrier: TopicCarrier;
  subscribed(topic: string): void;
  unsubscribed(topic: string): void;
}

/** Sends a frame to many subscribers at once. */
export interface TopicCarrier {
  /**
   * Sends to each of its subscribers of the topic.
   * @param frame as it is sent on their wire
   */
  publish(topic: string, frame: Buffer): void;
}

export interface TopicsDeps {
  /** Milliseconds of the server's clock. */
  readonly now: () => number;
  /** Called when this many bytes are sent to subscribers, who may not read them at once. */
  readonly sending: (bytes: number) => void;
}

/** The subscribers of other nodes. */
export interface TopicNodes {
  /** The number of this node's subscribers changed by one, to the given number. */
  counted(topic: string, subscribers: number): void;
  /** About how many subscribers the other nodes have. */
  sizeOf(topic: string): number;
  publish(topic: string, frame: Buffer): void;
}

export interface TopicLimits {
  /** Topics of one client; 0: no limit, as for all of these. */
  readonly maxTopicsPerClient: number;
  /** For all clients and topics together. */
  readonly maxSubscriptions: number;
  readonly maxSubscribersPerTopic: number;
  /** Bytes per second that one address may publish, counted once per subscriber, including those of other nodes. */
  readonly maxDeliveredBytesPerSecond: number;
}

export type SubscribeVerdict = 'ok' | 'too_many_topics' | 'too_many_subscriptions' | 'topic_full';

export class Topics {
  /** By topic. */
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  /** Bytes published, counted once per subscriber, by the publisher's address. */
  readonly delivered: AddressRate;
  readonly #limits: TopicLimits;
  readonly #deps: TopicsDeps;
  /** How many subscriptions each carrier has. */
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

  /** Makes this server one node of a cluster. */
  joinNodes(nodes: TopicNodes): void {
    this.#nodes = nodes;
  }

  /** For all clients together. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** How many subscribers the topic has at this node. */
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
   * @param address of the publisher
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

  /** Delivers a frame to the subscribers of this node. */
  deliver(topic: string, frame: Buffer): void {
    const size = this.sizeOf(topic);
    if (size === 0) return;
    this.#deps.sending(size * frame.length);
    for (const carrier of this.#carriers.keys()) carrier.publish(topic, frame);
  }
}

const isOver = (count: number, max: number): boolean => max > 0 && count >= max;
