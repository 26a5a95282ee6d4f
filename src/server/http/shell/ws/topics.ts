/** Topic subscriptions, for {@link App.publish}. */

interface Subscriber {
  send(message: string | ArrayBuffer | Uint8Array, isBinary?: boolean): number;
}

export class Topics {
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #topics = new Map<Subscriber, Set<string>>();

  subscribe(topic: string, subscriber: Subscriber): boolean {
    setIn(this.#subscribers, topic).add(subscriber);
    setIn(this.#topics, subscriber).add(topic);
    return true;
  }

  /** @returns whether it was subscribed */
  unsubscribe(topic: string, subscriber: Subscriber): boolean {
    this.#topics.get(subscriber)?.delete(topic);
    const subscribers = this.#subscribers.get(topic);
    if (!subscribers?.delete(subscriber)) return false;
    if (subscribers.size === 0) this.#subscribers.delete(topic);
    return true;
  }

  left(subscriber: Subscriber): void {
    for (const topic of this.#topics.get(subscriber) ?? []) this.unsubscribe(topic, subscriber);
    this.#topics.delete(subscriber);
  }

  /** @returns whether there was any subscriber */
  publish(topic: string, message: string | ArrayBuffer | Uint8Array, isBinary = false): boolean {
    const subscribers = [...(this.#subscribers.get(topic) ?? [])];
    for (const subscriber of subscribers) subscriber.send(message, isBinary);
    return subscribers.length > 0;
  }
}

function setIn<Key, Value>(sets: Map<Key, Set<Value>>, key: Key): Set<Value> {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set);
  return set;
}
